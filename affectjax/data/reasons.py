"""Texts that name an emotion and its reason, "the emotion is awe because ...", as SEVLM's."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from affectjax.affect import norms
from affectjax.affect.labels import ARTEMIS9
from affectjax.data import byte_pairs

PROMPT, BECAUSE = " the emotion is", " because"
WORDS = "words"  # the vocabulary that needs no file
MARKS = 4  # what is added behind a vocabulary: padding, prefix, emotion, explanation


@dataclass(frozen=True)
class Form:
    """How such texts are written as ids.

    Attributes:
      start: the mark of the start, and of the end.
      prompt: start, and what every text begins with.
      because: the first token of the explanation.
      pad, prefix, emotion, explanation: ids behind the vocabulary: padding, and kinds of token.
    """

    pairs: byte_pairs.BytePairs
    start: int
    prompt: tuple[int, ...]
    because: int
    pad: int
    prefix: int
    emotion: int
    explanation: int

    @property
    def size(self) -> int:
        """Number of ids."""
        return len(self.pairs.ids) + MARKS


def form(pairs: byte_pairs.BytePairs) -> Form:
    """The form in a vocabulary, to which `MARKS` ids are added.

    Raises:
      ValueError: a vocabulary that cuts one of its words into pieces.
    """
    prompt, because = (byte_pairs.encode(text, pairs) for text in (PROMPT, BECAUSE))
    if len(prompt) != len(PROMPT.split()) or len(because) != 1:
        raise ValueError(
            f"a vocabulary of {len(pairs.ids)} pieces cuts a word of {PROMPT + BECAUSE!r}; SEVLM "
            "counts them, one id a word: take GPT-2's"
        )
    start, behind = pairs.ids[byte_pairs.END], len(pairs.ids)
    return Form(pairs, start, (start, *prompt), because[0], *range(behind, behind + MARKS))


@functools.lru_cache(maxsize=4)
def named(where: str) -> Form:
    """The form in the vocabulary of a folder (`byte_pairs.read`), or of no file.

    The latter, WORDS, has the form's words and those for emotions that `affect.norms` rates.
    """
    if where != WORDS:
        return form(byte_pairs.read(where))
    names = " ".join([*ARTEMIS9.names, *norms.table(), *norms.TERMS])
    return form(byte_pairs.of_words(f"{PROMPT} {BECAUSE} {names}".split()))


def encode(
    emotion: str, explanation: str, form: Form, longest: int = 30
) -> Int32[np.ndarray, " longest"]:
    """Ids of start, "the emotion is <emotion> because <explanation>", end, and padding.

    A text of more than `longest` ids is cut, and then has no end.

    >>> ids = encode("awe", "The sky is wide.", named(WORDS), longest=32)
    >>> decode(ids, named(WORDS))
    ('awe', 'The sky is wide.')
    """
    words = " ".join(explanation.split())
    pairs = form.pairs
    told = byte_pairs.encode(f" {emotion}", pairs)
    why = byte_pairs.encode(f" {words}", pairs)
    ids = [*form.prompt, *told, form.because, *why, form.start][:longest]
    return np.array([*ids, *[form.pad] * (longest - len(ids))], np.int32)


def decode(ids: Sequence[int] | Int32[np.ndarray, " n"], form: Form) -> tuple[str, str]:
    """Emotion and explanation of a text, or of what was generated behind the prompt.

    Ids up to the end are read, those of no piece left out; without "because" all is the emotion.
    """
    given = [int(i) for i in ids if int(i) < len(form.pairs.ids)]
    if tuple(given[: len(form.prompt)]) == form.prompt:
        given = given[len(form.prompt) :]
    if form.start in given:
        given = given[: given.index(form.start)]
    at = given.index(form.because) if form.because in given else len(given)
    emotion, why = (byte_pairs.decode(part, form.pairs) for part in (given[:at], given[at + 1 :]))
    return emotion.strip(), why.strip()


def first_pieces(names: Sequence[str], form: Form) -> tuple[int, ...]:
    """The id that each emotion begins with, which tells it from the others.

    Raises:
      ValueError: two names that begin alike.
    """
    first = tuple(byte_pairs.encode(f" {name}", form.pairs)[0] for name in names)
    if len(set(first)) < len(first):
        raise ValueError(f"of {list(names)} two begin with the same piece of the vocabulary")
    return first
