"""ISEAR, MEAD, MAHNOB-HCI and CMU-MOSEI on dummies: what is stored, what is refused."""

import numpy as np
import pytest

from affectjax.affect.labels import ISEAR7, MEAD8, MOSEI6
from tests.tfds_builders import opened
from tfds_builders.cmu_mosei import cmu_mosei_dataset_builder as mosei
from tfds_builders.isear import isear_dataset_builder as isear
from tfds_builders.liris_accede import liris_accede_dataset_builder as liris
from tfds_builders.mahnob_hci import bdf, mahnob_hci_dataset_builder
from tfds_builders.mead import mead_dataset_builder as mead

pytestmark = pytest.mark.xdist_group("tf")


def _all(name, tmp_path, config=""):
    raw = opened.dummy(name, tmp_path / "raw")
    builder = opened.builder(name, raw, tmp_path, config)
    return raw, {
        s: {e["clip_id"]: e for e in found} for s, found in opened.examples(builder).items()
    }


def test_isear_joins_what_its_table_broke_and_keeps_people_apart(tmp_path):
    _, splits = _all("isear", tmp_path)
    people = [{e["subject"].item() for e in found.values()} for found in splits.values()]
    assert sum(map(len, people)) == len(set().union(*people)) == 6
    told = {k: v for found in splits.values() for k, v in found.items()}
    assert len(told) == 42
    assert told[b"00002"]["text"] == b"When I read line 2 and then another of it."
    assert ISEAR7.names[told[b"00002"]["emotion"]] == "fear"
    assert (told[b"00001"]["answered"], told[b"00002"]["answered"]) == (0, 1)


def test_isear_refuses_a_number_that_is_not_its_name(tmp_path):
    raw = opened.dummy("isear", tmp_path / "raw")
    path = raw / "isear.csv"
    path.write_text(path.read_text().replace("|joy|", "|guilt|", 1))
    with pytest.raises(ValueError, match="line 2: EMOT 1 is not 'guilt'"):
        isear.rows(path)


def test_mead_reads_actor_emotion_and_level_from_the_folders(tmp_path):
    raw, splits = _all("mead", tmp_path)
    clip = next(found[name] for found in splits.values() if (name := b"W009_fear_1_001") in found)
    assert clip["subject"] == 1009
    assert MEAD8.names[clip["emotion"]] == "fear"
    (raw / "M003/audio/angry/level_4").mkdir()
    (raw / "M003/audio/angry/level_1/001.m4a").rename(raw / "M003/audio/angry/level_4/001.m4a")
    with pytest.raises(ValueError, match=r"level_4.001\.m4a is not <emotion>/level"):
        mead.clips(raw)


def test_mead_leaves_out_a_clip_whose_film_is_absent_where_it_is_allowed(tmp_path):
    raw = opened.dummy("mead", tmp_path / "raw")
    (raw / "M003/video/front/angry/level_1/001.mp4").unlink()
    builder = opened.builder("mead", raw, tmp_path, "faces")
    with pytest.raises(ValueError, match=r"angry.level_1.001\.mp4: is not there"):
        builder._split_generators(None)
    allowed = opened.builder("mead", raw, tmp_path, "faces", allow_damaged=("M003_angry_1_001",))
    assert sum(map(len, map(list, allowed._split_generators(None).values()))) == 11


def test_mosei_cuts_segments_in_order_of_time_and_lists_films_once(tmp_path):
    raw, splits = _all("cmu_mosei", tmp_path)
    assert {s: len(found) for s, found in splits.items()} == {
        "train": 6,
        "validation": 4,
        "test": 2,
    }
    second = splits["train"][b"film0_1"]  # the first row of the file is the later segment
    assert (second["start"], second["end"]) == (1.0, 1.75)
    assert MOSEI6.names[int(second["intensity"].argmax())] == "happiness"
    assert second["multilabel"].tolist() == [1, 0, 0, 0, 0, 0]
    assert second["sentiment"] == -3
    assert len(second["audio"]) == 12_000
    path = raw / mosei.FOLDS
    path.write_text(path.read_text().replace("'film5'", "'film0'"))
    with pytest.raises(ValueError, match="'film0' is in train and in test"):
        mosei.published(path)
    path.write_text("standard_train_fold = open('x').read()")
    with pytest.raises(ValueError, match="is not the SDK's file of the lists"):
        mosei.published(path)


def test_bdf_gives_back_what_was_written_to_a_step_of_the_converter(tmp_path):
    g = np.random.default_rng(0)
    given = {"A": g.normal(0, 100, 48), "Status": np.arange(48) * -1.0}
    bdf.write(tmp_path / "x.bdf", given, 16)
    found = bdf.read(tmp_path / "x.bdf", ("Status", "A"))
    assert found.rate == 16
    for name, values in given.items():
        np.testing.assert_allclose(found.channels[name], values, atol=0.02)  # 1/32 microvolt
    with pytest.raises(ValueError, match=r"x\.bdf lacks the channels \['GSR1'\]"):
        bdf.read(tmp_path / "x.bdf", ("GSR1",))


def test_mahnob_leaves_out_sessions_without_a_feeling_and_refuses_a_rating_of_ten(tmp_path, capsys):
    raw, splits = _all("mahnob_hci", tmp_path)
    assert "1 of 13 sessions tell nothing felt" in capsys.readouterr().out
    found = {k: v for some in splits.values() for k, v in some.items()}
    assert len(found) == 12
    first = found[b"2"]
    assert first["vad"].tolist() == [-1, 1, -1]
    assert (first["signal"].shape, first["body"].shape) == ((32, 32), (32, 6))
    path = raw / "Sessions/2/session.xml"
    path.write_text(path.read_text().replace('feltVlnc="1"', 'feltVlnc="10"'))
    with pytest.raises(ValueError, match=r"2.session\.xml: feltEmo 0 .* rating of \(10, 9, 1, 5\)"):
        mahnob_hci_dataset_builder.sessions(raw / "Sessions")


def test_liris_has_the_published_sets_and_both_tables_agree(tmp_path):
    raw, splits = _all("liris_accede", tmp_path)
    assert {s: sorted(k.decode()[-1] for k in found) for s, found in splits.items()} == {
        "train": ["0", "1"],
        "validation": ["2", "5"],
        "test": ["3", "4"],
    }
    last = splits["validation"][b"ACCEDE00005"]
    np.testing.assert_allclose(last["vad"], [1, -1, np.nan])
    assert (len(last["frames"]), last["fps"]) == (3, 5.0)
    sets = raw / liris.SETS
    sets.write_text(sets.read_text().replace("\t2\n", "\t3\n"))
    with pytest.raises(ValueError, match=r"line 4: set '3' is not one of"):
        liris.excerpts(raw)
    sets.write_text("\n".join(sets.read_text().replace("\t3\n", "\t2\n").splitlines()[:-1]) + "\n")
    with pytest.raises(ValueError, match=r"ACCEDE00005\.mp4 is not in .*ACCEDEsets"):
        liris.excerpts(raw)
