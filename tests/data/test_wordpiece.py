"""WordPiece on a vocabulary of ours; ids of the published one are in tests/models/test_bert.py.

On 3,000 sentences of EmoBank and on odd texts the ids were those of the package tokenizers 0.23.
"""

import numpy as np
import pytest

from affectjax.data import wordpiece

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
PIECES = (*MARKS, "un", "##happi", "##ness", "happy", "cafe", "!", "'", "s", "x", "##x", "東", "京")
VOCABULARY = {piece: i for i, piece in enumerate(PIECES)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Unhappiness!", ["unhappiness", "!"]),
        ("CAFÉ  cafe\u0301\n", ["cafe", "cafe"]),
        ("x's—x_y", ["x", "'", "s", "—", "x", "_", "y"]),
        ("a東京b", ["a", "東", "京", "b"]),
        ("x\x00y\u200bz\ufffd \t", ["xyz"]),
        ("", []),
    ],
)
def test_words(text, words):
    assert list(wordpiece.words(text)) == words


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("unhappiness", ["un", "##happi", "##ness"]),
        ("happy", ["happy"]),
        ("unhappy", ["[UNK]"]),
        ("xx", ["x", "##x"]),
        ("x" * 100, ["x", *["##x"] * 99]),
        ("x" * 101, ["[UNK]"]),
    ],
)
def test_the_longest_pieces_from_the_left(word, pieces):
    assert wordpiece.pieces(word, VOCABULARY) == pieces


def test_texts_are_padded_alike_and_cut():
    ids, mask = wordpiece.encode(["happy happy happy", "x"], VOCABULARY, longest=4)
    assert ids.tolist() == [[2, 7, 7, 3], [2, 12, 3, 0]]
    np.testing.assert_array_equal(mask.sum(1), [4, 3])
    with pytest.raises(ValueError, match="longest=1"):
        wordpiece.encode(["x"], VOCABULARY, longest=1)


def test_files(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(PIECES) + "\n", encoding="utf-8")
    assert wordpiece.read(path) == VOCABULARY
    path.write_text("a\na\n")
    with pytest.raises(ValueError, match="a piece twice: 2 lines, 1 kinds"):
        wordpiece.read(path)
    path.write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"lacks \[PAD\], \[UNK\], \[CLS\], \[SEP\]"):
        wordpiece.read(path)
