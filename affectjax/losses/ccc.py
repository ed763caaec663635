"""Correlation losses over a batch: 1 - CCC and 1 - PCC."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def ccc_loss(
    prediction: Float[Array, "b d"], target: Float[Array, "b d"], unbiased: bool = False
) -> Float[Array, ""]:
    """1 - CCC over the batch, averaged over the dimensions d (Lin 1989).

    CCC = 2 cov / (var_p + var_t + (mean_p - mean_t)^2). Population moments by default, as in
    HiCMAE's loss; `unbiased` uses n - 1 throughout, as CAGE's.

    >>> import jax.numpy as jnp
    >>> x = jnp.array([[0.0], [1.0]])
    >>> float(ccc_loss(x, x)), float(ccc_loss(x, 1 - x))
    (0.0, 2.0)
    """
    ddof = 1 if unbiased else 0
    cov, var_p, var_t = _moments(prediction, target, ddof)
    gap = prediction.mean(0) - target.mean(0)
    return jnp.mean(1 - 2 * cov / (var_p + var_t + gap**2 + _TINY))


def pcc_loss(prediction: Float[Array, "b d"], target: Float[Array, "b d"]) -> Float[Array, ""]:
    """1 - Pearson's correlation over the batch, averaged over the dimensions d.

    HiCMAE's: cov / (sd_p sd_t + 1e-6), population moments.
    """
    cov, var_p, var_t = _moments(prediction, target, 0)
    spread = jnp.sqrt(var_p + _TINY**2) * jnp.sqrt(var_t + _TINY**2)
    return jnp.mean(1 - cov / (spread + 1e-6))


# Keeps constant predictions finite: their correlation counts as 0.
_TINY = 1e-12


def _moments(a: Array, b: Array, ddof: int) -> tuple[Array, Array, Array]:
    n = a.shape[0] - ddof
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / n, (a * a).sum(0) / n, (b * b).sum(0) / n
