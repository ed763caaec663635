"""First and second moments of pairs, and what follows from them: CCC, PCC, RMSE.

One definition each, for numpy (float64 stays float64) and jax arrays alike; `Moments` of parts of
the data merge into the moments of the whole, so no batch size changes a number.
"""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

Array = jax.Array | np.ndarray | np.floating


@flax.struct.dataclass
class Moments:
    """Weighted count, means, and sums of squared and crossed deviations, per dimension d.

    Deviations are kept about the running mean (Chan, Golub & LeVeque 1983), so float32 does not
    cancel as sums of squares would.

    Attributes:
      square_p, square_t, cross: sums of (p - mean_p)^2, (t - mean_t)^2 and their product.
      error2, error1: sums of (p - t)^2 and |p - t|.
    """

    count: Float[Array, "..."]
    mean_p: Float[Array, "*s d"]
    mean_t: Float[Array, "*s d"]
    square_p: Float[Array, "*s d"]
    square_t: Float[Array, "*s d"]
    cross: Float[Array, "*s d"]
    error2: Float[Array, "*s d"]
    error1: Float[Array, "*s d"]

    def merge(self, other: "Moments") -> "Moments":
        """Moments of both parts together."""
        n = self.count + other.count
        share = other.count / _or_one(n)
        gap_p, gap_t = other.mean_p - self.mean_p, other.mean_t - self.mean_t
        weight = self.count * share
        return Moments(
            count=n,
            mean_p=self.mean_p + gap_p * share,
            mean_t=self.mean_t + gap_t * share,
            square_p=self.square_p + other.square_p + gap_p**2 * weight,
            square_t=self.square_t + other.square_t + gap_t**2 * weight,
            cross=self.cross + other.cross + gap_p * gap_t * weight,
            error2=self.error2 + other.error2,
            error1=self.error1 + other.error1,
        )


def moments(
    prediction: Float[Array, "b d"],
    target: Float[Array, "b d"],
    weights: Float[Array, "b *d"] | None = None,
) -> Moments:
    """Moments of a batch; rows of weight 0 do not count, whatever they hold.

    Weights of each row, or of each row and dimension: `count` is then of each dimension, too.
    """
    xp = _namespace(prediction, target)
    w = xp.ones_like(prediction[:, 0]) if weights is None else xp.asarray(weights, prediction.dtype)
    count = w.sum(0)
    w = w[:, None] if w.ndim == 1 else w
    total = _or_one(count)
    # where, not *: a padded row may hold anything, also NaN.
    p, t = xp.where(w > 0, prediction, 0), xp.where(w > 0, target, 0)
    mean_p, mean_t = (w * p).sum(0) / total, (w * t).sum(0) / total
    p0, t0, e = p - mean_p, t - mean_t, p - t
    sums = [(w * x).sum(0) for x in (p0**2, t0**2, p0 * t0, e**2, xp.abs(e))]
    return Moments(count, mean_p, mean_t, *sums)


def summands(
    prediction: Float[np.ndarray, "b d"], target: Float[np.ndarray, "b d"]
) -> Float[np.ndarray, "b 7 d"]:
    """1, p, t, p^2, t^2, p t and |p - t| of each row, whose sums `from_sums` takes."""
    p, t = prediction, target
    return np.stack([np.ones_like(p), p, t, p**2, t**2, p * t, np.abs(p - t)], axis=1)


def from_sums(sums: Float[Array, "*s 7 d"]) -> Moments:
    """Moments from plain sums of 1, p, t, p^2, t^2, p t and |p - t|, as resampling adds them.

    Sum about a common point near the data's mean, in float64: these do cancel.
    """
    n, p, t, pp, tt, pt, error1 = (sums[..., i, :] for i in range(7))
    total = _or_one(n)
    squares = (pp - p * p / total, tt - t * t / total, pt - p * t / total)
    return Moments(n, p / total, t / total, *squares, pp + tt - 2 * pt, error1)


def ccc(
    m: Moments,
    unbiased: bool = True,
    unbiased_covariance: bool | None = None,
    epsilon: float = 0.0,
) -> Float[Array, "*s d"]:
    """Concordance 2 cov / (var_p + var_t + (mean_p - mean_t)^2) (Lin 1989).

    Unbiased moments (n - 1) by default, as HiCMAE's metric and torchmetrics; population moments
    otherwise, as HiCMAE's loss. `unbiased_covariance` True beside `unbiased` False is CAGE's
    evaluation. 0 where either side is constant; `epsilon`, for losses, is added to the
    denominator instead and keeps the gradient that leads away from constant predictions.

    >>> m = moments(np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]]))
    >>> ccc(m).tolist(), ccc(m, unbiased=False).tolist()  # 2*1/(.5+2+.25), 2*.5/(.25+1+.25)
    ([0.7272727272727273], [0.6666666666666666])
    """
    both = unbiased if unbiased_covariance is None else unbiased_covariance
    spread = (m.square_p + m.square_t) / _freedom(m, unbiased) + (m.mean_p - m.mean_t) ** 2
    above = 2 * m.cross / _freedom(m, both)
    return above / (spread + epsilon) if epsilon else _unless_constant(m, above, spread)


def pcc(m: Moments, epsilon: float = 0.0) -> Float[Array, "*s d"]:
    """Pearson's correlation; 0 where either side is constant.

    `epsilon`, for losses, is added to the product of the standard deviations instead.
    """
    n = _or_one(m.count)
    xp = _namespace(m.square_p)
    product = m.square_p / n * (m.square_t / n)
    deviations = xp.sqrt(_or_one(product))  # of a positive number, whose gradient is finite
    if epsilon:
        return m.cross / n / (xp.where(product > 0, deviations, 0.0) + epsilon)
    return _unless_constant(m, m.cross / n, deviations)


def mse(m: Moments) -> Float[Array, "*s d"]:
    """Mean squared error."""
    return m.error2 / _or_one(m.count)


def rmse(m: Moments) -> Float[Array, "*s d"]:
    """Root of the mean squared error."""
    xp = _namespace(m.error2)
    return xp.sqrt(xp.maximum(mse(m), 0.0))


def mae(m: Moments) -> Float[Array, "*s d"]:
    """Mean absolute error."""
    return m.error1 / _or_one(m.count)


def r2(m: Moments) -> Float[Array, "*s d"]:
    """1 - squared error / spread of the target; of a constant target 1 if it is met, else 0."""
    xp = _namespace(m.error2)
    constant = xp.where(m.error2 > 0, 0.0, 1.0)
    return xp.where(m.square_t > 0, 1 - m.error2 / _or_one(m.square_t), constant)


def _unless_constant(m: Moments, above: Array, below: Array) -> Array:
    varies: Any = _varies(m.square_p, m.mean_p, m.count)
    varies &= _varies(m.square_t, m.mean_t, m.count)
    return _namespace(above).where(varies, above / _or_one(below), 0.0)


def _varies(square: Array, mean: Array, count: Array) -> Any:
    """Whether deviations exceed the rounding of the mean, so that equal numbers count as equal."""
    rounding = 4 * float(np.finfo(square.dtype).eps)
    return square > count * (rounding * mean) ** 2


def _freedom(m: Moments, unbiased: bool) -> Array:
    return _namespace(m.count).maximum(m.count - 1.0, 1.0) if unbiased else _or_one(m.count)


def _or_one(x: Array) -> Array:
    """x where it is positive, else 1: a denominator that cannot fail."""
    return _namespace(x).where(x > 0, x, 1.0)


def _namespace(*arrays: Array):
    return np if all(isinstance(a, np.ndarray | np.generic) for a in arrays) else jnp
