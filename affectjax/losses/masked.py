"""Reconstruction targets and losses of masked auto-encoders, as in HiCMAE's training loop."""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

Target = Literal["plain", "framediff", "unnormalised"]
EPS = 1e-6


def normalise_patches(patches: Float[Array, "*b p"]) -> Float[Array, "*b p"]:
    """(x - mean) / (std + 1e-6) of each patch, std with the unbiased variance; constant -> 0.

    >>> import jax.numpy as jnp
    >>> normalise_patches(jnp.array([[1.0, 3.0], [5.0, 5.0]])).round(3).tolist()
    [[-0.707..., 0.707...], [0.0, 0.0]]
    """
    centred = patches - patches.mean(-1, keepdims=True)
    std = jnp.sqrt((centred**2).sum(-1, keepdims=True) / (patches.shape[-1] - 1))
    return centred / (std + EPS)


def video_target(
    patches: Float[Array, "b n p"],
    *,
    frames: int,
    tubelet: int,
    kind: Target = "framediff",
    group: int | None = None,
) -> Float[Array, "b n p"]:
    """What the video decoder predicts, from patches of pixels in [0, 1].

    Args:
      patches: all tokens of the clip in the order (time, place), inside a patch in the order
        (frame, row, column, channel) with 3 channels.
      frames: frames of the clip.
      tubelet: frames of a patch.
      kind: "unnormalised" pixels; "plain": normalised per patch and per channel; "framediff":
        plain, then all frames of a group but its first become the difference to the first
        (the released script's target).
      group: frames in a group of "framediff", over neighbouring tubelets of the same place;
        one tubelet by default.
    """
    if kind == "unnormalised":
        return patches
    b, n, size = patches.shape
    by_channel = jnp.swapaxes(patches.reshape(b, n, size // 3, 3), -1, -2)
    plain = jnp.swapaxes(normalise_patches(by_channel), -1, -2).reshape(b, n, size)
    if kind == "plain":
        return plain
    if kind != "framediff":
        raise ValueError(f"no video target {kind!r}; allowed: plain, framediff, unnormalised")
    return _difference(plain, frames, tubelet, group or tubelet)


def audio_target(
    patches: Float[Array, "b n p"], kind: Literal["plain", "unnormalised"] = "plain"
) -> Float[Array, "b n p"]:
    """Patches of the normalised log-mel, again normalised per patch."""
    return patches if kind == "unnormalised" else normalise_patches(patches)


def squared_error(
    prediction: Float[Array, "b n p"], target: Float[Array, "b n p"]
) -> Float[Array, " b"]:
    """Mean squared error of each example, over its masked tokens; in float32."""
    return ((prediction.astype(jnp.float32) - target) ** 2).mean(axis=(1, 2))


def weighted_frames(
    prediction: Float[Array, "b n p"],
    target: Float[Array, "b n p"],
    tubelet: int,
    difference_weight: float,
) -> tuple[Float[Array, " b"], Float[Array, " b"], Float[Array, " b"]]:
    """(1 - w) first + w second, first = error on the first frame, second on the differences.

    The official optional split of the frame-difference loss. Returns total, first, second.
    """
    b, n, size = prediction.shape
    error = ((prediction - target) ** 2).reshape(b, n, tubelet, size // tubelet)
    first = error[:, :, :1].mean(axis=(1, 2, 3))
    second = error[:, :, 1:].mean(axis=(1, 2, 3))
    return (1 - difference_weight) * first + difference_weight * second, first, second


def _difference(
    patches: Float[Array, "b n p"], frames: int, tubelet: int, group: int
) -> Float[Array, "b n p"]:
    """In each group of frames, subtract the first frame from all the others."""
    if group % tubelet or frames % group:
        raise ValueError(f"groups of {group} frames do not fit {frames} frames in {tubelet}s")
    b, n, size = patches.shape
    space = n * tubelet // frames
    shape = (b, frames // group, group // tubelet, space, tubelet, size // tubelet)
    grid = patches.reshape(shape)
    first = grid[:, :, :1, :, :1]
    is_first = jnp.zeros(shape[2:5], bool).at[0, :, 0].set(True)[None, None, ..., None]
    return jnp.where(is_first, grid, grid - first).reshape(b, n, size)
