"""Fréchet's distance between two sets of features: how far made pictures are from real ones."""

import numpy as np
from jaxtyping import Float


def distance(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of Gaussians fitted to both.

    Heusel et al. 2017 (arXiv 1706.08500), unbiased covariances. Of few examples it is too large:
    compare only sets of equal sizes.

    Raises:
      ValueError: fewer than two examples, other widths, or a number that is not finite.

    >>> x = np.array([[0.0], [2.0]])
    >>> distance(x, x + 3)
    9.0
    """
    (mean_a, cov_a), (mean_b, cov_b) = (_gaussian(np.asarray(x, np.float64)) for x in (a, b))
    if mean_a.shape != mean_b.shape:
        raise ValueError(f"features of {len(mean_a)} and of {len(mean_b)} numbers do not compare")
    root = _root(cov_a)
    cross = np.linalg.eigvalsh(root @ cov_b @ root)  # those of C_a C_b, which is not symmetric
    traces = np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    return float(max(((mean_a - mean_b) ** 2).sum() + traces, 0.0))


def _gaussian(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.ndim != 2 or len(x) < 2 or not np.isfinite(x).all():
        raise ValueError(f"features {list(x.shape)}: expected (n, d), n at least 2, all finite")
    return x.mean(0), np.atleast_2d(np.cov(x, rowvar=False))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
