"""Attention inside windows of a map: cutting, and biases by relative position (Swin, MaxViT)."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int


def partition(x: Float[Array, "b h w d"], side: int) -> Float[Array, "k n d"]:
    """Windows of side x side neighbours, the k = b (h / side)(w / side) of them row by row.

    Raises:
      ValueError: the map does not divide into windows.
    """
    grid = _split(x, side, "windows").transpose(0, 1, 3, 2, 4, 5)
    return grid.reshape(-1, side * side, x.shape[-1])


def unpartition(
    windows: Float[Array, "k n d"], side: int, shape: tuple[int, int]
) -> Float[Array, "b h w d"]:
    """The map of `shape` (h, w) that `partition` cut."""
    h, w = shape
    grid = windows.reshape(-1, h // side, w // side, side, side, windows.shape[-1])
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(-1, h, w, windows.shape[-1])


def grid_partition(x: Float[Array, "b h w d"], side: int) -> Float[Array, "k n d"]:
    """Groups of side x side places evenly spread over the map (MaxViT's grid)."""
    h, w = x.shape[1:3]
    if h % side or w % side:
        raise ValueError(f"a map of {h}x{w} does not divide into a grid of {side}x{side}")
    grid = x.reshape(-1, side, h // side, side, w // side, x.shape[-1])
    return grid.transpose(0, 2, 4, 1, 3, 5).reshape(-1, side * side, x.shape[-1])


def grid_unpartition(
    groups: Float[Array, "k n d"], side: int, shape: tuple[int, int]
) -> Float[Array, "b h w d"]:
    """The map of `shape` (h, w) that `grid_partition` cut."""
    h, w = shape
    grid = groups.reshape(-1, h // side, w // side, side, side, groups.shape[-1])
    return grid.transpose(0, 3, 1, 4, 2, 5).reshape(-1, h, w, groups.shape[-1])


def relative_index(side: int) -> Int[np.ndarray, "n n"]:
    """Row of a table ((2 side - 1)^2, heads) for each pair (query, key) of a window.

    The row is (dy + side - 1)(2 side - 1) + dx + side - 1 with d = query - key.

    >>> relative_index(2)[0].tolist()
    [4, 3, 1, 0]
    """
    y, x = (a.ravel() for a in np.mgrid[:side, :side])
    dy, dx = y[:, None] - y[None], x[:, None] - x[None]
    return (dy + side - 1) * (2 * side - 1) + dx + side - 1


def relative_bias(table: Float[Array, "m h"], side: int) -> Float[Array, "h n n"]:
    """The bias of each head and pair of places, looked up in a table."""
    return jnp.take(table, jnp.asarray(relative_index(side)), axis=0).transpose(2, 0, 1)


def apart(shape: tuple[int, int], side: int, shift: int) -> Bool[np.ndarray, "k n n"]:
    """True for pairs of a window that were no neighbours before the map was rolled by -shift."""
    h, w = shape
    region = np.zeros((1, h, w, 1), np.int32)
    cuts = (slice(0, -side), slice(-side, -shift), slice(-shift, None))
    for i, rows in enumerate(cuts):
        for j, columns in enumerate(cuts):
            region[:, rows, columns] = 3 * i + j
    grid = region.reshape(h // side, side, w // side, side).transpose(0, 2, 1, 3)
    label = grid.reshape(-1, side * side)
    return label[:, :, None] != label[:, None, :]


def _split(x: Float[Array, "b h w d"], side: int, word: str) -> Float[Array, "b i n j n d"]:
    b, h, w, d = x.shape
    if h % side or w % side:
        raise ValueError(f"a map of {h}x{w} does not divide into {word} of {side}x{side}")
    return x.reshape(b, h // side, side, w // side, side, d)
