"""Distance between distributions over categories, of each example: raters' and predicted ones."""

from jax.scipy.special import rel_entr, xlogy
from jaxtyping import Array, Float


def kl(target: Float[Array, "*b k"], predicted: Float[Array, "*b k"]) -> Float[Array, "*b"]:
    """sum_k q_k log(q_k / p_k) in nats; infinite where p is 0 and q is not.

    >>> import jax.numpy as jnp
    >>> round(float(kl(jnp.array([1.0, 0.0]), jnp.array([0.5, 0.5]))), 4)  # log 2
    0.6931
    """
    return rel_entr(target, predicted).sum(-1)


def js(a: Float[Array, "*b k"], b: Float[Array, "*b k"]) -> Float[Array, "*b"]:
    """Jensen-Shannon divergence in nats, 0 to log 2 (Lin 1991): scipy's distance squared."""
    middle = (a + b) / 2
    return (kl(a, middle) + kl(b, middle)) / 2


def soft_cross_entropy(
    target: Float[Array, "*b k"], predicted: Float[Array, "*b k"]
) -> Float[Array, "*b"]:
    """-sum_k q_k log p_k in nats; the entropy of q more than `kl`."""
    return -xlogy(target, predicted).sum(-1)
