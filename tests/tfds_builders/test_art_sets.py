"""Emotion6, EmotionROI, ArtPhoto, Abstract, Emo8, EmoArt, ArtEmis, LaMem, KonIQ-10k, Warriner."""

import io
import tarfile
import zipfile

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders import archives, left_out
from tfds_builders.abstract import abstract_dataset_builder as abstract
from tfds_builders.emoart import annotations
from tfds_builders.koniq10k import koniq10k_dataset_builder as koniq
from tfds_builders.warriner import warriner_dataset_builder as warriner

pytestmark = pytest.mark.xdist_group("tf")


def _read(name, raw, tmp_path, config="", **options):
    return opened.examples(opened.builder(name, raw, tmp_path, config, **options))


def _replace(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_emotion_roi_pairs_pictures_with_maps_and_keeps_its_split(tmp_path):
    raw = opened.dummy("emotion_roi", tmp_path / "raw")
    splits = _read("emotion_roi", raw, tmp_path)
    assert {k: len(v) for k, v in splits.items()} == {"train": 12, "test": 6}
    joy = next(e for e in splits["test"] if e["clip_id"] == b"joy/3.jpg")
    assert opened.module("emotion_roi").EMOTIONS[joy["emotion"]] == "joy"
    assert joy["stimuli_map"] == (raw / "ground_truth/joy/3.jpg").read_bytes()
    lists = raw / "training_testing_split"
    for before, after, why in (
        ("anger/1.jpg", "calm/1.jpg", "'calm/1.jpg' is not <emotion>/<file>"),
        ("calm/1.jpg", "anger/../../1.jpg", "leads outside"),
        ("anger/../../1.jpg", "anger/3.jpg", "anger/3.jpg is in training and in testing"),
        ("anger/3.jpg", "anger/9.jpg", r"ground_truth/anger/9\.jpg: is not there"),
    ):
        _replace(lists / "training.txt", before, after)
        with pytest.raises(ValueError, match=why):
            _read("emotion_roi", raw, tmp_path)


def test_artphoto_reads_the_emotion_off_the_name(tmp_path):
    raw = opened.dummy("artphoto", tmp_path / "raw")
    folds = _read("artphoto", raw, tmp_path)
    found = {e["clip_id"]: e["emotion"] for fold in folds.values() for e in fold}
    assert len(found) == 24
    assert opened.module("artphoto").EMOTIONS[found[b"sad_0001.jpg"]] == "sadness"
    (raw / "joy_0001.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"joy_0001\.jpg.*expected <emotion>_<number>"):
        _read("artphoto", raw, tmp_path)


def test_abstract_keeps_votes_and_leaves_ties_without_a_winner(tmp_path):
    raw = opened.dummy("abstract", tmp_path / "raw")
    found = {i.name: i.labels for i in abstract.items(raw)}
    names = abstract.EMOTIONS
    assert found["abstract_0002.jpg"]["emotion"] == -1
    third = found["abstract_0003.jpg"]  # the second column of the table: anger
    assert (names[third["emotion"]], third["votes"][names.index("anger")]) == ("anger", 4)
    assert third["votes"].sum() == 11
    for before, after, why in (
        ("'abstract_0003.jpg'", "'abstract_0001.jpg'", "is already in line 2"),
        ("'abstract_0001.jpg',4", "'../x.jpg',4", "leads outside"),
        ("'Content'", "'Joy'", "another version"),
    ):
        whole = (raw / abstract.FILE).read_text()
        _replace(raw / abstract.FILE, before, after)
        with pytest.raises(ValueError, match=why):
            abstract.items(raw)
        (raw / abstract.FILE).write_text(whole)


def test_emoart_reads_archives_in_place(tmp_path):
    raw = opened.dummy("emoart", tmp_path / "raw")
    found = {e["clip_id"].decode(): e for s in _read("emoart", raw, tmp_path).values() for e in s}
    assert len(found) == 12
    told = found["Naïve Art/peintureé_3.jpg"]  # back-slashes and an accent in the annotation
    assert told["healing_effects"] == b"rest; play"
    by_name = {e["clip_id"]: annotations.EMOART12.names[e["emotion"]] for e in found.values()}
    assert by_name[b"Ukiyo-e/peinture_1.jpg"] == "content"  # "Contentment" in the file
    sad = next(e for e in found.values() if annotations.EMOART12.names[e["emotion"]] == "sad")
    assert (sad["consistent"], sum(e["consistent"] for e in found.values())) == (0, 11)
    assert sorted(p.name for p in raw.iterdir()) == sorted(
        ["Annotation.json", "Gongbi.tar.gz", "Naïve Art.tar.gz", "Ukiyo-e.tar.gz"]
    )


def test_emoart_refuses_what_is_missing_damaged_or_unknown(tmp_path):
    raw = opened.dummy("emoart", tmp_path / "raw")
    archive = raw / "Gongbi.tar.gz"
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"Gongbi\.tar\.gz.*(cut off|damaged)"):
        _read("emoart", raw, tmp_path)
    archive.unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks Gongbi\.tar\.gz"):
        _read("emoart", raw, tmp_path)
    archive.write_bytes(whole)
    _replace(raw / annotations.FILE, "peinture_0.jpg", "peinture_9.jpg")
    with pytest.raises(ValueError, match=r"peinture_9\.jpg: is not in the archive"):
        _read("emoart", raw, tmp_path)
    assert (
        sum(map(len, _read("emoart", raw, tmp_path, allow_damaged=["peinture_9"]).values())) == 11
    )
    _replace(raw / annotations.FILE, '"Alarmed"', '"Melancholic"')
    with pytest.raises(ValueError, match=r"no such label: 'melancholic' \(1\)"):
        annotations.read(raw / annotations.FILE)
    _replace(raw / annotations.FILE, '"dominant_emotion": "Mel', '"main": "Mel')
    with pytest.raises(ValueError, match="record 0 is of another form: KeyError"):
        annotations.read(raw / annotations.FILE)


def _tar(path, name, data=b"x", kind=tarfile.REGTYPE):
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(name)
        member.size, member.type, member.linkname = len(data), kind, "/etc/passwd"
        archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("../out.jpg", tarfile.REGTYPE, "leads outside of the archive"),
        ("/out.jpg", tarfile.REGTYPE, "leads outside of the archive"),
        ("C:\\out.jpg", tarfile.REGTYPE, "leads outside of the archive"),
        ("in.jpg", tarfile.SYMTYPE, "is a link or a device"),
    ],
)
def test_archives_that_reach_outside_are_refused(tmp_path, name, kind, why):
    path = tmp_path / "a.tar"
    _tar(path, name, b"" if kind == tarfile.SYMTYPE else b"x", kind)
    with pytest.raises(ValueError, match=why) as error:
        list(archives.members(path))
    assert "a.tar" in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar"]


