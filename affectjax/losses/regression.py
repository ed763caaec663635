"""Losses of dimensional affect. All take `weights` of the examples, such as `valid`."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affectjax.losses import weighting
from affectjax.losses.weighting import Given, Weights

LEVELS = (0.025, 0.975)  # the quantiles that hold 95% between them
Values = Float[Given, "b d"]


def mse(prediction: Values, target: Values, weights: Weights = None) -> Float[Array, ""]:
    """Mean squared error over examples and dimensions."""
    return weighting.mean((prediction - target) ** 2, weights)


def l1(prediction: Values, target: Values, weights: Weights = None) -> Float[Array, ""]:
    """Mean absolute error over examples and dimensions."""
    return weighting.mean(jnp.abs(prediction - target), weights)


def smooth_l1(
    prediction: Values, target: Values, beta: float = 1.0, weights: Weights = None
) -> Float[Array, ""]:
    """Huber's loss in torch's form: e^2 / (2 beta) where |e| < beta, else |e| - beta / 2.

    >>> import jax.numpy as jnp
    >>> float(smooth_l1(jnp.array([[0.5], [3.0]]), jnp.zeros((2, 1))))  # (0.125 + 2.5) / 2
    1.3125
    """
    error = jnp.abs(prediction - target)
    each = jnp.where(error < beta, 0.5 * error**2 / beta, error - 0.5 * beta)
    return weighting.mean(each, weights)


def pinball(
    prediction: Values, target: Values, share: float, weights: Weights = None
) -> Float[Array, ""]:
    """max(share e, (share - 1) e) with e = target - prediction, mean over examples and dimensions.

    Least where `share` of the targets lie below the prediction (Koenker & Bassett 1978).

    >>> import jax.numpy as jnp
    >>> float(pinball(jnp.zeros((2, 1)), jnp.array([[1.0], [-1.0]]), 0.75))  # (0.75 + 0.25) / 2
    0.5
    """
    error = target - prediction
    return weighting.mean(jnp.maximum(share * error, (share - 1) * error), weights)


def pinballs(
    median: Values, low: Values, high: Values, target: Values, weights: Weights = None
) -> Float[Array, ""]:
    """Sum of the `pinball` losses of the median and of the ends that LEVELS names."""
    parts = zip((0.5, *LEVELS), (median, low, high), strict=True)
    return sum((pinball(p, target, q, weights) for q, p in parts), jnp.zeros(()))


def gaussian_nll(
    mean: Values, log_variance: Values, target: Values, weights: Weights = None
) -> Float[Array, ""]:
    """-log N(target; mean, exp(log_variance)) without its constant, averaged.

    For heads that also predict how sure they are (Nix & Weigend 1994).
    """
    each = 0.5 * (log_variance + (target - mean) ** 2 * jnp.exp(-log_variance))
    return weighting.mean(each, weights)
