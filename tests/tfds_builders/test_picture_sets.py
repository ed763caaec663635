"""AffectNet, RAF-DB, CAER-S, FI, EmoSet, EMOTIC on dummies: labels, splits, damaged files."""

import json

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders.affectnet import affectnet_dataset_builder as affectnet
from tfds_builders.emoset import emoset_dataset_builder as emoset
from tfds_builders.emotic import annotations

pytestmark = pytest.mark.xdist_group("tf")


def _read(name, raw, tmp_path, config="", **options):
    return opened.examples(opened.builder(name, raw, tmp_path, config, **options))


def _replace(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_affectnet_reads_text_or_numbers_and_seven_leaves_contempt_out(tmp_path):
    raw = opened.dummy("affectnet", tmp_path / "raw")
    train = _read("affectnet", raw, tmp_path)["train"]
    assert [int(e["emotion"]) for e in train] == 2 * list(range(8))
    np.testing.assert_allclose(train[1]["vad"], [-0.875, 0.875, np.nan])
    np.testing.assert_allclose(train[0]["landmarks"][0], [1 / 16, (1 + 14 / 135) / 16], rtol=1e-5)
    assert train[2]["clip_id"] == b"train_set/14"
    np.save(raw / "train_set/annotations/0_exp.npy", np.int64(3))
    seven = _read("affectnet", raw, tmp_path, "seven")["train"]
    assert [int(e["emotion"]) for e in seven][:3] == [3, 1, 2]
    assert len(seven) == 14


def test_affectnet_lists_damaged_annotations(tmp_path):
    raw = opened.dummy("affectnet", tmp_path / "raw")
    notes = raw / "val_set/annotations"
    np.save(notes / "0_val.npy", -2.0)
    (notes / "7_lnd.npy").unlink()
    (notes / "14_exp.npy").write_bytes((notes / "14_exp.npy").read_bytes()[:40])
    np.save(notes / "21_lnd.npy", np.zeros(10))
    with pytest.raises(ValueError, match="4 damaged files") as error:
        _read("affectnet", raw, tmp_path)
    for why in ("the older release", "7_lnd.npy is absent", "14_exp.npy is absent or", "not 136"):
        assert why in str(error.value)
    (raw / "val_set/images/x.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"x\.jpg.*expected <number>"):
        affectnet.faces(raw / "val_set")


def test_raf_db_counts_from_one_in_the_order_of_the_list(tmp_path):
    raw = opened.dummy("raf_db", tmp_path / "raw")
    splits = _read("raf_db", raw, tmp_path)
    assert {k: len(v) for k, v in splits.items()} == {"train": 14, "test": 14}
    # Li et al. 2017: 1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral.
    names = opened.module("raf_db").EMOTIONS
    assert names[splits["train"][3]["emotion"]] == "happiness"
    list_ = raw / "EmoLabel/list_patition_label.txt"
    for before, after, why in (
        ("train_00001.jpg 1", "train_00001.jpg 8", "label 8 is not between 1 and 7"),
        ("train_00001.jpg 8", "valid_00001.jpg 1", "not train_... or test_"),
        ("valid_00001.jpg 1", "train_00002.jpg 1", "already in line 1"),
        ("train_00002.jpg 1\n", "train_00099.jpg 1\n", "is not there"),
    ):
        _replace(list_, before, after)
        with pytest.raises(ValueError, match=why):
            _read("raf_db", raw, tmp_path)


def test_caer_s_folders_are_classes_and_nothing_else(tmp_path):
    raw = opened.dummy("caer_s", tmp_path / "raw")
    splits = _read("caer_s", raw, tmp_path)
    happy = [e for e in splits["test"] if b"/Happy/" in e["clip_id"]]
    assert {opened.module("caer_s").EMOTIONS[e["emotion"]] for e in happy} == {"happiness"}
    (raw / "train/Anger/notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        _read("caer_s", raw, tmp_path)
    (raw / "train/Anger/notes.txt").unlink()
    (raw / "test/Contempt").mkdir()
    with pytest.raises(ValueError, match="no class: Contempt"):
        _read("caer_s", raw, tmp_path)
    (raw / "test/Contempt").rmdir()
    whole = raw / "test/Fear/fear_0000.png"
    whole.write_bytes(whole.read_bytes()[:60])
    with pytest.raises(ValueError, match="1 damaged files"):
        _read("caer_s", raw, tmp_path)
    left = _read("caer_s", raw, tmp_path, allow_damaged=["fear_0000"])
    assert len(left["test"]) == 20


def test_fi_keeps_a_picture_in_its_split_when_others_go(tmp_path):
    raw = opened.dummy("fi", tmp_path / "raw")
    before = _read("fi", raw, tmp_path)
    where = {e["clip_id"]: split for split, found in before.items() for e in found}
    assert len(where) == 40
    (raw / "awe/awe_0000.jpg").unlink()
    after = _read("fi", raw, tmp_path)
    for split, found in after.items():
        assert all(where[e["clip_id"]] == split for e in found)


def test_emoset_tells_absent_attributes_apart(tmp_path):
    raw = opened.dummy("emoset", tmp_path / "raw")
    plain, rich = _read("emoset", raw, tmp_path)["train"][:2]
    assert (plain["brightness"], plain["scene"], len(plain["objects"])) == (-1, b"", 0)
    assert rich["brightness"] == np.float32(0.3)
    assert (rich["human_action"], list(rich["objects"])) == (b"boxing", [b"Dog", b"Ball"])


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('[["amusement"', '[["joy"', "'joy' is not one of amusement, awe"),
        ('"image/amusement', '"../other', "leads outside"),
        ("amusement_train1", "amusement_train0", "'amusement_train0' is there twice"),
        ("]]", "]", "no JSON, perhaps cut off"),
    ],
)
def test_emoset_refuses_broken_lists(tmp_path, before, after, why):
    raw = opened.dummy("emoset", tmp_path / "raw")
    _replace(raw / "train.json", before, after)
    with pytest.raises(ValueError, match=why):
        emoset.items(raw / "train.json")


def test_emoset_refuses_broken_annotations(tmp_path):
    path = tmp_path / "a.json"
    for told, why in (({"brightness": 7}, "not in"), ({"object": 3}, "damaged"), ("x", "damaged")):
        path.write_text(json.dumps(told))
        with pytest.raises(ValueError, match=why):
            emoset.attributes(path)


def test_emotic_keeps_people_with_ratings_and_counts_raters(tmp_path):
    raw = opened.dummy("emotic", tmp_path / "raw")
    splits = _read("emotic", raw, tmp_path, "people_demographics")
    # Three scenes of one, two and one people; one of train has a NaN.
    assert {k: len(v) for k, v in splits.items()} == {"train": 3, "validation": 4, "test": 4}
    first = splits["train"][0]
    np.testing.assert_allclose(first["vad"], [-1, -1 / 9, 1], atol=1e-6)  # 1, 5, 10 of 1..10
    np.testing.assert_allclose(first["box"], [0, 1 / 16, 10 / 16, 15 / 16])
    names = annotations.EMOTIC26.names
    held = splits["test"][0]
    assert {names[i] for i in np.flatnonzero(held["multilabel"])} == {
        "affection",
        "engagement",
        "doubt/confusion",
    }
    assert held["votes"][names.index("engagement")] == held["raters"] == 2
    assert (held["gender"], held["age"]) == (b"Female", b"Adult")


def test_emotic_refuses_a_damaged_file_and_another_version(tmp_path):
    raw = opened.dummy("emotic", tmp_path / "raw")
    mat = raw / "Annotations/Annotations.mat"
    with pytest.raises(ValueError, match="lacks extra"):
        annotations.read(mat, ("train", "extra"))
    data = mat.read_bytes()
    mat.write_bytes(data.replace(b"mscoco/images", b"../coco/image", 1))
    with pytest.raises(ValueError, match="leads outside"):
        annotations.read(mat, ("train", "val", "test"))
    mat.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="damaged or no MAT file"):
        annotations.read(mat, ("train",))
