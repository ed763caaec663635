"""Ridge regression on frozen features, its strength chosen inside the training folds alone."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

STRENGTHS = tuple(10.0**e for e in range(-2, 7))


def fit(
    features: Float[np.ndarray, "n f"], targets: Float[np.ndarray, "n d"], strength: float
) -> tuple[Float[np.ndarray, "f d"], Float[np.ndarray, " d"]]:
    """Weights W and bias b of the least |y - x W - b|^2 + strength |W|^2, summed over rows.

    Solved by the n x n system, for features are many and rows few.

    >>> w, b = fit(np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]]), 2.0)
    >>> w.tolist(), b.tolist()  # slope 2 (2 / (2 + 2)) = 1 about the means (1, 3)
    ([[1.0]], [2.0])
    """
    x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    mean, centre = x.mean(0), y.mean(0)
    dual = np.linalg.solve((x - mean) @ (x - mean).T + strength * np.eye(len(x)), y - centre)
    weights = (x - mean).T @ dual
    return weights, centre - mean @ weights


def nested(
    features: Float[np.ndarray, "n f"],
    targets: Float[np.ndarray, "n d"],
    fold: Int[np.ndarray, " n"],
    strengths: Sequence[float] = STRENGTHS,
) -> tuple[Float[np.ndarray, "n d"], list[list[float]]]:
    """What each row is predicted by the other folds, and the strengths chosen, by fold and target.

    In each round one fold is tested; of the others each is predicted by the rest at every strength,
    and that of the least squared error fits them all. Features are standardised by the rows that
    fit. Keep what belongs together (pictures of a theme, clips of a person) in one fold.

    Raises:
      ValueError: fewer than three folds.
    """
    names = np.unique(fold)
    if len(names) < 3:
        raise ValueError(
            f"{len(names)} folds: one to test, and two or more to choose by, are needed"
        )
    x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    said, chosen = np.empty_like(y), []
    for tested in names:
        errors = np.zeros((len(strengths), y.shape[1]))
        for held in names[names != tested]:
            rows, new = (fold != tested) & (fold != held), fold == held
            for i, strength in enumerate(strengths):
                errors[i] += ((_told(x, y, rows, new, strength) - y[new]) ** 2).sum(0)
        best = errors.argmin(0)
        rows, new = fold != tested, fold == tested
        for i in np.unique(best):  # targets of one strength at once
            said[np.ix_(new, best == i)] = _told(x, y[:, best == i], rows, new, strengths[i])
        chosen.append([strengths[i] for i in best])
    return said, chosen


def _told(x: np.ndarray, y: np.ndarray, rows: np.ndarray, new: np.ndarray, s: float) -> np.ndarray:
    mean, spread = x[rows].mean(0), x[rows].std(0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    weights, bias = fit((x[rows] - mean) / spread, y[rows], s)
    return (x[new] - mean) / spread @ weights + bias
