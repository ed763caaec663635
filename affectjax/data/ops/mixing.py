"""Mixup and CutMix of a batch, on device."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Maybe = Array | None


def mix(
    key: jax.Array,
    frames: Float[Array, "b t h w c"] | None,
    mel: Float[Array, "b n m"] | None,
    targets: Float[Array, "b k"],
    vad: Float[Array, "b 3"] | None = None,
    *,
    mixup: float = 0.8,
    cutmix: float = 1.0,
    prob: float = 1.0,
    switch: float = 0.5,
    mix_audio: bool = True,
    per_example: bool = False,
) -> tuple[Maybe, Maybe, Float[Array, "b k"], Maybe]:
    """Each clip mixed with the clip at the mirrored place of the batch, targets alike.

    lambda ~ Beta(a, a), one for the batch (timm's "batch" mode, which HiCMAE uses) or one for
    each example ("elem"); with probability `switch` it is CutMix (Yun et al. 2019: a box of the
    frames, a stretch of the log-mel of the same share) instead of mixup (Zhang et al. 2017:
    lambda x + (1 - lambda) x'). Of a cut, lambda becomes the share that really stayed. For label
    smoothing pass smoothed targets: mixing is linear, so timm's on and off values follow.

    mix_audio False leaves the log-mel and mixes the rest: what HiCMAE's official code does.

    Raises:
      ValueError: both alphas are 0.
    """
    if not (mixup or cutmix):
        raise ValueError("mixup and cutmix are both 0: there is nothing to mix with")
    hw = None if frames is None else frames.shape[2:4]
    rows = None if mel is None else mel.shape[1]

    def draw(k: jax.Array) -> tuple[Array, Array, Array, Array, Array]:
        return _draw(k, hw, rows, mixup, cutmix, prob, switch)

    keys = jax.random.split(key, targets.shape[0] if per_example else 1)
    lam, on, use_cut, hole, stretch = jax.vmap(draw)(keys)
    if frames is not None:
        frames = _blend(frames, lam, on, use_cut, hole[:, None, :, :, None])
    if mel is not None and (mix_audio or frames is None):
        mel = _blend(mel, lam, on, use_cut, stretch[:, :, None])
    share = lam[:, None]
    linear = lambda y: None if y is None else share * y + (1 - share) * y[::-1]  # noqa: E731
    return frames, mel, linear(targets), linear(vad)


def _blend(x: Array, lam: Array, on: Array, use_cut: Array, cut: Array) -> Array:
    lam, on, use_cut = (a.reshape(-1, *[1] * (x.ndim - 1)) for a in (lam, on, use_cut))
    other, weight = x[::-1], lam.astype(x.dtype)
    mixed = jnp.where(use_cut, jnp.where(cut, other, x), weight * x + (1 - weight) * other)
    return jnp.where(on, mixed, x)


def _draw(
    key: jax.Array,
    hw: tuple[int, int] | None,
    rows: int | None,
    mixup: float,
    cutmix: float,
    prob: float,
    switch: float,
) -> tuple[Array, Array, Array, Array, Array]:
    """lambda, whether to mix, whether to cut, and where the other clip shows in h w and in n."""
    keys = jax.random.split(key, 5)
    use_cut = jax.random.bernoulli(keys[0], switch if mixup and cutmix else float(cutmix > 0))
    lam_up = jax.random.beta(keys[1], mixup, mixup) if mixup else jnp.ones(())
    lam_cut = jax.random.beta(keys[2], cutmix, cutmix) if cutmix else jnp.ones(())
    on = jax.random.bernoulli(keys[3], prob)
    hole, stretch, lam_cut = _cuts(keys[4], lam_cut, hw, rows)
    return jnp.where(on, jnp.where(use_cut, lam_cut, lam_up), 1.0), on, use_cut, hole, stretch


def _cuts(
    key: jax.Array, lam: Array, hw: tuple[int, int] | None, rows: int | None
) -> tuple[Bool[Array, "h w"], Bool[Array, " n"], Float[Array, ""]]:
    """Where the other clip shows in frames and in log-mel, and the share that stays."""
    keys = jax.random.split(key, 3)
    hole, stretch = jnp.zeros((1, 1), bool), jnp.zeros(1, bool)
    if hw is None:
        if rows is not None:
            stretch = _span(keys[2], rows, 1 - lam)
        return hole, stretch, 1 - stretch.mean()
    side = jnp.sqrt(1 - lam)
    hole = _span(keys[0], hw[0], side)[:, None] & _span(keys[1], hw[1], side)[None]
    kept = 1 - hole.mean()
    if rows is not None:
        # As long as the box is large, and never clipped: one lambda then serves both.
        length = jnp.round(rows * (1 - kept))
        start = jnp.floor(jax.random.uniform(keys[2]) * (rows - length + 1))
        place = jnp.arange(rows)
        stretch = (place >= start) & (place < start + length)
    return hole, stretch, kept


def _span(key: jax.Array, size: int, share: Array) -> Bool[Array, " n"]:
    """A stretch of about `share` of `size` around a uniform centre, clipped at the ends (timm)."""
    centre = jax.random.randint(key, (), 0, size)
    half = jnp.floor(jnp.floor(size * share) / 2)
    place = jnp.arange(size)
    return (place >= centre - half) & (place < centre + half)
