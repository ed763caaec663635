"""Scores that need all examples at once: average precision, AUROC, rank correlations. NumPy."""

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import stats

Labels = Shaped[np.ndarray, " b"]
Values = Float[np.ndarray, " b"]


def average_precision(positive: Labels, score: Values) -> float:
    """Sum over thresholds of (recall step) x precision; equal scores are one threshold.

    The step sum, not interpolated, as scikit-learn's. NaN where nothing is positive.

    >>> average_precision(np.array([1, 0, 1]), np.array([0.9, 0.8, 0.7])).__round__(4)
    0.8333
    """
    y, s = _checked(positive, score)
    if not y.any():
        return float("nan")
    order = np.argsort(-s, kind="stable")
    last = np.r_[np.diff(s[order]) != 0, True]  # of each group of equal scores
    hits = np.cumsum(y[order])[last]
    seen = np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) / y.sum() * hits / seen).sum())


def auroc(positive: Labels, score: Values) -> float:
    """P(a positive scores above a negative), ties counting half (Mann & Whitney 1947).

    NaN where all examples are of one kind.

    >>> auroc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    0.875
    """
    y, s = _checked(positive, score)
    up, down = int(y.sum()), int((~y).sum())
    if not up or not down:
        return float("nan")
    ranks = stats.rankdata(s)
    return float((ranks[y].sum() - up * (up + 1) / 2) / (up * down))


def per_class(
    statistic, positive: Int[np.ndarray, "b k"], score: Float[np.ndarray, "b k"]
) -> Float[np.ndarray, " k"]:
    """`average_precision` or `auroc` of each column."""
    return np.array([statistic(y, s) for y, s in zip(positive.T, score.T, strict=True)])


def mean_average_precision(
    positive: Int[np.ndarray, "b k"], score: Float[np.ndarray, "b k"]
) -> float:
    """Mean average precision over the classes that occur; EMOTIC's mAP."""
    each = per_class(average_precision, positive, score)
    return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")


def srcc(prediction: Values, target: Values) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where a side is constant."""
    return plcc(stats.rankdata(prediction), stats.rankdata(target))


def plcc(prediction: Values, target: Values) -> float:
    """Pearson's correlation in float64; NaN where a side is constant.

    >>> plcc(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])).__round__(6)
    1.0
    """
    p, t = (np.asarray(x, np.float64) for x in (prediction, target))
    p, t = p - p.mean(), t - t.mean()
    spread = np.sqrt((p @ p) * (t @ t))
    return float(p @ t / spread) if spread > 0 else float("nan")


def krcc(prediction: Values, target: Values) -> float:
    """Kendall's tau-b, corrected for ties."""
    return float(stats.kendalltau(prediction, target).statistic)


def _checked(positive: Labels, score: Values) -> tuple[np.ndarray, np.ndarray]:
    y: np.ndarray = np.asarray(positive)
    s = np.asarray(score, np.float64)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1, not {np.setdiff1d(y, (0, 1)).tolist()}")
    if not np.isfinite(s).all():
        raise ValueError(f"scores must be finite; {int((~np.isfinite(s)).sum())} are not")
    return y.astype(bool), s
