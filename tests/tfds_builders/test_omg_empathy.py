"""OMG-Empathy: the real traces in the official layout, splits by story, broken files."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.tfds_builders import opened
from tfds_builders import media
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


def test_films_are_parted_and_must_fit_their_traces(tmp_path):
    raw = opened.dummy("omg_empathy", tmp_path / "raw")
    path = omg.film_of(raw, 1, 3)
    assert path == raw / "OMG_Empathy2019_testSet/Videos/Subject_1_Story_3.mp4"
    _, told = next(omg.example(str(raw), True, (1, 3)))
    assert told["trace_rate"] == 30  # draw_film's
    assert len(told["frames"]) == len(told["frames_speaker"]) == 4  # 20 pictures at 30 Hz
    for key, width in (("frames_speaker", 54), ("frames", 74)):
        with Image.open(io.BytesIO(told[key][0])) as half:
            assert half.size == (width, 36)
    media.draw_film(path, 3, codec="mpeg4", frames=60, sound=True, size=(128, 36))
    with pytest.raises(ValueError, match=r"Story_3\.mp4: holds 60 pictures at 30 Hz.* 20 values"):
        opened.examples(opened.builder("omg_empathy", raw, tmp_path, "films"))
    left = opened.builder("omg_empathy", raw, tmp_path, "films", allow_damaged=(path.stem,))
    assert left._split_generators(None).keys() == {f"story{s}" for s in omg.STORIES}


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
