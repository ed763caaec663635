"""FERV39k, RAER, MER2023, AVCAffe, VoxCeleb2, MSP-IMPROV, MSP-Podcast on dummies."""

import numpy as np
import pytest

from affectjax.data import source
from tests.tfds_builders import opened
from tfds_builders import faces
from tfds_builders.avcaffe import avcaffe_dataset_builder as avcaffe
from tfds_builders.ferv39k import ferv39k_dataset_builder as ferv
from tfds_builders.mer2023 import mer2023_dataset_builder as mer
from tfds_builders.msp_improv import evaluations
from tfds_builders.msp_improv import msp_improv_dataset_builder as improv
from tfds_builders.msp_podcast import msp_podcast_dataset_builder as podcast
from tfds_builders.raer import raer_dataset_builder as raer
from tfds_builders.voxceleb2 import voxceleb2_dataset_builder as vox

pytestmark = pytest.mark.xdist_group("tf")


def _read(name, raw, tmp_path, config="", **options):
    return opened.examples(opened.builder(name, raw, tmp_path, config, **options))


def _replace(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.fixture(scope="module")
def avcaffe_raw(tmp_path_factory):
    return opened.dummy("avcaffe", tmp_path_factory.mktemp("avcaffe") / "raw")


def test_ferv39k_folders_agree_with_labels(tmp_path):
    raw = opened.dummy("ferv39k", tmp_path / "raw")
    splits = _read("ferv39k", raw, tmp_path)
    assert [ferv.EMOTIONS[e["emotion"]] for e in splits["test"]] == list(ferv.EMOTIONS)
    assert splits["train"][3]["clip_id"] == b"Daily/Angry/0003"
    path = raw / ferv.LISTS / "train_All.csv"
    for before, after, why in (
        ("Sad/0001 Sad", "Sad/0001 Happy", "Daily/Sad/0001 is labelled Happy"),
        ("Sad/0001 Happy", "Sad/0001 Calm", "'Calm' is not one of Happy"),
        ("Daily/Sad/0001 Calm", "../Sad/0001 Sad", "is not <scene>/<emotion>/<number>"),
        ("../Sad/0001 Sad", "Action/Happy/0010 Happy", "1 clips train and test"),
    ):
        _replace(path, before, after)
        with pytest.raises(ValueError, match=why):
            _read("ferv39k", raw, tmp_path, "labels")


def test_raer_boxes_are_shares_and_nan_where_there_is_none(tmp_path):
    raw = opened.dummy("raer", tmp_path / "raw")
    train = _read("raer", raw, tmp_path)["train"]
    assert [raer.EMOTIONS[e["emotion"]] for e in train] == list(raer.EMOTIONS)
    np.testing.assert_allclose(train[0]["face_boxes"][0], [2 / 16, 2 / 16, 10.5 / 16, 12 / 16])
    assert np.isnan(train[0]["face_boxes"][1]).all()
    assert np.isnan(train[0]["body_box"]).all()
    np.testing.assert_allclose(train[1]["body_box"], [0, 1 / 16, 1, 1])  # cut at the border
    with pytest.raises(ValueError, match=r"boxes of x: \[5, 5, 5, 9\] has no area"):
        raer.shares([5, 5, 5, 9], (16, 16), "boxes of x")


def test_raer_lists_of_another_machine_need_their_prefix(tmp_path):
    raw = opened.dummy("raer", tmp_path / "raw")
    path = raw / raer.LISTS["test"]
    whole = path.read_text()
    path.write_text(whole.replace("frames/", "/media/disk/frames/"))
    with pytest.raises(ValueError, match=r"path of another machine; build with prefix="):
        _read("raer", raw, tmp_path)
    found = raer.clips(raw, path, "/media/disk/")
    assert found[0].path == raw / "frames/test/0000"
    for after, why in (
        ("frames/test/0000 4 1", "3 frames, its list says 4"),
        ("frames/test/0000 3 6", "label 6 is not between 1 and 5"),
        ("frames/train/0000 3 1", "frames/train/0000 trains and tests"),
        ("../x 3 1", "leads outside"),
    ):
        path.write_text(whole.replace("frames/test/0000 3 1", after))
        with pytest.raises(ValueError, match=why):
            _read("raer", raw, tmp_path)
    path.write_text(whole)
    (raw / raer.FACES).write_text("{")
    with pytest.raises(ValueError, match=r"face_detection_result\.json is no JSON"):
        _read("raer", raw, tmp_path)


def test_mer2023_has_no_valence_in_semi_and_follows_faces(tmp_path):
    raw = opened.dummy("mer2023", tmp_path / "raw")
    splits = _read("mer2023", raw, tmp_path)
    np.testing.assert_allclose(splits["train"][0]["vad"], [-1, np.nan, np.nan])  # -5 of -5..5
    assert np.isnan(splits["semi"][0]["vad"]).all()
    # The organisers' order: neutral angry happy sad worried surprise.
    assert [mer.EMOTIONS[e["emotion"]] for e in splits["multi"]][4] == "worried"
    for before, after, why in (
        (",worried,", ",fear,", "discrete 'fear' is not one of neutral"),
        (",-5\n", ",-6\n", "valence -6 is not between -5 and 5"),
        ("name,discrete,valence", "name,discrete,valence,arousal", "with 'arousal'"),
        ("sample_00001,", "sample_00000,", "is already in line 2"),
        ("sample_00000,", "sample_10000,", "sample_10000 is in"),
    ):
        whole = (raw / "train-label.csv").read_text()
        _replace(raw / "train-label.csv", before, after)
        with pytest.raises(ValueError, match=why):
            _read("mer2023", raw, tmp_path)
        (raw / "train-label.csv").write_text(whole)


def test_mer2023_refuses_damaged_films_and_films_without_a_face(tmp_path):
    raw = opened.dummy("mer2023", tmp_path / "raw")
    film = raw / "train/sample_00000.mp4"
    with pytest.raises(ValueError, match=r"sample_00000\.mp4 shows no face"):
        faces.of_film(film, 25.0, 32, lambda picture: [])
    found, seen = faces.of_film(film, 10.0, 32, mer.DUMMY_OPTIONS["detect"])
    assert (len(found), all(seen)) == (5, True)
    film.write_bytes(film.read_bytes()[:900])
    (raw / "test1/sample_10000.mp4").unlink()
    (raw / "test2/sample_20000.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match="3 damaged files") as error:
        _read("mer2023", raw, tmp_path, "audio")
    for why in ("not a whole media file", "is not there", "is empty"):
        assert why in str(error.value)


def test_avcaffe_keeps_participants_apart_and_leaves_the_silent_out(avcaffe_raw, tmp_path, capsys):
    splits = _read("avcaffe", avcaffe_raw, tmp_path, "valence")
    assert {k: len(v) for k, v in splits.items()} == {"train": 6, "validation": 4}
    assert {int(e["subject"]) for e in splits["validation"]} == {1}
    assert "2 segments without speech" in capsys.readouterr().out
    first = splits["validation"][0]
    # aiim001, task 1 is rated "Pleased", the second word of the authors' loader.
    assert (first["emotion"], first["task"], first["effort"]) == (1, b"aiim001_task_1", 1)
    assert 8000 <= len(first["audio"]) <= 8000 + 2 * 1024  # half a second, in AAC's frames


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("valence", "Pleased", "Joyful", "'Joyful' is not one of Pleasant"),
        ("effort", "aiim001_task_1, 1", "aiim001_task_1, 22", "effort 22 is not between 0 and 21"),
        ("effort", "aiim001_task_1", "aiim001-1", "is not such as aiim001_task_1"),
        ("effort", "aiim001_task_1, 1\n", "", "aiim001_task_1 is in it, or in valence.txt, alone"),
    ],
)
def test_avcaffe_lines_are_checked(tmp_path, file, before, after, why):
    for name in ("valence", *avcaffe.LOADS):
        path = tmp_path / avcaffe.TRUTHS / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        value = "Pleased" if name == "valence" else "1"
        path.write_text(f"aiim001_task_1, {value}\naiim002_task_1, {value}\n")
    _replace(tmp_path / avcaffe.TRUTHS / f"{file}.txt", before, after)
    with pytest.raises(ValueError, match=why):
        avcaffe.labels(tmp_path, "valence")


