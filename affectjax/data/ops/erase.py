"""Random erasing on device."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def random_erase(
    key: jax.Array,
    frames: Float[Array, "b t h w c"],
    *,
    prob: float = 0.25,
    area: tuple[float, float] = (0.02, 1 / 3),
    aspect: float = 0.3,
) -> Float[Array, "b t h w c"]:
    """Fill one rectangle of a clip, the same in all its frames, with unit normal noise.

    With probability `prob`; its share of the image is uniform in `area`, its aspect ratio
    log-uniform in [aspect, 1 / aspect] (Zhong et al. 2017, timm's mode "pixel"). A rectangle that
    would not fit is cut at the border instead of drawn again.
    """
    b, _, h, w, _ = frames.shape
    keys = jax.random.split(key, 6)
    share = jax.random.uniform(keys[0], (b,), minval=area[0], maxval=area[1]) * h * w
    bound = jnp.log(aspect)
    ratio = jnp.exp(jax.random.uniform(keys[1], (b,), minval=bound, maxval=-bound))
    height = jnp.minimum(jnp.round(jnp.sqrt(share * ratio)), h - 1)
    width = jnp.minimum(jnp.round(jnp.sqrt(share / ratio)), w - 1)
    top = jnp.floor(jax.random.uniform(keys[2], (b,)) * (h - height + 1))
    left = jnp.floor(jax.random.uniform(keys[3], (b,)) * (w - width + 1))
    chosen = jax.random.bernoulli(keys[4], prob, (b,))
    rows = _inside(jnp.arange(h), top, height)[:, None, :, None, None]
    columns = _inside(jnp.arange(w), left, width)[:, None, None, :, None]
    hole = rows & columns & chosen[:, None, None, None, None]
    return jnp.where(hole, jax.random.normal(keys[5], frames.shape, frames.dtype), frames)


def _inside(place: Array, start: Array, size: Array) -> Array:
    return (place[None] >= start[:, None]) & (place[None] < (start + size)[:, None])
