"""DFEW, MAFW, MELD, IEMOCAP, Aff-Wild2 on dummies: folds, labels, broken lists, broken media."""

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders import left_out
from tfds_builders.aff_wild2 import aff_wild2_dataset_builder as affwild
from tfds_builders.dfew import dfew_dataset_builder as dfew
from tfds_builders.iemocap import iemocap_dataset_builder as iemocap
from tfds_builders.iemocap import turns
from tfds_builders.mafw import mafw_dataset_builder as mafw
from tfds_builders.meld import meld_dataset_builder as meld

pytestmark = pytest.mark.xdist_group("tf")


def _read(name, raw, tmp_path, config="", **options):
    return opened.examples(opened.builder(name, raw, tmp_path, config, **options))


def _replace(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.mark.parametrize(("name", "module"), [("dfew", dfew), ("mafw", mafw)])
def test_folds_test_each_clip_once_and_train_on_the_rest(tmp_path, name, module):
    raw = opened.dummy(name, tmp_path / "raw")
    splits = _read(name, raw, tmp_path)
    tested = [e["clip_id"] for fold in splits.values() for e in fold]
    assert len(tested) == len(set(tested)) == 15
    assert module.folds(1)["train"] == "fold2+fold3+fold4+fold5"
    with pytest.raises(ValueError, match="folds 1 to 5"):
        module.folds(0)


def test_dfew_numbers_emotions_from_one(tmp_path):
    raw = opened.dummy("dfew", tmp_path / "raw")
    clips = {e["clip_id"]: e for f in _read("dfew", raw, tmp_path).values() for e in f}
    # Jiang et al. 2020: 1 happy, 2 sad, 3 neutral, 4 angry, 5 surprise, 6 disgust, 7 fear.
    assert dfew.EMOTIONS[clips[b"00003"]["emotion"]] == "anger"  # the list says 4
    assert len(clips[b"00003"]["frames"]) == 3
    lists = raw / "EmoLabel_DataSplit/train(single-labeled)"
    for before, after, why in (
        ("video_name,label", "video,label", "another version"),
        ("\n2,3\n", "\n2,8\n", "label 8 is not between 1 and 7"),
        ("\n2,8\n", "\n", "fold 1 does not train on exactly"),
    ):
        _replace(lists / "set_1.csv", before, after)
        with pytest.raises(ValueError, match=why):
            _read("dfew", raw, tmp_path, "labels")
        if before == "video_name,label":
            _replace(lists / "set_1.csv", after, before)


def test_damaged_and_missing_frames_are_named(tmp_path):
    raw = opened.dummy("dfew", tmp_path / "raw")
    folder = raw / "Clip/clip_224x224/00001"
    (folder / "2.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match=r"00001: .*2\.jpg.*damaged"):
        _read("dfew", raw, tmp_path)
    (folder / "2.jpg").rename(folder / "two.jpg")
    with pytest.raises(ValueError, match=r"two\.jpg.* are not numbered"):
        _read("dfew", raw, tmp_path)
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(ValueError, match=r"holds no \.jpg"):
        _read("dfew", raw, tmp_path)
    assert sum(map(len, _read("dfew", raw, tmp_path, allow_damaged=["00001"]).values())) == 14


def test_mafw_lists_are_checked(tmp_path):
    raw = opened.dummy("mafw", tmp_path / "raw")
    path = raw / mafw.LISTS / "set_2/test.txt"
    for before, after, why in (
        ("00002.mp4", "00001.mp4", "tested twice, such as 00001"),
        ("00001.mp4", "00002.avi", "is not a clip such as"),
        ("00002.avi fear", "00002.mp4 joy", "'joy' is not one of anger"),
    ):
        text = path.read_text()
        path.write_text(text.replace(before, after) if before in text else f"{after}\n")
        with pytest.raises(ValueError, match=why):
            _read("mafw", raw, tmp_path, "labels")


def test_meld_reads_times_and_sound(tmp_path):
    raw = opened.dummy("meld", tmp_path / "raw")
    train = _read("meld", raw, tmp_path, "audio")["train"]
    assert [meld.EMOTIONS[e["emotion"]] for e in train] == list(meld.EMOTIONS)
    # The authors' README: neutral 0, surprise 1, fear 2, sadness 3, joy 4, disgust 5, anger 6.
    assert (meld.EMOTIONS.index("joy"), meld.EMOTIONS.index("anger")) == (4, 6)
    assert train[0]["text"] == b'Well, "0".'
    assert train[0]["start"] == np.float32(16 * 60 + 16.059)
    assert len(train[0]["audio"]) == 4000
    (raw / "train_splits/dia0_utt1.mp4").write_bytes(b"not a film")
    with pytest.raises(ValueError, match="dia0_utt1"):
        _read("meld", raw, tmp_path, "audio")
    (raw / "train_splits/dia0_utt1.mp4").unlink()
    with pytest.raises(ValueError, match="is not there"):
        _read("meld", raw, tmp_path, "audio")
    assert len(_read("meld", raw, tmp_path, "audio", allow_damaged=["dia0_utt1"])["train"]) == 6


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("00:16:16,059", "16 min", "is no time such as"),
        (",neutral,", ",calm,", "'calm' is not one of"),
        (",0,1,8,21", ",0,0,8,21", "is already in"),
        ("Utterance_ID,Season", "Season", "another version"),
    ],
)
def test_meld_tables_are_checked(tmp_path, before, after, why):
    raw = opened.dummy("meld", tmp_path / "raw")
    _replace(raw / "train_sent_emo.csv", before, after)
    with pytest.raises(ValueError, match=why):
        _read("meld", raw, tmp_path)


