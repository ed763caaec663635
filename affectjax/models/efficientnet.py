"""EfficientNet-Lite (Google 2020, tensorflow/tpu, models/official/efficientnet/lite).

EfficientNet (Tan & Le 2019, arXiv 1905.11946) for phones: no squeeze and excitation, ReLU6, stem
and head of the same width in all sizes. Pictures are RGB in [0, 1], normalised by `MEAN`, `STD`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.attention import Dense, DropPath
from affectjax.models.norm import BatchNorm

MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3
EPS = 1e-3
STEM, FEATURE = 32, 1280
# Stages of B0: blocks, side of the kernel, stride of the first block, expansion, width.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Size:
    """Factors of width and depth, side of the images, stages before the factors."""

    width: float
    depth: float
    image: int
    stages: Sequence[Sequence[int]] = STAGES


SIZES: Mapping[str, Size] = {
    "lite0": Size(1.0, 1.0, 224),
    "lite1": Size(1.0, 1.1, 240),
    "lite2": Size(1.1, 1.2, 260),
    "lite3": Size(1.2, 1.4, 280),
    "lite4": Size(1.4, 1.8, 300),
}


def size(name: str) -> Size:
    """The size of a name.

    >>> size("lite2").image
    260
    """
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of EfficientNet-Lite; there are {', '.join(SIZES)}")
    return SIZES[name]


def rounded(width: int, factor: float) -> int:
    """width x factor to the nearest multiple of 8, never more than a tenth below it.

    >>> rounded(80, 1.1), rounded(16, 1.2)
    (88, 24)
    """
    wanted = width * factor
    found = max(8, int(wanted + 4) // 8 * 8)
    return found + 8 if found < 0.9 * wanted else found


class Block(nn.Module):
    """Inverted bottleneck: wider by 1 x 1, each channel by itself, narrower by 1 x 1 without ReLU6.

    The input is added where neither stride nor width change.
    """

    width: int
    side: int
    stride: int = 1
    expand: int = 6
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], deterministic: bool = True
    ) -> Float[Array, "b i j d"]:
        inside = x.shape[-1] * self.expand
        y = x
        if self.expand != 1:
            y = _relu6(self._part(inside, 1, 1, 1, "expand")(y, deterministic))
        own = self._part(inside, self.side, self.stride, inside, "depthwise")
        y = _relu6(own(y, deterministic))
        y = self._part(self.width, 1, 1, 1, "project")(y, deterministic)
        if x.shape != y.shape:
            return y
        return x + DropPath(self.drop_path)(y, deterministic)

    def _part(self, width: int, side: int, stride: int, groups: int, name: str) -> Any:
        return _conv_norm(width, side, stride, groups, name, self.dtype)


class EfficientNet(nn.Module):
    """Images to "feature" (b, 1280), the mean of the last map, and that "map" (b, i, j, 1280).

    Attributes:
      classes: also "logits" (b, k) by a linear head; 0 for none.
      drop_path: largest rate of stochastic depth, rising linearly over the blocks (0.2 published).
    """

    size: Size
    classes: int = 0
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        plan = _plan(self.size)
        x = _relu6(_conv_norm(STEM, 3, 2, 1, "stem", self.dtype)(images, deterministic))
        for i, (width, side, stride, expand) in enumerate(plan):
            rate = self.drop_path * i / len(plan)
            block = Block(width, side, stride, expand, rate, self.dtype, name=f"blocks_{i}")
            x = block(x, deterministic)
        x = _relu6(_conv_norm(FEATURE, 1, 1, 1, "last", self.dtype)(x, deterministic))
        out = {"feature": x.mean(axis=(1, 2)), "map": x}
        if self.classes:
            out["logits"] = Dense(self.classes, name="head")(out["feature"].astype(jnp.float32))
        return out


def _plan(size: Size) -> list[tuple[int, int, int, int]]:
    """Width, kernel, stride and expansion of every block; first and last stage are not deepened."""
    out = []
    for i, (blocks, side, stride, expand, width) in enumerate(size.stages):
        inner = 0 < i < len(size.stages) - 1
        count = math.ceil(blocks * size.depth) if inner else blocks
        for j in range(count):
            out.append((rounded(width, size.width), side, 1 if j else stride, expand))
    return out


def _conv_norm(width: int, side: int, stride: int, groups: int, name: str, dtype: Any) -> Any:
    """A convolution padded as TensorFlow's "same", and its batch norm."""
    conv = nn.Conv(
        width,
        (side, side),
        (stride, stride),
        padding="SAME",
        feature_group_count=groups,
        use_bias=False,
        kernel_init=nn.initializers.variance_scaling(2.0, "fan_out", "normal"),
        dtype=dtype,
        name=f"{name}_conv",
    )
    norm = BatchNorm(EPS, momentum=0.99, dtype=dtype, name=f"{name}_norm")
    return lambda x, deterministic: norm(conv(x), deterministic)


def _relu6(x: Array) -> Array:
    return jnp.clip(x, 0.0, 6.0)
