"""A dictionary of words with valence, arousal and dominance, such as the NRC VAD Lexicon."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

Lexicon = Mapping[str, tuple[float, float, float]]

# Endings that WordNet's `morphy` takes off, of plurals, verbs and comparison; the first that fits.
_ENDINGS = (
    *(("ches", "ch"), ("shes", "sh"), ("ies", "y"), ("ses", "s"), ("xes", "x"), ("zes", "z")),
    *(("men", "man"), ("ves", "f"), ("es", "e"), ("es", ""), ("s", "")),
    *(("ied", "y"), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    *(("iest", "y"), ("ier", "y"), ("est", "e"), ("est", ""), ("er", "e"), ("er", "")),
)


def read(path: str | pathlib.Path) -> Lexicon:
    """A file of lines "word, valence, arousal, dominance" between tabs, all within [-1, 1].

    That is the bipolar scale of the NRC VAD Lexicon; a first line of names is passed over.

    Raises:
      ValueError: a line without four columns, a number outside [-1, 1], or no line at all.
    """
    found: dict[str, tuple[float, float, float]] = {}
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        word, *values = line.rstrip("\n").split("\t")
        if number == 1 and [v.lower() for v in values] == ["valence", "arousal", "dominance"]:
            continue
        try:
            v, a, d = (float(x) for x in values)
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}: {line!r} is not word, valence, arousal and dominance "
                "between tabs"
            ) from error
        if not all(-1 <= x <= 1 for x in (v, a, d)):
            raise ValueError(
                f"{path}, line {number}: {values} of {word!r} lie outside [-1, 1]; take the file "
                "of the bipolar scale"
            )
        found[word] = (v, a, d)
    if not found:
        raise ValueError(f"{path} holds no words")
    return found


def base(word: str, lexicon: Lexicon) -> str | None:
    """The entry of a word: itself, else in small letters, else without an ending; None for none.

    >>> base("Running", {"run": (0, 0, 0)}), base("skies", {"sky": (0, 0, 0)})
    ('run', 'sky')
    """
    small = word.lower()
    for form in (word, small):
        if form in lexicon:
            return form
    for ending, back in _ENDINGS:
        stem = small.removesuffix(ending)
        if stem == small or len(stem) < 2:
            continue
        doubled = stem[:-1] if not back and stem[-1] == stem[-2] else stem + back
        for form in (stem + back, doubled):
            if form in lexicon:
                return form
    return None


def token_vad(tokens: Sequence[str], lexicon: Lexicon) -> Float[np.ndarray, "v 3"]:
    """VAD of each token of a vocabulary, 0 where the lexicon lacks it: the table SEVLM looks up.

    The mark of a preceding space ("Ġ" of GPT-2, "▁", or the space itself) is taken off. A token is
    looked up alone, as in the official code: a word cut in pieces has the values of its pieces, if
    any. There WordNet takes the endings off; here `base` does, which no context helps.
    """
    table = np.zeros((len(tokens), 3), np.float32)
    for i, token in enumerate(tokens):
        entry = base(token.lstrip("Ġ▁ "), lexicon)
        if entry is not None:
            table[i] = lexicon[entry]
    return table
