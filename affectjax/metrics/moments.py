"""First and second moments of pairs, and what follows from them: CCC, PCC, RMSE.

One definition each; a `Moments` of parts of the data merge into the moments of the whole, so no
batch size changes a number.
"""

import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Float


@flax.struct.dataclass
class Moments:
    """Weighted count, means, and sums of squared and crossed deviations, per dimension d.

    Deviations are kept about the running mean (Chan, Golub & LeVeque 1983), so float32 does not
    cancel as sums of squares would.
    """

    count: Float[Array, ""]
    mean_p: Float[Array, " d"]
    mean_t: Float[Array, " d"]
    square_p: Float[Array, " d"]
    square_t: Float[Array, " d"]
    cross: Float[Array, " d"]
    error2: Float[Array, " d"]
    error1: Float[Array, " d"]

    def merge(self, other: "Moments") -> "Moments":
        """Moments of both parts together."""
        n = self.count + other.count
        share = other.count / jnp.maximum(n, 1.0)
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
    weights: Float[Array, " b"] | None = None,
) -> Moments:
    """Moments of a batch; rows of weight 0 do not count."""
    w = jnp.ones(prediction.shape[0]) if weights is None else jnp.asarray(weights, jnp.float32)
    w = w[:, None]
    count = w.sum()
    total = jnp.maximum(count, 1.0)
    # where, not *: a padded row may hold anything, also NaN.
    p, t = jnp.where(w > 0, prediction, 0), jnp.where(w > 0, target, 0)
    mean_p, mean_t = (w * p).sum(0) / total, (w * t).sum(0) / total
    p0, t0, e = p - mean_p, t - mean_t, p - t
    sums = [(w * x).sum(0) for x in (p0**2, t0**2, p0 * t0, e**2, jnp.abs(e))]
    return Moments(count, mean_p, mean_t, *sums)


def ccc(m: Moments, unbiased: bool = True) -> Float[Array, " d"]:
    """Concordance 2 cov / (var_p + var_t + (mean_p - mean_t)^2) (Lin 1989).

    Unbiased moments (n - 1) by default, as HiCMAE's metric; population moments otherwise, as in
    its loss and in torchmetrics. Constant equal pairs give 0.
    """
    n = jnp.maximum(m.count - (1.0 if unbiased else 0.0), 1.0)
    spread = (m.square_p + m.square_t) / n + (m.mean_p - m.mean_t) ** 2
    return jnp.where(spread > 0, 2 * m.cross / n / jnp.where(spread > 0, spread, 1.0), 0.0)


def pcc(m: Moments) -> Float[Array, " d"]:
    """Pearson's correlation; 0 where either side is constant."""
    spread = m.square_p * m.square_t
    return jnp.where(spread > 0, m.cross / jnp.sqrt(jnp.where(spread > 0, spread, 1.0)), 0.0)


def rmse(m: Moments) -> Float[Array, " d"]:
    """Root of the mean squared error."""
    return jnp.sqrt(m.error2 / jnp.maximum(m.count, 1.0))


def mae(m: Moments) -> Float[Array, " d"]:
    """Mean absolute error."""
    return m.error1 / jnp.maximum(m.count, 1.0)


def r2(m: Moments) -> Float[Array, " d"]:
    """1 - squared error / spread of the target."""
    return 1 - m.error2 / m.square_t
