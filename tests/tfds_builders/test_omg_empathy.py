"""OMG-Empathy: the real traces in the official layout, splits by story, broken files."""

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders.omg_empathy import omg_empathy_dataset_builder as omg

pytestmark = pytest.mark.xdist_group("tf")


def test_the_real_traces(data_dir, tmp_path):
    """The traces are here as arrays; two stories of them are written back as official files."""
    with np.load(data_dir("omg_empathy_valence") / "valence.npz") as file:
        traces = {name: file[name] for name in file.files}
    # ../shared/specs: 633,850 rows a side, 4,700 to 11,925 a file.
    for side in omg.SIDES.values():
        lengths = [len(t) for name, t in traces.items() if name.startswith(side)]
        assert (len(lengths), sum(lengths)) == (80, 633850)
        assert (min(lengths), max(lengths)) == (4700, 11925)
    raw = opened.dummy("omg_empathy", tmp_path / "raw")
    for name, values in traces.items():
        if name.endswith(("Story_1", "Story_8")):
            text = "\n".join(map(repr, values.tolist()))
            (raw / "Annotations" / f"{name}.csv").write_text(f"valence\n{text}\n")
    splits = opened.examples(opened.builder("omg_empathy", raw, tmp_path))
    for story in (1, 8):
        for example in splits[f"story{story}"]:
            name = example["clip_id"].decode()
            for key, side in omg.SIDES.items():
                np.testing.assert_array_equal(example[key][:, 0], traces[f"{side}/{name}"])


def test_stories_of_a_fold_are_apart():
    parts = {k: v.split("+") for k, v in omg.folds((2, 3)).items()}
    assert sorted(story for part in parts.values() for story in part) == [
        f"story{s}" for s in omg.STORIES
    ]
    assert parts["test"] == ["story2", "story3"]
    for bad in ((), (1,), (9,), (2, 3, 4, 5, 6, 7, 8)):
        with pytest.raises(ValueError, match="stories 2 to 8 can test"):
            omg.folds(bad)


def test_broken_annotations_are_named(tmp_path):
    raw = opened.dummy("omg_empathy", tmp_path / "raw")
    path = raw / "Annotations/SelfAnnotations/Subject_1_Story_1.csv"
    for text, why in (
        ("arousal\n0.1\n", "not the head line 'valence'"),
        ("valence\n0.1\n1.5\n", "line 3: '1.5' is not a valence"),
        ("valence\nhigh\n", "line 2: 'high' is not a valence"),
        ("valence\n0.1\n", "the sides differ in length"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=why):
            opened.examples(opened.builder("omg_empathy", raw, tmp_path))
    path.unlink()
    with pytest.raises(FileNotFoundError, match="lacks 1 of 240"):
        opened.examples(opened.builder("omg_empathy", raw, tmp_path))
