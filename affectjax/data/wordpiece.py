"""WordPiece tokens as BERT's (Devlin et al. 2019), from a vocabulary file; nothing to install."""

import functools
import importlib.util
import pathlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Int

LETTERS = "letters"  # the vocabulary that needs no file
LONGEST = 100  # letters of a word; a longer one is unknown as a whole
_PLANES = (  # where ideographs lie: each is a word of its own
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def letters() -> dict[str, int]:
    """A vocabulary of single letters, digits and signs of ASCII: small, and of no model.

    >>> list(pieces("joy", letters()))
    ['j', '##o', '##y']
    """
    alone = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    inside = [f"##{letter}" for letter in alone if letter.isalnum()]
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    return {piece: i for i, piece in enumerate([*marks, *alone, *inside])}


def named(where: str) -> dict[str, int]:
    """The vocabulary of a file, of "package:path/in/it", or of no file ("letters").

    Raises:
      FileNotFoundError: there is no such file, or no such package.
      ValueError: as `read`.
    """
    return letters() if where == LETTERS else read(located(where))


def located(where: str) -> pathlib.Path:
    """The file of a path, or of "package:path/in/it" of an installed package.

    Raises:
      FileNotFoundError: there is no such file, or no such package.
    """
    path = inside(where)
    if not path.is_file():
        raise FileNotFoundError(f"{where!r}: there is no file {path}")
    return path


def inside(where: str) -> pathlib.Path:
    """The path, there or not, that "package:path/in/it" of an installed package or a path names.

    Raises:
      FileNotFoundError: there is no such package.
    """
    package, colon, below = where.partition(":")
    if not (colon and package.isidentifier()):
        return pathlib.Path(where)
    found = importlib.util.find_spec(package)
    if found is None or not found.origin:
        raise FileNotFoundError(
            f"{where!r}: no package {package!r} is installed; install it, or name a file"
        )
    return pathlib.Path(found.origin).parent / below


def read(path: str | pathlib.Path) -> dict[str, int]:
    """Ids of the pieces of a vocab.txt, one a line.

    Raises:
      ValueError: a piece twice, or one of [PAD], [UNK], [CLS] and [SEP] missing.
    """
    pieces = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    pieces = pieces[:-1] if pieces[-1] == "" else pieces
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    if len(vocabulary) != len(pieces):
        raise ValueError(
            f"{path} holds a piece twice: {len(pieces)} lines, {len(vocabulary)} kinds"
        )
    missing = [x for x in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if x not in vocabulary]
    if missing:
        raise ValueError(f"{path} is no vocabulary of BERT: it lacks {', '.join(missing)}")
    return vocabulary


def encode(
    texts: Sequence[str], vocabulary: Mapping[str, int], longest: int = 256
) -> tuple[Int[np.ndarray, "b n"], Bool[np.ndarray, "b n"]]:
    """Ids [CLS] ... [SEP] of small letters without accents, padded alike, and where they are real.

    A text of more than `longest` tokens, those two included, is cut.

    >>> vocabulary = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "happ": 4, "##y": 5, "!": 6}
    >>> ids, mask = encode(["Happy!", "sad"], vocabulary)
    >>> ids.tolist(), mask.sum(1).tolist()
    ([[2, 4, 5, 6, 3], [2, 1, 3, 0, 0]], [5, 3])
    """
    if longest < 2:
        raise ValueError(f"longest={longest}: a text has at least [CLS] and [SEP]")
    rows = []
    known: dict[str, list[int]] = {}  # most words come again and again
    for text in texts:
        ids: list[int] = []
        for word in words(text):
            if word not in known:
                known[word] = [vocabulary[p] for p in pieces(word, vocabulary)]
            ids += known[word]
        rows.append([vocabulary["[CLS]"], *ids[: longest - 2], vocabulary["[SEP]"]])
    width = max(map(len, rows), default=0)
    out = np.full((len(rows), width), vocabulary["[PAD]"], np.int32)
    mask = np.zeros(out.shape, bool)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
        mask[i, : len(row)] = True
    return out, mask


def words(text: str) -> Iterator[str]:
    """Words of a text: small letters without accents, signs and ideographs apart.

    >>> list(words("It's Café 2.0!"))
    ['it', "'", 's', 'cafe', '2', '.', '0', '!']
    """
    yield from filter(None, "".join(map(spelled, text)).split(" "))


@functools.lru_cache(maxsize=1 << 16)
def spelled(letter: str) -> str:
    """What a letter of a text becomes by itself, so that a table of all letters is the whole rule.

    >>> [spelled(letter) for letter in "É\\t!\\u200b東"]
    ['e', ' ', ' ! ', '', ' 東 ']
    """
    code, kind = ord(letter), unicodedata.category(letter)
    if letter in "\t\n\r" or kind == "Zs":
        return " "
    if code in (0, 0xFFFD) or kind.startswith("C"):
        return ""
    ideograph = any(low <= code <= high for low, high in _PLANES)
    plain = unicodedata.normalize("NFD", letter.lower())
    kept = [x for x in plain if unicodedata.category(x) != "Mn"]
    return "".join(f" {x} " if ideograph or _sign(x) else x for x in kept)


def pieces(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """The longest pieces from the left, those inside marked "##"; [UNK] where they do not fit."""
    found: list[str] = []
    start = 0
    while start < len(word) <= LONGEST:
        mark = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((e for e in ends if mark + word[start:e] in vocabulary), 0)
        if not end:
            return ["[UNK]"]
        found.append(mark + word[start:end])
        start = end
    return found or ["[UNK]"]


def _sign(letter: str) -> bool:
    """Punctuation, and all of ASCII that is neither letter nor digit."""
    ascii_ = letter.isascii() and letter.isprintable() and not letter.isalnum()
    return ascii_ or unicodedata.category(letter).startswith("P")