def test_voxceleb2_crops_strides_and_names_damaged_clips(tmp_path):
    raw = opened.dummy("voxceleb2", tmp_path / "raw")
    every = _read("voxceleb2", raw, tmp_path)["train"]
    fourth = _read("voxceleb2", raw, tmp_path, "stride4")["train"]
    assert [int(e["subject"]) for e in every] == [12, 12, 345, 345]
    # A fifth of a second: five frames at 25 Hz.
    assert (len(every[0]["frames"]), len(fourth[0]["frames"]), fourth[0]["fps"]) == (5, 2, 6.25)
    (raw / "aac/id00012/v_12/00002.wav").unlink()
    (raw / "mp4/id00345/v_345/00001.mp4").write_bytes(b"no film")
    with pytest.raises(ValueError, match="2 damaged files"):
        _read("voxceleb2", raw, tmp_path)
    allowed = ["id00012/v_12/00002", "id00345/v_345/00001"]
    assert len(_read("voxceleb2", raw, tmp_path, allow_damaged=allowed)["train"]) == 2
    with pytest.raises(ValueError, match="does not read by Beam"):
        opened.builder("raf_db", raw, tmp_path, beam=2)
    (raw / "mp4/speaker/v").mkdir(parents=True)
    (raw / "mp4/speaker/v/1.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"\['speaker'\], expected id00012"):
        vox.clips(raw)


def test_msp_improv_reads_turns_of_four_emotions(tmp_path):
    raw = opened.dummy("msp_improv", tmp_path / "raw")
    splits = _read("msp_improv", raw, tmp_path, "four_labels")
    assert [len(s) for s in splits.values()] == [4] * 6
    people = [{int(e["subject"]) for e in s} for s in splits.values()]
    assert people == [{2 * s - 1, 2 * s} for s in range(1, 7)]
    first, second = splits["session1"][:2]
    assert np.isnan(first["vad"]).all()  # NaN in the file
    np.testing.assert_allclose(second["vad"], [0, -0.75, 1])  # V 3, A 1.5, D 5 of 1..5
    assert (second["sentence"], second["naturalness"]) == (b"S02A", 4)
    assert {p for part in improv.folds(2).values() for p in part.split("+")} == set(splits)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("; A; A:NaN; V:NaN; D:NaN", "; B; A:NaN; V:NaN; D:NaN", "'B' is not one of A, H, N, S"),
        ("A:1.500000", "A:6.0", "line 4: .*6.0 lies outside the scale SAM5"),
        ("A:1.500000", "A:NaN", "some dimensions are rated and some are not"),
        ("A:1.500000; V:3.000000", "V:3.000000", "line 4: .* is not <name>.avi; N; A:3.0"),
        ("UTD-IMPROV-S02A-M01-R-MF02", "UTD-IMPROV-S02A-M07-R-MF02", "is not <name>.avi"),
    ],
)
def test_msp_improv_lines_are_checked(tmp_path, before, after, why):
    raw = opened.dummy("msp_improv", tmp_path / "raw")
    _replace(raw / evaluations.FILE, before, after)
    with pytest.raises(ValueError, match=why):
        evaluations.read(raw / evaluations.FILE)


