"""Scores of an order, which need all samples at once: offline, in float64."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from affectjax.metrics import moments

Ordered = Float[np.ndarray, " b"]


def average_precision(scores: Ordered, labels: Bool[np.ndarray, " b"]) -> float:
    """Sum over thresholds of (recall gained) x precision, without interpolation.

    Equal scores enter together. 0 without a positive label, as in scikit-learn.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]))  # 1/2 1 + 1/2 2/3
    0.8333333333333333
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked: np.ndarray = np.asarray(scores)[order]
    labels = np.asarray(labels, np.float64)[order]
    if labels.sum() == 0:
        return 0.0
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equals
    hits = np.cumsum(labels)[last]
    return float((np.diff(hits, prepend=0.0) * hits / (last + 1)).sum() / labels.sum())


def auroc(scores: Ordered, labels: Bool[np.ndarray, " b"]) -> float:
    """Probability that a positive outranks a negative, ties counting half (Mann & Whitney 1947).

    NaN where the labels are all alike.

    >>> auroc(np.array([0.9, 0.5, 0.5]), np.array([1, 1, 0]))
    0.75
    """
    positive = np.asarray(labels, bool)
    n, m = int(positive.sum()), int((~positive).sum())
    if n == 0 or m == 0:
        return float("nan")
    ranks = stats.rankdata(scores)
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def per_class(
    score: Callable[[Ordered, Ordered], float],
    scores: Float[np.ndarray, "b k"],
    labels: Bool[np.ndarray, "b k"],
) -> Float[np.ndarray, " k"]:
    """`average_precision` or `auroc` of each column, (k,); the mean of the former is mAP."""
    columns = range(np.shape(scores)[1])
    return np.array([score(scores[:, i], labels[:, i]) for i in columns])


def srcc(a: Ordered, b: Ordered) -> float:
    """Spearman's correlation: Pearson's of the ranks, equal values sharing their mean rank."""
    return plcc(stats.rankdata(a), stats.rankdata(b))


def plcc(a: Ordered, b: Ordered) -> float:
    """Pearson's correlation; 0 where either side is constant."""
    pair = (np.asarray(x, np.float64)[:, None] for x in (a, b))
    return float(moments.pcc(moments.moments(*pair))[0])


def krcc(a: Ordered, b: Ordered) -> float:
    """Kendall's tau-b; NaN where either side is constant."""
    return float(stats.kendalltau(a, b).statistic)
