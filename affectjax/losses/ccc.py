"""Correlation losses over a batch: 1 - CCC and 1 - PCC, from the moments of `metrics.moments`."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affectjax.losses import regression
from affectjax.losses.weighting import Given, Weights
from affectjax.metrics import moments

# HiCMAE's, beside the product of the standard deviations; its CCC loss has none.
_EPSILON_PCC = 1e-6
# Where prediction and target are constant and equal.
_TINY = 1e-12


def ccc_loss(
    prediction: Float[Given, "b d"],
    target: Float[Given, "b d"],
    unbiased: bool = False,
    weights: Weights = None,
) -> Float[Array, ""]:
    """1 - CCC over the batch, averaged over the dimensions d (Lin 1989).

    CCC = 2 cov / (var_p + var_t + (mean_p - mean_t)^2). Population moments by default, as in
    HiCMAE's loss; `unbiased` uses n - 1 throughout, as CAGE's (weights are then counts).

    >>> import jax.numpy as jnp
    >>> x = jnp.array([[0.0], [1.0]])
    >>> float(ccc_loss(x, x)), float(ccc_loss(x, 1 - x))
    (0.0, 2.0)
    """
    m = moments.moments(jnp.asarray(prediction), jnp.asarray(target), weights)
    return jnp.mean(1 - moments.ccc(m, unbiased, epsilon=_TINY))


def ccc_loss_unbiased(
    prediction: Float[Given, "b d"], target: Float[Given, "b d"], weights: Weights = None
) -> Float[Array, ""]:
    """`ccc_loss` with unbiased moments, the one CAGE trains with."""
    return ccc_loss(prediction, target, unbiased=True, weights=weights)


def mse_ccc(
    prediction: Float[Given, "b d"],
    target: Float[Given, "b d"],
    beta: float = 3.0,
    weights: Weights = None,
) -> Float[Array, ""]:
    """CAGE's loss of valence and arousal: the sum over dimensions of beta MSE - CCC (unbiased).

    Its code: 3 of the squared error and the concordance without the 1 of `ccc_loss`.

    >>> import jax.numpy as jnp
    >>> x = jnp.array([[0.0, 1.0], [1.0, 0.0]])
    >>> float(mse_ccc(x, x))
    -2.0
    """
    p, t = jnp.asarray(prediction), jnp.asarray(target)
    concordance = 1 - ccc_loss(p, t, unbiased=True, weights=weights)
    return p.shape[-1] * (beta * regression.mse(p, t, weights) - concordance)


def pcc_loss(
    prediction: Float[Given, "b d"], target: Float[Given, "b d"], weights: Weights = None
) -> Float[Array, ""]:
    """1 - Pearson's correlation over the batch, averaged over the dimensions d.

    cov / (sd_p sd_t + 1e-6) with population moments, as HiCMAE's loss (regression_metrics.py).
    Constant predictions count as 0, with a finite gradient.
    """
    m = moments.moments(jnp.asarray(prediction), jnp.asarray(target), weights)
    return jnp.mean(1 - moments.pcc(m, epsilon=_EPSILON_PCC))
