"""Clips cut into tokens, and the choice of tokens that a masked model sees."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def video_patches(
    frames: Float[Array, "b t h w c"], tubelet: int, patch: int
) -> Float[Array, "b n p"]:
    """Cut a clip into tubelets: token order (time, row, column), inside (frame, row, col, c).

    Raises:
      ValueError: the clip does not divide into tubelets.
    """
    b, t, h, w, c = frames.shape
    if t % tubelet or h % patch or w % patch:
        raise ValueError(f"frames {t}x{h}x{w} do not divide into {tubelet}x{patch}x{patch}")
    grid = frames.reshape(b, t // tubelet, tubelet, h // patch, patch, w // patch, patch, c)
    grid = grid.transpose(0, 1, 3, 5, 2, 4, 6, 7)
    return grid.reshape(b, -1, tubelet * patch * patch * c)


def audio_patches(
    log_mel: Float[Array, "b n m"], patch: int | Sequence[int]
) -> Float[Array, "b k p"]:
    """Cut a log-mel into patches: token order (time, frequency), inside (row, bin).

    `patch` is the side of a square (HiCMAE: 16), or (rows, bins).

    Raises:
      ValueError: the log-mel does not divide into patches.
    """
    rows, bins = (patch, patch) if isinstance(patch, int) else patch
    b, n, m = log_mel.shape
    if n % rows or m % bins:
        raise ValueError(f"a log-mel of {n}x{m} does not divide into patches of {rows}x{bins}")
    grid = log_mel.reshape(b, n // rows, rows, m // bins, bins).transpose(0, 1, 3, 2, 4)
    return grid.reshape(b, -1, rows * bins)


def split_mask(
    mask: Bool[Array, "b n"], masked: int
) -> tuple[Int[Array, "b v"], Int[Array, "b k"]]:
    """Indices of the visible and of the masked tokens, each in ascending order.

    `masked` is the number of True in every row: it must be static, so shapes are.
    """
    order = jnp.argsort(mask, axis=1, stable=True)
    visible = mask.shape[1] - masked
    return order[:, :visible], order[:, visible:]


def gather(x: Float[Array, "b n d"], index: Int[Array, "b v"]) -> Float[Array, "b v d"]:
    """Rows `index` of each example; x may have a batch of one."""
    x = jnp.broadcast_to(x, (index.shape[0], *x.shape[1:]))
    return jnp.take_along_axis(x, index[..., None], axis=1)