def test_msp_podcast_holds_back_test3_and_keeps_gender_apart(tmp_path, capsys):
    raw = opened.dummy("msp_podcast", tmp_path / "raw")
    splits = _read("msp_podcast", raw, tmp_path)
    assert {k: len(v) for k, v in splits.items()} == dict.fromkeys(podcast.SPLITS, 10)
    assert "2 rows of Test3 have no labels" in capsys.readouterr().out
    rows = splits["test2"]
    assert [int(e["emotion"]) for e in rows] == [*range(8), -1, -1]
    np.testing.assert_allclose(rows[0]["vad"], [0, -1, 1])  # Act 1, Val 4, Dom 7 of 1..7
    assert "gender" not in rows[0]
    told = _read("msp_podcast", raw, tmp_path, "labels_demographics")["train"]
    assert {e["gender"] for e in told} == {b"Female", b"Unknown"}
    for before, after, why in (
        (",A,1.0", ",Z,1.0", "EmoClass 'Z' is not one of A, S"),
        (",Z,1.0", ",A,0.5", "EmoAct 0.5 is not between 1 and 7"),
        (",Train", ",Test9", "Split_Set 'Test9' is not one of Train"),
        ("MSP-PODCAST_0000_0000.wav", "../x.wav", "leads outside"),
    ):
        _replace(raw / podcast.TABLE, before, after)
        with pytest.raises(ValueError, match=why):
            _read("msp_podcast", raw, tmp_path, "labels" if "Act" in why else "")
        if before == ",Train" or "Act" in why:
            _replace(raw / podcast.TABLE, after, before.replace("Z", "A"))


def test_a_fault_found_half_way_leaves_nothing_built(tmp_path):
    raw = opened.dummy("ferv39k", tmp_path / "raw")
    (raw / ferv.CLIPS / "Action/Fear/0016/01.jpg").write_bytes(b"\xff\xd8\xff")  # the last clip
    builder = opened.builder("ferv39k", raw, tmp_path)
    with pytest.raises(ValueError, match=r"0016: .*01\.jpg.*damaged"):
        source.prepare(builder)
    assert not builder.data_path.exists()
    assert not list(builder.data_path.parent.glob("*incomplete*"))
    assert (
        source.prepare(opened.builder("ferv39k", raw, tmp_path, allow_damaged=["Action/Fear/0016"]))
        .info.splits["test"]
        .num_examples
        == 6
    )
