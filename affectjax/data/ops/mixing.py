"""Mixup and CutMix of a batch, on device."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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
) -> tuple[Maybe, Maybe, Float[Array, "b k"], Maybe]:
    """Each clip mixed with the clip at the mirrored place of the batch, targets alike.

    lambda ~ Beta(a, a) is one number for the batch (timm's batch mode); with probability `switch`
    it is CutMix (Yun et al. 2019: a box of the frames, a stretch of the log-mel of the same share)
    instead of mixup (Zhang et al. 2017: lambda x + (1 - lambda) x'). Of a cut, lambda becomes the
    share that really stayed.

    mix_audio False leaves the log-mel and mixes the rest: what HiCMAE's official code does.
    """
    keys = jax.random.split(key, 5)
    use_cut = jax.random.bernoulli(keys[0], switch) if mixup and cutmix else bool(cutmix)
    use_cut = jnp.asarray(use_cut)
    lam_up = jax.random.beta(keys[1], mixup, mixup) if mixup else jnp.ones(())
    lam_cut = jax.random.beta(keys[2], cutmix, cutmix) if cutmix else jnp.ones(())
    on = jax.random.bernoulli(keys[3], prob)
    hole, stretch, lam_cut = _cuts(keys[4], lam_cut, frames, mel)
    lam = jnp.where(on, jnp.where(use_cut, lam_cut, lam_up), 1.0)

    def blend(x: Array, cut: Array) -> Array:
        other = x[::-1]
        mixed = jnp.where(use_cut, jnp.where(cut, other, x), lam * x + (1 - lam) * other)
        return jnp.where(on, mixed, x)

    if frames is not None:
        frames = blend(frames, hole)
    if mel is not None and (mix_audio or frames is None):
        mel = blend(mel, stretch)
    linear = lambda y: None if y is None else lam * y + (1 - lam) * y[::-1]  # noqa: E731
    return frames, mel, linear(targets), linear(vad)


def _cuts(key: jax.Array, lam: Array, frames: Maybe, mel: Maybe) -> tuple[Array, Array, Array]:
    """Where the other clip shows in frames and in log-mel, and the share that stays."""
    keys = jax.random.split(key, 3)
    hole = stretch = jnp.zeros((), bool)
    kept = lam
    if mel is not None:
        rows = mel.shape[1]
        inside, kept = _span(keys[2], rows, 1 - lam)
        stretch = inside[None, :, None]
    if frames is not None:
        h, w = frames.shape[2:4]
        side = jnp.sqrt(1 - lam)
        down, kept_h = _span(keys[0], h, side)
        across, kept_w = _span(keys[1], w, side)
        hole = (down[:, None] & across[None])[None, None, ..., None]
        kept = 1 - (1 - kept_h) * (1 - kept_w)
    return hole, stretch, kept


def _span(key: jax.Array, size: int, share: Array) -> tuple[Array, Array]:
    """A stretch of about `share` of `size` around a uniform centre, and what it leaves."""
    centre = jax.random.randint(key, (), 0, size)
    half = jnp.floor(size * share / 2)
    place = jnp.arange(size)
    inside = (place >= centre - half) & (place < centre + half)
    return inside, 1 - inside.mean()
