"""Symmetric InfoNCE between two views of the same clips."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def similarity(
    a: Float[Array, "b n d"], b: Float[Array, "b m d"], temperature: float = 0.07
) -> Float[Array, "b b"]:
    """cos(mean of a's tokens, mean of b's tokens) / temperature for all pairs of clips.

    No projection and no epsilon in the norm (HiCMAE's official code).
    """
    return _unit(a.mean(axis=1)) @ _unit(b.mean(axis=1)).T / temperature


def info_nce(logits: Float[Array, "b b"], groups: int = 1) -> Float[Array, " b"]:
    """1/2 [CE(rows, diagonal) + CE(columns, diagonal)] of each clip (van den Oord et al. 2018).

    Args:
      logits: similarities, the pairs on the diagonal.
      groups: clips are negatives of each other only inside `groups` equal parts of the batch:
        "local" negatives, what g devices without a gather would compute. 1: "global".

    Raises:
      ValueError: the groups do not divide the batch.

    >>> import jax.numpy as jnp
    >>> float(info_nce(jnp.zeros((4, 4)))[0])  # log 4
    1.386...
    """
    size = logits.shape[0]
    if size % groups:
        raise ValueError(f"{groups} groups of negatives do not divide a batch of {size}")
    part = jnp.arange(size) // (size // groups)
    inside = jnp.where(part[:, None] == part[None, :], logits, -jnp.inf)
    pairs = jnp.diagonal(logits)
    rows = jax.nn.logsumexp(inside, axis=1) - pairs
    columns = jax.nn.logsumexp(inside, axis=0) - pairs
    return 0.5 * (rows + columns)


def _unit(x: Float[Array, "b d"]) -> Float[Array, "b d"]:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)
