"""Intervals by bootstrap clustered on subject: whole people are drawn, not clips."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

Statistic = Callable[[Float[np.ndarray, "r *s"]], Float[np.ndarray, " r"]]


def draws(subjects: int, resamples: int, seed: int) -> Int[np.ndarray, "r g"]:
    """How often each of the subjects is drawn, in each resample."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(subjects, np.full(subjects, 1 / subjects), size=resamples)


def interval(
    statistic: Statistic,
    per_subject: Float[np.ndarray, "g *s"],
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> list[float]:
    """Percentile interval [low, high] of a statistic that is a function of summed statistics.

    Args:
      statistic: from sums over the drawn subjects, (resamples, *s), to (resamples,).
      per_subject: sufficient statistics of each subject, such as its confusion matrix.

    Clips of one person are alike, so intervals that draw clips are too narrow (Field & Welsh
    2007). With one subject low and high are the value itself. Draws where the statistic is NaN
    (a class that none of the drawn has) are left out.

    Raises:
      ValueError: there is no subject, or the level is not between 0 and 1.

    >>> x = np.array([[1.0, 2.0], [0.0, 2.0]])  # (hits, clips) of two subjects
    >>> interval(lambda s: s[:, 0] / s[:, 1], x)
    [0.0, 0.5]
    """
    if not len(per_subject) or not 0 < level < 1:
        raise ValueError(f"no interval of level {level} from {len(per_subject)} subjects")
    counts = draws(len(per_subject), resamples, seed).astype(np.float64)
    flat = per_subject.reshape(len(per_subject), -1).astype(np.float64)
    sums = (counts @ flat).reshape(resamples, *per_subject.shape[1:])
    return ends(statistic(sums)[:, None], level)[0]


def ends(values: Float[np.ndarray, "r n"], level: float = 0.95) -> list[list[float]]:
    """The percentile interval [low, high] of each column of resampled values, NaN left out.

    A column of nothing but NaN has [NaN, NaN].
    """
    tail = (1 - level) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of such a column
        low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
    return [[float(a), float(b)] for a, b in zip(low, high, strict=True)]


def scored(
    name: str, statistic: Statistic, per_subject: Float[np.ndarray, "g *s"], **options: Any
) -> dict[str, Any]:
    """{name: the statistic over all subjects, name_interval: its interval}."""
    value = statistic(per_subject.sum(0)[None])[0]
    told = interval(statistic, per_subject, **options)
    return {name: float(value), f"{name}_interval": told}


def scored_means(
    each: Mapping[str, Float[np.ndarray, " b"]], subject: Int[np.ndarray, " b"], **options: Any
) -> dict[str, Any]:
    """`scored` of the mean over clips of each named value, by subject from (sum, count)."""
    out: dict[str, Any] = {}
    for name, values in each.items():
        sums = by_subject(np.stack([values, np.ones_like(values)], axis=1), subject)
        out |= scored(name, lambda s: s[..., 0] / s[..., 1], sums, **options)
    return out


def by_subject(
    values: Float[np.ndarray, "b *s"], subject: Int[np.ndarray, " b"]
) -> Float[np.ndarray, "g *s"]:
    """Sum of per-clip statistics for each subject."""
    _, place = np.unique(subject, return_inverse=True)
    out = np.zeros((place.max() + 1, *values.shape[1:]))
    np.add.at(out, place, values)
    return out