def test_iemocap_joins_excitement_and_leaves_the_undecided_out(tmp_path):
    raw = opened.dummy("iemocap", tmp_path / "raw")
    four = _read("iemocap", raw, tmp_path, "four_labels")
    nine = _read("iemocap", raw, tmp_path, "nine")
    assert [len(s) for s in four.values()] == [5] * 5  # ang hap exc neu sad
    assert [len(s) for s in nine.values()] == [9] * 5
    first = four["session2"][0]
    np.testing.assert_allclose(first["vad"], [-0.25, -1, 1])  # 2.5, 1, 5 of 1..5
    assert (first["start"], first["end"], first["improvised"]) == (0.5, 1.25, 1)
    people = [{int(e["subject"]) for e in s} for s in four.values()]
    assert people == [{2 * s - 1, 2 * s} for s in range(1, 6)]
    assert {p for part in iemocap.folds(3).values() for p in part.split("+")} == set(four)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("\tang\t", "\tmad\t", "line 3: emotion 'mad' is not one of ang"),
        ("[2.5000, 1.0000", "[2.5000, 7.0000", "line 3: .* lie outside 1 to 5"),
        ("\t[2.5000, 1.0000, 5.0000]", "", r"line 3: .* is not \[start - end\]"),
        ("Ses01F_impro01_M001", "Ses01F_impro01_F000", "line 7: .* twice or out of place"),
        ("Ses01F_impro01_F000", "Ses02F_impro01_F000", "line 3: .* twice or out of place"),
    ],
)
def test_iemocap_lines_are_checked(tmp_path, before, after, why):
    raw = opened.dummy("iemocap", tmp_path / "raw")
    _replace(raw / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", before, after)
    with pytest.raises(ValueError, match=why):
        turns.of_session(raw, 1)


def test_iemocap_says_where_a_mean_beyond_the_scale_was_cut(tmp_path, capsys):
    raw = opened.dummy("iemocap", tmp_path / "raw")
    _replace(raw / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", "1.0000, 5.0", "0.5, 5.0")
    assert turns.of_session(raw, 1)[0].vad[1] == -1
    assert "stored as the scale's end: Ses01F_impro01_F000" in capsys.readouterr().out


def test_aff_wild2_leaves_out_what_is_not_annotated_or_has_no_face(tmp_path, capsys):
    raw = opened.dummy("aff_wild2", tmp_path / "raw")
    va = _read("aff_wild2", raw, tmp_path, "va")
    assert [int(e["frame"]) for e in va["train"]] == [1, 3, 5] * 2  # 2 is -5, 4 has no face
    np.testing.assert_allclose(va["train"][0]["vad"], [0.5, -0.25, np.nan])
    assert "3 annotated frames have no face" in capsys.readouterr().out
    expr = _read("aff_wild2", raw, tmp_path, "expr")["validation"]
    assert [affwild.AFFWILD8.names[e["emotion"]] for e in expr] == ["neutral", "other", "surprise"]
    units = _read("aff_wild2", raw, tmp_path, "au")["train"][0]["action_units"]
    assert units.tolist() == [0, 1] * 6
    face = raw / "cropped_aligned/1/00003.jpg"
    face.write_bytes(face.read_bytes()[:40])
    with pytest.raises(ValueError, match=r"1/00003\.jpg: is damaged .*allow_damaged=\['1/00003'"):
        _read("aff_wild2", raw, tmp_path, "va")
    with left_out.recorded() as told:
        va = _read("aff_wild2", raw, tmp_path, "va", allow_damaged=("1/00003",))
    assert [int(e["frame"]) for e in va["train"]] == [1, 5, 1, 3, 5]
    assert told["1/00003"].startswith("is damaged")


@pytest.mark.parametrize(
    ("track", "before", "after", "why"),
    [
        ("va", "valence,arousal", "arousal,valence", "line 1: .*another track"),
        ("va", "0.5,-0.25", "1.5,0", "line 2: .* is no annotation of the track va"),
        ("va", "0.5,-0.25", "high,0", "line 2: .* holds what is no number"),
        ("expr", "\n7\n", "\n8\n", "line 4: '8' is no annotation"),
        ("expr", ",Other", "", "line 4: '7' is no annotation"),
        ("au", "\n1,1", "\n2,1", "is no annotation of the track au"),
    ],
)
def test_aff_wild2_lines_are_checked(tmp_path, track, before, after, why):
    raw = opened.dummy("aff_wild2", tmp_path / "raw")
    config = next(c for c in affwild.Builder.BUILDER_CONFIGS if c.track == track)
    path = raw / config.folders[0] / "Train_Set/1.txt"
    _replace(path, before, after)
    with pytest.raises(ValueError, match=why):
        list(affwild.frames_of(path, track))


def test_aff_wild2_refuses_a_video_in_both_splits(tmp_path):
    raw = opened.dummy("aff_wild2", tmp_path / "raw")
    folder = raw / "VA_Estimation_Challenge"
    (folder / "Train_Set/2_left.txt").rename(folder / "Validation_Set/1_right.txt")
    with pytest.raises(ValueError, match="1 are in train and validation"):
        _read("aff_wild2", raw, tmp_path, "va")
