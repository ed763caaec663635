"""Host-side transforms of the text of one example."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affectjax.data import clip_tokens, wordpiece

Element = dict[str, Any]


@dataclass(frozen=True)
class Tokens:
    """`tokens`, padded to `longest`, and `token_length` of a text by WordPiece.

    Attributes:
      vocabulary: a vocab.txt, "package:path/in/it" of an installed package, or "letters".
      longest: tokens of a text, its two marks included; the rest is cut.
      buckets: lengths that a whole batch may end at (`data.lengths`), rising; none: `longest`.

    >>> done = Tokens("letters", longest=6).map({"text": b"Hi!"})
    >>> done["tokens"].tolist(), int(done["token_length"])
    ([2, 49, 90, 4, 3, 0], 5)
    """

    vocabulary: str
    longest: int = 128
    key: str = "text"
    buckets: Sequence[int] = ()

    def __post_init__(self) -> None:
        rising = [*self.buckets, self.longest]
        if rising != sorted(set(rising)):
            raise ValueError(
                f"buckets {list(self.buckets)} do not rise to below longest = {self.longest}"
            )

    def map(self, element: Element) -> Element:
        if self.key not in element:
            raise ValueError(f"the data has no {self.key!r} to read: {sorted(element)}")
        given = element[self.key]
        text = given.decode() if isinstance(given, bytes) else str(given)
        ids, _ = wordpiece.encode([text], pieces(self.vocabulary), self.longest)
        padded = np.full(self.longest, pieces(self.vocabulary)["[PAD]"], np.int32)
        padded[: ids.shape[1]] = ids[0]
        return {**element, "tokens": padded, "token_length": np.int32(ids.shape[1])}


@dataclass(frozen=True)
class ClipTokens:
    """`tokens` of a text as CLIP's text tower reads it, padded to its context; the rest is cut."""

    key: str = "text"

    def map(self, element: Element) -> Element:
        if self.key not in element:
            raise ValueError(f"the data has no {self.key!r} to read: {sorted(element)}")
        given = element[self.key]
        text = given.decode() if isinstance(given, bytes) else str(given)
        return {**element, "tokens": clip_tokens.tokenize([text], truncate=True)[0]}


@functools.lru_cache(maxsize=4)
def pieces(vocabulary: str) -> Mapping[str, int]:
    """The ids of a vocabulary's pieces, read once."""
    return wordpiece.named(vocabulary)
