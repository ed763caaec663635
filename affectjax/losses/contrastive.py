"""Symmetric InfoNCE between two views of the same clips."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affectjax.losses.weighting import Given


def similarity(
    a: Float[Given, "b n d"], b: Float[Given, "b m d"], temperature: float = 0.07
) -> Float[Array, "b b"]:
    """cos(mean of a's tokens, mean of b's tokens) / temperature for all pairs of clips.

    No projection and no epsilon in the norm (HiCMAE's official code). In float32.
    """
    mean_a, mean_b = (x.mean(axis=1, dtype=jnp.float32) for x in (a, b))
    return _unit(mean_a) @ _unit(mean_b).T / temperature


def info_nce(logits: Float[Given, "b b"]) -> Float[Array, " b"]:
    """1/2 [CE(rows, diagonal) + CE(columns, diagonal)] of each clip (van den Oord et al. 2018).

    `logits` are similarities, the pairs on the diagonal.

    >>> import jax.numpy as jnp
    >>> float(info_nce(jnp.zeros((4, 4)))[0])  # log 4
    1.386...
    """
    pairs = jnp.diagonal(logits)
    rows = jax.nn.logsumexp(logits, axis=1) - pairs
    columns = jax.nn.logsumexp(logits, axis=0) - pairs
    return 0.5 * (rows + columns)


def between(
    a: Float[Given, "b n d"], b: Float[Given, "b m d"], temperature: float = 0.07, groups: int = 1
) -> Float[Array, " b"]:
    """`info_nce` of the `similarity` of clips with the clips of their part of the batch.

    Args:
      groups: 1: every clip of the global batch is a negative ("global"); g: only those of the same
        one of g equal parts ("local"), what g devices compute that exchange nothing. The number is
        the config's and not the mesh's, so a run keeps its loss on other devices; where the data
        axes of the mesh divide it, no feature leaves its device.

    Raises:
      ValueError: the groups do not divide the batch.

    >>> import jax.numpy as jnp
    >>> x = jnp.ones((4, 1, 2))
    >>> float(between(x, x)[0]), float(between(x, x, groups=2)[0])  # log 4, log 2
    (1.386..., 0.693...)
    """
    size = a.shape[0]
    if size % groups:
        raise ValueError(f"{groups} groups of negatives do not divide a batch of {size}")
    parts = [x.reshape(groups, size // groups, *x.shape[1:]) for x in (a, b)]
    return jax.vmap(lambda x, y: info_nce(similarity(x, y, temperature)))(*parts).reshape(size)


def _unit(x: Float[Given, "b d"]) -> Float[Array, "b d"]:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)
