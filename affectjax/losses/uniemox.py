"""What UniEmoX's fused feature learns of CLIP: its image feature, and how that fits all texts."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affectjax.losses.weighting import Given

Feature = Float[Given, "b e"]


def likeness(fused: Feature, image: Feature) -> Float[Array, " b"]:
    """1 - cos(fused, image) of each row: 0 where they point the same way.

    >>> likeness(jnp.array([[2.0, 0.0]]), jnp.array([[0.0, 1.0]])).tolist()
    [1.0]
    """
    return 1 - (_unit(fused) * _unit(image)).sum(-1)


def pattern(
    fused: Feature, image: Feature, texts: Feature, scale: Float[Given, ""] | float = 1.0
) -> Float[Array, " b"]:
    """1 - cos of each row of scale cos(fused, texts) and scale cos(image, texts), b x b.

    The scale, as the code has it, falls out of the cosine.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> pattern(x, x[::-1], x).tolist()
    [1.0, 1.0]
    """
    towards = _unit(texts).T
    return likeness(scale * _unit(fused) @ towards, scale * _unit(image) @ towards)


def _unit(x: Float[Given, "b d"]) -> Float[Array, "b d"]:
    x = jnp.asarray(x).astype(jnp.float32)
    return x / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), 1e-8)
