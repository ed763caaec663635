"""mini-XCEPTION (Arriaga, Valdenegro-Toro & Plöger 2017, arXiv 1710.07557): 64 x 64, grey, 58 k.

Two convolutions, four residual blocks of separable ones, and a map of every category, averaged.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.norm import BatchNorm
from affectjax.models.separable import Separable

SIDE = 64
EPS = 1e-3  # of the batch norms, Keras's
GREY = (0.299, 0.587, 0.114)  # of red, green and blue, as OpenCV


class MiniXception(nn.Module):
    """Faces to "logits" (b, classes) and "feature" (b, d), the mean of the last block.

    Attributes:
      stem: channels of the first two convolutions.
      widths: of the blocks; each halves the sides.
    """

    classes: int = 7
    stem: int = 8
    widths: Sequence[int] = (16, 32, 64, 128)

    @nn.compact
    def __call__(
        self, faces: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Float[Array, "b k"]]:
        """RGB in [-1, 1], taken as grey."""
        x = (faces * jnp.asarray(GREY)).sum(-1, keepdims=True)
        for i in (1, 2):
            x = nn.Conv(self.stem, (3, 3), padding="VALID", use_bias=False, name=f"conv{i}")(x)
            x = nn.relu(_norm(f"norm{i}")(x, deterministic))
        for i, width in enumerate(self.widths):
            x = Block(width, name=f"blocks_{i}")(x, deterministic)
        maps = nn.Conv(self.classes, (3, 3), name="classifier")(x)
        return {"logits": maps.mean(axis=(1, 2)), "feature": x.mean(axis=(1, 2))}


class Block(nn.Module):
    """Two separable convolutions and a pool, beside a strided convolution of 1 x 1."""

    width: int

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], deterministic: bool = True
    ) -> Float[Array, "b i j d"]:
        short = nn.Conv(self.width, (1, 1), 2, use_bias=False, name="shortcut")(x)
        y = _norm("norm1")(Separable(self.width, name="sep1")(x), deterministic)
        y = _norm("norm2")(Separable(self.width, name="sep2")(nn.relu(y)), deterministic)
        pooled = nn.max_pool(y, (3, 3), (2, 2), "SAME")
        return pooled + _norm("norm_shortcut")(short, deterministic)


def _norm(name: str) -> BatchNorm:
    return BatchNorm(EPS, 0.99, name=name)
