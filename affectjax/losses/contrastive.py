"""Symmetric InfoNCE between two views of the same clips."""

import math
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec
from jaxtyping import Array, Float

from affectjax import batch as batch_lib
from affectjax.losses.weighting import Given


def similarity(
    a: Float[Given, "b n d"], b: Float[Given, "b m d"], temperature: float = 0.07
) -> Float[Array, "b b"]:
    """cos(mean of a's tokens, mean of b's tokens) / temperature for all pairs of clips.

    No projection and no epsilon in the norm (HiCMAE's official code). In float32.
    """
    return _direction(a) @ _direction(b).T / temperature


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

    Where the mesh in use (`jax.set_mesh`) splits the batch, global negatives are gathered one axis
    after the other (`_spread`), to the same value.

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
    if groups == 1 and (axes := _splitting(size)):
        rows = PartitionSpec(axes)
        spread = partial(_spread, temperature=temperature, axes=axes)
        both = jax.shard_map(spread, in_specs=(rows, rows), out_specs=rows, axis_names={*axes})
        return both(_direction(a), _direction(b))
    parts = [x.reshape(groups, size // groups, *x.shape[1:]) for x in (a, b)]
    return jax.vmap(lambda x, y: info_nce(similarity(x, y, temperature)))(*parts).reshape(size)


def _splitting(size: int) -> tuple[str, ...]:
    """The axes of the mesh in use that split a batch of `size` rows; none without a mesh."""
    shape = jax.sharding.get_abstract_mesh().shape
    axes = tuple(axis for axis in batch_lib.AXES if shape.get(axis, 1) > 1)
    return () if size % math.prod(shape[axis] for axis in axes) else axes


def _spread(
    a: Float[Array, "r d"], b: Float[Array, "r d"], temperature: float, axes: Sequence[str]
) -> Float[Array, " r"]:
    """`info_nce` of this device's clips with those of all devices of `axes`.

    The directions of b are gathered along one axis after the other, and so are their gradients
    scattered: of a gather over two axes at once libtpu 0.0.42.1 makes a sum, twice the bytes. Of
    the columns' sums each device adds up its rows, so that a need not be gathered.
    """
    every = b
    for axis in reversed(axes):
        every = lax.all_gather(every, axis, tiled=True)
    logits = a @ every.T / temperature
    pairs = (a * b).sum(-1) / temperature
    highest = lax.pmax(lax.stop_gradient(logits).max(axis=0), axes)
    columns = highest + jnp.log(lax.psum(jnp.exp(logits - highest).sum(axis=0), axes))
    own = lax.dynamic_slice_in_dim(columns, lax.axis_index(axes) * len(a), len(a))
    return 0.5 * (jax.nn.logsumexp(logits, axis=1) + own) - pairs


def _direction(tokens: Float[Given, "b n d"]) -> Float[Array, "b d"]:
    """The mean token of each clip, of length 1, in float32."""
    mean = tokens.mean(axis=1, dtype=jnp.float32)
    return mean / jnp.linalg.norm(mean, axis=-1, keepdims=True)
