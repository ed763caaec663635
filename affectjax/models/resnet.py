"""ResNet (He et al. 2016, arXiv 1512.03385) as torchvision and timm publish it.

In bottlenecks the 3 x 3 convolution strides, not the 1 x 1 before it ("v1.5").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.attention import Dense
from affectjax.models.norm import BatchNorm

EPS = 1e-5


@dataclass(frozen=True)
class Size:
    """Blocks of the four stages, whether they are bottlenecks, width of the first stage."""

    depths: Sequence[int]
    bottleneck: bool
    width: int = 64

    @property
    def feature(self) -> int:
        """Width of the pooled feature."""
        return self.width * 2 ** (len(self.depths) - 1) * (4 if self.bottleneck else 1)


# Table 1 of the paper.
SIZES: Mapping[str, Size] = {
    "18": Size((2, 2, 2, 2), False),
    "34": Size((3, 4, 6, 3), False),
    "50": Size((3, 4, 6, 3), True),
    "101": Size((3, 4, 23, 3), True),
    "152": Size((3, 8, 36, 3), True),
}


def size(name: str) -> Size:
    """The size of a name.

    >>> size("50").feature
    2048
    """
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of ResNet; there are {', '.join(SIZES)}")
    return SIZES[name]


class Block(nn.Module):
    """relu(shortcut(x) + convolutions(x)): two of 3 x 3, or a bottleneck of 1, 3 and 1.

    The shortcut is projected where stride or width change. `width` is that of the 3 x 3
    convolutions; a bottleneck's output is four times as wide.
    """

    width: int
    bottleneck: bool
    stride: int = 1
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], deterministic: bool = True
    ) -> Float[Array, "b i j d"]:
        s = self.stride
        plan = [(self.width, 3, s), (self.width, 3, 1)]
        if self.bottleneck:
            plan = [(self.width, 1, 1), (self.width, 3, s), (4 * self.width, 1, 1)]
        y = x
        for i, (width, side, stride) in enumerate(plan, 1):
            y = _conv(width, side, stride, f"conv{i}", self.dtype)(y)
            y = _norm(f"norm{i}", self.dtype)(y, deterministic)
            y = nn.relu(y) if i < len(plan) else y
        if x.shape != y.shape:
            x = _conv(y.shape[-1], 1, s, "shortcut_conv", self.dtype)(x)
            x = _norm("shortcut_norm", self.dtype)(x, deterministic)
        return nn.relu(x + y)


class ResNet(nn.Module):
    """Images to "feature" (b, d), the mean of the last map, and that "map" (b, i, j, d).

    The map after each stage is "stage_0" and so on.

    Attributes:
      classes: also "logits" (b, k) by a linear head; 0 for none.
    """

    size: Size
    classes: int = 0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        s = self.size
        x = _conv(s.width, 7, 2, "conv1", self.dtype)(images)
        x = nn.relu(_norm("norm1", self.dtype)(x, deterministic))
        x = nn.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        self.sow("intermediates", "stem", x)
        stages = {}
        for i, depth in enumerate(s.depths):
            for j in range(depth):
                stride = 2 if i and not j else 1
                inside = (s.width * 2**i, s.bottleneck, stride, self.dtype)
                x = Block(*inside, name=f"stage_{i}_blocks_{j}")(x, deterministic)
            self.sow("intermediates", f"stage_{i}", x)
            stages[f"stage_{i}"] = x
        out = {"feature": x.mean(axis=(1, 2)), "map": x, **stages}
        if self.classes:
            feature = out["feature"].astype("float32")
            out["logits"] = Dense(self.classes, name="head")(feature)
        return out


def _conv(width: int, side: int, stride: int, name: str, dtype: Any) -> nn.Conv:
    return nn.Conv(
        width,
        (side, side),
        (stride, stride),
        padding=side // 2,
        use_bias=False,
        kernel_init=nn.initializers.variance_scaling(2.0, "fan_out", "normal"),
        dtype=dtype,
        name=name,
    )


def _norm(name: str, dtype: Any) -> BatchNorm:
    return BatchNorm(EPS, dtype=dtype, name=name)
