"""What the words of texts say of valence, beside what categories or raters say of the same texts.

A bridge where no set has both categories and VAD: a lexicon of words' valence, checked on texts
whose valence was rated, is then asked about texts that have a category.
"""

import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def read_vader(path: str | pathlib.Path) -> dict[str, float]:
    """Valence in [-1, 1] of the words of vader_lexicon.txt (mean of ten raters, -4 to 4, over 4).

    Raises:
      ValueError: a line that is not a word, a mean and more between tabs, or a mean outside
        -4 to 4.
    """
    found = {}
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        word, *cells = line.split("\t")
        try:
            mean = float(cells[0])
        except (IndexError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: {line!r} is not word, mean, ...") from error
        if not -4 <= mean <= 4:
            raise ValueError(f"{path}, line {number}: the mean {mean} is not between -4 and 4")
        found[word] = mean / 4
    return found


def valence(texts: Iterable[str], lexicon: Mapping[str, float]) -> Float[np.ndarray, " n"]:
    """The mean valence of the words of each text that the lexicon has; NaN of a text without any.

    >>> valence(["A good day", "no word"], {"good": 0.5, "bad": -0.5}).tolist()
    [0.5, nan]
    """
    told = []
    for text in texts:
        known = [lexicon[w] for w in _WORD.findall(text.lower()) if w in lexicon]
        told.append(float(np.mean(known)) if known else float("nan"))
    return np.array(told)


def by_category(
    values: Float[np.ndarray, " n"], shares: Float[np.ndarray, "n k"], names: Sequence[str]
) -> dict[str, float]:
    """Mean of the known values of each category's items, weighted by their shares.

    >>> by_category(np.array([1.0, np.nan, 0.0]), np.eye(2)[[0, 0, 1]], ("joy", "fear"))
    {'joy': 1.0, 'fear': 0.0}
    """
    there = ~np.isnan(values)
    weight = shares[there].sum(0)
    means = (shares[there].T @ values[there]) / np.where(weight > 0, weight, np.nan)
    return dict(zip(names, means.tolist(), strict=True))
