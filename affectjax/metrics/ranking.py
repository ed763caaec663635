"""Scores of an order, which need all samples at once: offline, in float64."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped

from affectjax.metrics import moments

Ordered = Shaped[np.ndarray, " b"]  # numbers of any kind
Flags = Shaped[np.ndarray, " b"]  # true or 1, false or 0


def average_precision(scores: Ordered, labels: Flags) -> float:
    """Sum over thresholds of (recall gained) x precision, without interpolation.

    Equal scores enter together. 0 without a positive label, as in scikit-learn.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]))  # 1/2 1 + 1/2 2/3
    0.8333333333333333
    """
    if not np.any(labels):
        return 0.0
    return float(weighted_average_precision(scores, labels, np.ones((1, len(scores))))[0])


def auroc(scores: Ordered, labels: Flags) -> float:
    """Probability that a positive outranks a negative, ties counting half (Mann & Whitney 1947).

    NaN where the labels are all alike.

    >>> auroc(np.array([0.9, 0.5, 0.5]), np.array([1, 1, 0]))
    0.75
    """
    return float(weighted_auroc(scores, labels, np.ones((1, len(scores))))[0])


def weighted_average_precision(
    scores: Ordered, labels: Flags, weights: Float[np.ndarray, "r b"]
) -> Float[np.ndarray, " r"]:
    """`average_precision` of each of r weightings of the samples, such as bootstrap counts.

    NaN where no positive label has a weight.

    >>> weighted_average_precision(
    ...     np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]), np.array([[1.0, 1, 1], [1, 0, 2]])
    ... ).round(3).tolist()
    [0.833, 1.0]
    """
    hits, seen = _running(scores, labels, weights)
    gained = np.diff(hits, prepend=0.0, axis=1)
    area = (gained * hits / np.where(seen > 0, seen, 1)).sum(1)
    total = hits[:, -1]
    return np.where(total > 0, area / np.where(total > 0, total, 1), np.nan)


def weighted_auroc(
    scores: Ordered, labels: Flags, weights: Float[np.ndarray, "r b"]
) -> Float[np.ndarray, " r"]:
    """`auroc` of each of r weightings of the samples; NaN where only one kind has a weight."""
    hits, seen = _running(scores, labels, weights)
    false = seen - hits
    below = false[:, -1:] - false + np.diff(false, prepend=0.0, axis=1) / 2
    pairs = hits[:, -1] * false[:, -1]
    area = (np.diff(hits, prepend=0.0, axis=1) * below).sum(1)
    return np.where(pairs > 0, area / np.where(pairs > 0, pairs, 1), np.nan)


def per_class(
    score: Callable[[Ordered, Ordered], float],
    scores: Float[np.ndarray, "b k"],
    labels: Shaped[np.ndarray, "b k"],
) -> Float[np.ndarray, " k"]:
    """`average_precision` or `auroc` of each column, (k,); the mean of the former is mAP."""
    columns = range(np.shape(scores)[1])
    return np.array([score(scores[:, i], labels[:, i]) for i in columns])


def _running(
    scores: Ordered, labels: Flags, weights: Float[np.ndarray, "r b"]
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of the positives, and of all, from the best score down to each distinct score."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked: np.ndarray = np.asarray(scores)[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equals
    w = np.asarray(weights, np.float64)[:, order]
    positive = np.asarray(labels, np.float64)[order]
    return np.cumsum(w * positive, axis=1)[:, last], np.cumsum(w, axis=1)[:, last]


def srcc(a: Ordered, b: Ordered) -> float:
    """Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank."""
    from scipy import stats  # half a second of imports that most runs never need

    return plcc(stats.rankdata(a), stats.rankdata(b))


def plcc(a: Ordered, b: Ordered) -> float:
    """Pearson's correlation; 0 where either side is constant."""
    pair = (np.asarray(x, np.float64)[:, None] for x in (a, b))
    return float(moments.pcc(moments.moments(*pair))[0])


def krcc(a: Ordered, b: Ordered) -> float:
    """Kendall's tau-b; NaN where either side is constant."""
    from scipy import stats

    return float(stats.kendalltau(a, b).statistic)