def test_zips_are_read_checked_and_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/one.txt", b"some bytes of one")
    assert list(archives.members(path)) == [("folder/one.txt", b"some bytes of one")]
    data = path.read_bytes()
    path.write_bytes(data.replace(b"some bytes of one", b"same bytes of one"))
    with pytest.raises(ValueError, match=r"a\.zip is damaged.*CRC"):
        list(archives.members(path))
    path.write_bytes(data[:40])
    with pytest.raises(ValueError, match=r"a\.zip is damaged, cut off or no archive"):
        list(archives.members(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.txt", b"x")
    with pytest.raises(ValueError, match="leads outside"):
        list(archives.members(path))
    with pytest.raises(FileNotFoundError, match=r"no archive .*b\.zip"):
        list(archives.members(tmp_path / "b.zip"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        archives.safe(b"caf\xe9".decode("utf-8", "surrogateescape"), "a.tar")


def test_artemis_keeps_a_paintings_annotations_together(tmp_path, monkeypatch):
    raw = opened.dummy("artemis", tmp_path / "raw")
    one = _read("artemis", raw, tmp_path)
    assert sum(map(len, one.values())) == 48
    where = {(e["style"], e["painting"]): s for s, found in one.items() for e in found}
    assert len(where) == 16
    assert all(where[e["style"], e["painting"]] == s for s, found in one.items() for e in found)
    whole = _read("artemis", raw, tmp_path, "paintings")
    painting = next(e for found in whole.values() for e in found if b"painter-0_" in e["clip_id"])
    assert painting["votes"].tolist() == [2, 1, *[0] * 7]  # amusement twice, awe once
    assert painting["utterances"][1] == b'It said "1", I think.'
    table = raw / "artemis_dataset_release_v0.csv"
    _replace(table, ",awe,", ",amusement,")
    with left_out.recorded() as told:
        several = _read("artemis", raw, tmp_path, "explained")
    _replace(table, ',amusement,"It said ""2', ',awe,"It said ""2')
    assert sum(map(len, several.values())) == 15
    assert told == {"paintings evoke one emotion in all annotators": 1}
    monkeypatch.setattr(opened.module("artemis"), "MOST", 2)
    assert not any(_read("artemis", raw, tmp_path, "explained").values())
    for before, after, why in (
        (",awe,", ",joy,", "emotion 'joy' is not one of amusement"),
        ("art_style,", "style,", "another version"),
    ):
        _replace(raw / "artemis_dataset_release_v0.csv", before, after)
        with pytest.raises(ValueError, match=why):
            _read("artemis", raw, tmp_path)
        _replace(raw / "artemis_dataset_release_v0.csv", after, before)
    next((raw / "wikiart/Style_1").glob("peintre*")).unlink()
    with pytest.raises(ValueError, match=r"peintre-3_l'été\.jpg: is not there"):
        _read("artemis", raw, tmp_path, "paintings")


def test_lamem_has_five_splits_whose_parts_share_nothing(tmp_path):
    raw = opened.dummy("lamem", tmp_path / "raw")
    first, fifth = (_read("lamem", raw, tmp_path, f"split{n}") for n in (1, 5))
    assert [len(s) for s in first.values()] == [6, 2, 2]
    assert {e["clip_id"] for e in first["test"]} != {e["clip_id"] for e in fifth["test"]}
    assert first["train"][0]["memorability"] == np.float32(0.6)
    for before, after, why in (
        ("0.600000", "1.600000", "score 1.600000 is not between 0 and 1"),
        ("1.600000", "0.600000 x", "3 cells, expected 2"),
        ("0.600000 x", "high", "'high' is not a number"),
    ):
        _replace(raw / "splits/train_1.txt", before, after)
        with pytest.raises(ValueError, match=why):
            _read("lamem", raw, tmp_path)
    (raw / "splits/train_1.txt").write_text((raw / "splits/test_1.txt").read_text())
    with pytest.raises(ValueError, match="is in train and in test"):
        _read("lamem", raw, tmp_path)


def test_koniq_shares_become_whole_votes(tmp_path):
    raw = opened.dummy("koniq10k", tmp_path / "raw")
    found = koniq.items(raw)
    assert {k: len(v) for k, v in found.items()} == {"train": 6, "validation": 3, "test": 3}
    assert found["train"][0].labels["votes"].tolist() == [1, 2, 60, 30, 7]
    # 25 (mean grade - 1): the mean of 1 to 5 with these votes is 3.4.
    np.testing.assert_allclose(found["train"][0].labels["mos"], 60)
    for before, after, why in (
        ("0.01,0.02", "0.015,0.015", "are not shares of 100 votes"),
        (",training", ",train", "set 'train' is not one of training"),
        ("c_total,MOS", "c_total,SD,MOS", "another version"),
    ):
        whole = (raw / koniq.FILE).read_text()
        _replace(raw / koniq.FILE, before, after)
        with pytest.raises(ValueError, match=why):
            koniq.items(raw)
        (raw / koniq.FILE).write_text(whole)


def test_warriner_scales_means_and_deviations(tmp_path):
    raw = opened.dummy("warriner", tmp_path / "raw")
    assert len(warriner.COLUMNS) == 65
    terms = _read("warriner", raw, tmp_path)["terms"]
    np.testing.assert_allclose(terms[0]["vad"], [-1, 0, 1])  # 1, 5, 9 of 1..9
    np.testing.assert_allclose(terms[0]["vad_sd"], [1.5 / 4, 0.5, 2.5 / 4])
    assert terms[0]["vad_raters"].tolist() == [20, 21, 22]
    _replace(raw / warriner.FILE, "1,zib0,1.00", "1,zib0,0.50")
    with pytest.raises(ValueError, match=r"line 2: V\.Mean\.Sum 0\.50 is not between 1 and 9"):
        _read("warriner", raw, tmp_path)


def test_emotion6_tells_the_search_word_from_what_people_felt(tmp_path):
    raw = opened.dummy("emotion6", tmp_path / "raw")
    splits = _read("emotion6", raw, tmp_path)
    found = {e["clip_id"]: e for some in splits.values() for e in some}
    assert len(found) == 24
    joy = found[b"joy/1.jpg"]
    assert (joy["emotion"], joy["distribution"].argmax(), len(joy["distribution"])) == (3, 3, 7)
    np.testing.assert_allclose(joy["vad"], [-0.25, 0.25, np.nan])  # 4 and 6 of 1..9
    path = raw / "ground_truth.txt"
    for before, after, why in (
        ("joy/1.jpg\t4.0", "joy/1.jpg\t0.5", r"\[valence\] 0.5 is not between 1 and 9"),
        ("joy/1.jpg\t0.5\t6\t0.0666667", "joy/1.jpg\t4.0\t6\t0.5", "sum to 1.4333, not 1"),
        ("joy/1.jpg", "love/1.jpg", "'love/1.jpg' is in no folder"),
        ("[prob. neutral]", "[neutral]", "another version"),
    ):
        _replace(path, before, after)
        with pytest.raises(ValueError, match=why):
            _read("emotion6", raw, tmp_path)
