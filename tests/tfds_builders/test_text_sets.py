"""EmpatheticDialogues, NRC VAD and BAH on dummies: odd lines kept, broken ones refused."""

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders.bah import bah_dataset_builder as bah
from tfds_builders.empathetic_dialogues import empathetic_dialogues_dataset_builder as dialogues

pytestmark = pytest.mark.xdist_group("tf")


def _replace(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_dialogues_keep_quotes_commas_and_lines_of_nine_cells(tmp_path):
    raw = opened.dummy("empathetic_dialogues", tmp_path / "raw")
    splits = opened.examples(opened.builder("empathetic_dialogues", raw, tmp_path))
    assert [len(s) for s in splits.values()] == [16, 16, 16]
    first = splits["validation"][0]
    assert first["text"] == b'He said "no", I left'
    assert first["situation"] == b"I lost it, again."
    assert first["emotion"] == dialogues.EMOTIONS.index("confident")  # the ninth


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("train.csv", "afraid", "scared", "context 'scared' is not one of afraid"),
        ("train.csv", "conv_id,utterance", "id,utterance", "another version"),
        (
            "train.csv",
            "lost it_comma_",
            "lost it,",
            "line 2: speaker_idx . again.. is not a number",
        ),
        ("train.csv", ",2,afraid", ",1,afraid", "line 3: .* is already in"),
        ("test.csv", "conv:test0,", "conv:train0,", "is also in train"),
        ("valid.csv", ",one|", ",,,one|", "expected 8 or 9"),
    ],
)
def test_dialogues_refuse_broken_lines(tmp_path, file, before, after, why):
    raw = opened.dummy("empathetic_dialogues", tmp_path / "raw")
    _replace(raw / file, before, after)
    with pytest.raises(ValueError, match=why):
        opened.examples(opened.builder("empathetic_dialogues", raw, tmp_path))


def test_nrc_vad_holds_words_phrases_and_refuses_version_one(tmp_path):
    raw = opened.dummy("nrc_vad", tmp_path / "raw")
    terms = opened.examples(opened.builder("nrc_vad", raw, tmp_path))["terms"]
    assert [e["text"] for e in terms[:3]] == [b"glorp", b"glorp up", b"glorp's"]
    np.testing.assert_allclose(terms[1]["vad"], [-0.9, 0.5, 0.9], rtol=1e-6)
    path = raw / "NRC-VAD-Lexicon-v2.1.txt"
    for before, after, why in (
        ("glorp up\t", "glorp\t", "'glorp' is already in line 2"),
        ("glorp\t-1.000", "glorp\t1.500", "valence 1.500 is not between -1 and 1"),
        ("term\tvalence", "Word\tValence", "another version"),
    ):
        whole = path.read_text()
        _replace(path, before, after)
        with pytest.raises(ValueError, match=why):
            opened.examples(opened.builder("nrc_vad", raw, tmp_path))
        path.write_text(whole)


def test_bah_keeps_transcripts_whole_and_participants_apart(tmp_path):
    raw = opened.dummy("bah", tmp_path / "raw")
    splits = opened.examples(opened.builder("bah", raw, tmp_path, "audio"))
    assert [len(s) for s in splits.values()] == [4, 4, 4]
    assert splits["train"][1]["text"] == b'Well, I "might", or not.'
    assert splits["train"][1]["question"] == 7
    assert len(splits["train"][0]["audio"]) == 2000
    (raw / "val.txt").write_text((raw / "train.txt").read_text())
    with pytest.raises(ValueError, match="participant 1 is in validation and in train"):
        opened.examples(opened.builder("bah", raw, tmp_path))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Videos/1/V/1_Question_1_Video.mp4,2,text", "label '2' is not 0 or 1"),
        ("Videos/1/V/1_Video.mp4,1,text", "is not Videos/"),
        ("Videos/../V/1_Question_1_Video.mp4,1,text", "is not Videos/"),
        ("Videos/1/V/1_Question_1_Video.mp4", "is not Videos/"),
    ],
)
def test_bah_refuses_broken_lines(tmp_path, line, why):
    (tmp_path / "train.txt").write_text(line + "\n")
    with pytest.raises(ValueError, match=f"line 1: .*{why}"):
        bah.items(tmp_path / "train.txt")
