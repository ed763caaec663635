"""Apache Beam's DirectRunner builds the same examples as one loop does."""

import pytest

from affectjax.data import source
from tests.tfds_builders import opened

pytestmark = pytest.mark.xdist_group("tf")


def test_beam_stores_what_one_loop_stores(tmp_path):
    pytest.importorskip("apache_beam", reason="the extra beam is not installed")
    raw = opened.dummy("affectnet", tmp_path / "raw")
    built = source.prepare(opened.builder("affectnet", raw, tmp_path, "seven", beam=1))
    assert "options-" not in str(built.data_path)  # how it was made is no other data
    plain = opened.examples(opened.builder("affectnet", raw, tmp_path, "seven"))
    for split, wanted in plain.items():
        found = {e["clip_id"]: e for e in source.split(built, split)}
        assert found.keys() == {e["clip_id"] for e in wanted}
        for example in wanted:
            stored = found[example["clip_id"]]
            assert (stored["face"], stored["emotion"]) == (example["face"], example["emotion"])
            assert stored["landmarks"].tolist() == example["landmarks"].tolist()


@pytest.mark.parametrize(
    "name", ["aff_wild2", "artemis", "emoart", "emoset", "lamem", "omg_empathy", "voxceleb2"]
)
def test_what_beam_is_given_can_be_sent_to_other_processes(name, tmp_path):
    beam = pytest.importorskip("apache_beam", reason="the extra beam is not installed")
    raw = opened.dummy(name, tmp_path / "raw")
    builder = opened.builder(name, raw, tmp_path, beam=2)
    for steps in builder._split_generators(None).values():
        assert isinstance(steps, beam.PTransform)
        sent = beam.internal.pickler.loads(beam.internal.pickler.dumps(steps))
        create, make = sent._parts
        name, example = next(make.fn.process(create.values[0]))
        assert example["clip_id"] == name.encode()
