"""GoEmotions: names in order, several labels, counts of raters, the real splits."""

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders.goemotions import goemotions_dataset_builder as goemotions

pytestmark = pytest.mark.xdist_group("tf")


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("train.tsv", "\t0\ttrain0", "\t28\ttrain0", "line 1: label '28' is not one of 0 to 27"),
        ("train.tsv", "\t0\ttrain0", "\tjoy\ttrain0", "label 'joy'"),
        ("train.tsv", "\ttrain0\n", "\ttrain1\n", "'train1' is already in line 1"),
        ("dev.tsv", "\t0\tdev0", "\t0", "line 1: 2 cells, expected 3"),
        ("emotions.txt", "amusement\nanger", "anger\namusement", "number 1 is .'anger'"),
        ("emotions.txt", "\nneutral", "", "27 names"),
        ("full_dataset/goemotions_2.csv", ",False,", ",no,", "'no' is not one of False, True"),
        ("full_dataset/goemotions_3.csv", "rater_id,", "rater,", "another version"),
    ],
)
def test_broken_files_are_named(tmp_path, file, before, after, why):
    raw = opened.dummy("goemotions", tmp_path / "raw")
    text = (raw / file).read_text()
    assert before in text
    (raw / file).write_text(text.replace(before, after, 1))
    with pytest.raises(ValueError, match=why):
        opened.builder("goemotions", raw, tmp_path, "raters").download_and_prepare()


def test_every_rater_counts_once_for_each_emotion_chosen(tmp_path):
    raw = opened.dummy("goemotions", tmp_path / "raw")
    train = opened.examples(opened.builder("goemotions", raw, tmp_path, "raters"))["train"]
    third = train[3]  # labels 3 and 9 by two raters each, neutral by one
    assert third["votes"][[3, 9, 27]].tolist() == [2, 2, 1]
    assert third["votes"].sum() == 5
    assert (third["raters"], third["unclear"]) == (3, 0)
    np.testing.assert_array_equal(third["multilabel"], third["votes"] == 2)
    (raw / "full_dataset/goemotions_1.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"goemotions_1\.csv"):
        opened.builder("goemotions", raw, tmp_path, "raters").download_and_prepare()


def test_the_real_comments(data_dir, tmp_path):
    splits = opened.examples(opened.builder("goemotions", data_dir("goemotions"), tmp_path))
    # The authors' README: 43,410 / 5,426 / 5,427.
    assert [len(splits[s]) for s in ("train", "validation", "test")] == [43410, 5426, 5427]
    labels = np.stack([e["multilabel"] for examples in splits.values() for e in examples])
    # Demszky et al. 2020: 83 % with a single label, 15 % with two, 2 % with three.
    shares = np.bincount(labels.sum(1).astype(int), minlength=4)[1:4] / len(labels)
    np.testing.assert_allclose(shares, [0.83, 0.15, 0.02], atol=0.01)
    counts = dict(zip(goemotions.EMOTIONS, labels.sum(0), strict=True))
    # Admiration is the most frequent emotion, grief the rarest (their figure of frequencies).
    del counts["neutral"]
    assert (max(counts, key=counts.get), min(counts, key=counts.get)) == ("admiration", "grief")
