"""Losses of dimensional affect."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def mse(prediction: Float[Array, "b d"], target: Float[Array, "b d"]) -> Float[Array, ""]:
    """Mean squared error over examples and dimensions."""
    return jnp.mean((prediction - target) ** 2)


def l1(prediction: Float[Array, "b d"], target: Float[Array, "b d"]) -> Float[Array, ""]:
    """Mean absolute error over examples and dimensions."""
    return jnp.mean(jnp.abs(prediction - target))


def smooth_l1(
    prediction: Float[Array, "b d"], target: Float[Array, "b d"], beta: float = 1.0
) -> Float[Array, ""]:
    """Huber's loss in torch's form: e^2 / (2 beta) where |e| < beta, else |e| - beta / 2.

    >>> import jax.numpy as jnp
    >>> float(smooth_l1(jnp.array([[0.5], [3.0]]), jnp.zeros((2, 1))))  # (0.125 + 2.5) / 2
    1.3125
    """
    error = jnp.abs(prediction - target)
    return jnp.mean(jnp.where(error < beta, 0.5 * error**2 / beta, error - 0.5 * beta))


def gaussian_nll(
    mean: Float[Array, "b d"], log_variance: Float[Array, "b d"], target: Float[Array, "b d"]
) -> Float[Array, ""]:
    """-log N(target; mean, exp(log_variance)) without its constant, averaged.

    For heads that also predict how sure they are (Nix & Weigend 1994).
    """
    return jnp.mean(0.5 * (log_variance + (target - mean) ** 2 * jnp.exp(-log_variance)))
