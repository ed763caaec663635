"""XED on the real files, and broken lines."""

import numpy as np
import pytest

from tests.tfds_builders import opened

pytestmark = pytest.mark.xdist_group("tf")


@pytest.mark.parametrize(("config", "lines"), [("english", 17528), ("finnish", 14449)])
def test_the_real_lines(data_dir, tmp_path, config, lines):
    folds = opened.examples(opened.builder("xed", data_dir("xed"), tmp_path, config))
    found = [e for examples in folds.values() for e in examples]
    # Lines of the files of commit 76666d25, by `wc -l`.
    assert len(found) == lines
    assert max(map(len, folds.values())) - min(map(len, folds.values())) <= 1
    if config == "english":
        # Counted by the str methods alone.
        counts = np.sum([e["multilabel"] for e in found], axis=0)
        assert counts.tolist() == [3828, 3400, 2317, 2439, 2833, 2464, 2442, 2699]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("\t1, 4", "\t9, 4", "label '9' is not one of 1 to 8"),
        ('Line "1"', 'Line "0"', "already in line 1"),
        ("\t1, 4", "", "1 cells, expected 2"),
    ],
)
def test_broken_lines_are_named(tmp_path, before, after, why):
    raw = opened.dummy("xed", tmp_path / "raw")
    path = raw / "en-annotated.tsv"
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ValueError, match=why):
        opened.examples(opened.builder("xed", raw, tmp_path))
