"""Scores of labels that may hold together, from 0/1 truth and 0/1 predictions."""

import numpy as np
from jaxtyping import Float, Real, Shaped

Sums = Real[np.ndarray | np.number, "*s"]
Labels = Shaped[np.ndarray, "b k"]  # true or 1, false or 0


def f1(labels: Labels, predicted: Labels, average: str = "macro") -> float:
    """2 TP / (true + predicted): "macro" over labels, "micro" of summed counts, "samples" by row.

    0 where nothing is true nor predicted, as in scikit-learn.

    Raises:
      ValueError: the average is not one of the three.
    """
    y, p = np.asarray(labels, np.float64), np.asarray(predicted, np.float64)
    if average not in ("macro", "micro", "samples"):
        raise ValueError(f"average={average!r}; allowed: 'macro', 'micro', 'samples'")
    axis = {"macro": 0, "micro": None, "samples": 1}[average]
    return float(np.mean(_ratio(2 * (y * p).sum(axis), y.sum(axis) + p.sum(axis))))


def jaccard(labels: Labels, predicted: Labels) -> float:
    """Mean over examples of |true and predicted| / |true or predicted|; 0 where both are empty.

    >>> jaccard(np.array([[1, 1, 0], [0, 1, 0]]), np.array([[1, 0, 0], [0, 1, 0]]))
    0.75
    """
    y, p = np.asarray(labels, bool), np.asarray(predicted, bool)
    return float(np.mean(_ratio((y & p).sum(1), (y | p).sum(1))))


def hamming(labels: Labels, predicted: Labels) -> float:
    """Share of the b x k labels that are wrong."""
    return float(np.mean(np.asarray(labels, bool) != np.asarray(predicted, bool)))


def _ratio(a: Sums, b: Sums) -> Float[np.ndarray, "*s"]:
    return np.where(b > 0, a / np.where(b > 0, b, 1), 0.0)
