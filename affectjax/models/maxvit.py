"""MaxViT (Tu et al. 2022, arXiv 2204.01697): MBConv, window and grid attention in each block.

In the two published flavours, which differ in padding, shortcuts, activation and the scale of
attention: `TORCHVISION`, used by CAGE, and `TF`, the authors' weights as timm runs them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import windows
from affectjax.models.attention import Dense, DropPath, drop_path_rates
from affectjax.models.norm import BatchNorm
from affectjax.models.squeeze import SqueezeExcite
from affectjax.models.swin import WindowAttention
from affectjax.models.transformer import Mlp, activation, layer_norm

CONV_EPS = 1e-3


@dataclass(frozen=True)
class Size:
    """Width of the stem, widths and blocks of the stages, width of a head, side of windows."""

    stem: int
    widths: Sequence[int]
    depths: Sequence[int]
    head: int = 32
    window: int = 7


# Table 1 of the paper, for images of 224 (the window is the side / 32).
SIZES: Mapping[str, Size] = {
    "T": Size(64, (64, 128, 256, 512), (2, 2, 5, 2)),
    "S": Size(64, (96, 192, 384, 768), (2, 2, 5, 2)),
    "B": Size(64, (96, 192, 384, 768), (2, 6, 14, 2)),
    "L": Size(128, (128, 256, 512, 1024), (2, 6, 14, 2)),
    "XL": Size(192, (192, 384, 768, 1536), (2, 6, 14, 2)),
}


def size(name: str) -> Size:
    """The size of a name."""
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of MaxViT; there are {', '.join(SIZES)}")
    return SIZES[name]


@dataclass(frozen=True)
class Flavour:
    """Where the published implementations differ.

    Attributes:
      padding: of convolutions: "SAME" as TensorFlow, or "torch": 1 on both sides.
      act: activation, exact or tanh-approximated GELU.
      stem_bias: the first convolution has a bias.
      scores: attention scores are scaled by 1 / sqrt of the width of a "head" or of the "model".
    """

    padding: Literal["SAME", "torch"]
    act: str
    stem_bias: bool
    scores: Literal["head", "model"]


TORCHVISION = Flavour("torch", "gelu", False, "model")
TF = Flavour("SAME", "gelu_tanh", True, "head")


class MBConv(nn.Module):
    """Inverted bottleneck with pre-norm, four times as wide inside, with squeeze and excitation."""

    width: int
    stride: int
    flavour: Flavour
    squeeze: float = 0.25
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], deterministic: bool = True
    ) -> Float[Array, "b i j d"]:
        f, mid, act = self.flavour, 4 * self.width, activation(self.flavour.act)
        norm = lambda name, y: BatchNorm(CONV_EPS, dtype=self.dtype, name=name)(y, deterministic)  # noqa: E731
        y = norm("pre_norm", x)
        conv = _conv(mid, 1, use_bias=False, name="conv1", dtype=self.dtype)
        y = act(norm("norm1", conv(y)))
        padding = ((1, 1), (1, 1)) if f.padding == "torch" else "SAME"
        deep = _conv(mid, 3, self.stride, padding, mid, False, "conv2", self.dtype)
        y = act(norm("norm2", deep(y)))
        y = SqueezeExcite(_squeeze(self.width, self.squeeze), dtype=self.dtype, name="se")(y)
        y = _conv(self.width, 1, name="conv3", dtype=self.dtype)(y)
        return self._shortcut(x) + DropPath(self.drop_path)(y, deterministic)

    def _shortcut(self, x: Float[Array, "b h w c"]) -> Float[Array, "b i j d"]:
        torch, other = self.flavour.padding == "torch", x.shape[-1] != self.width
        project = other or (torch and self.stride != 1)
        if self.stride != 1:
            pad = ((1, 1), (1, 1)) if torch else "SAME"
            window = (3, 3) if torch else (self.stride,) * 2
            x = nn.avg_pool(x, window, (self.stride,) * 2, pad)
        return _conv(self.width, 1, name="shortcut", dtype=self.dtype)(x) if project else x


class Partitioned(nn.Module):
    """Attention and MLP inside windows, or inside a grid, of a map; both residual, pre-norm."""

    grid: bool
    head: int
    side: int
    flavour: Flavour
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w d"], deterministic: bool = True
    ) -> Float[Array, "b h w d"]:
        width, shape = x.shape[-1], x.shape[1:3]
        cut = windows.grid_partition if self.grid else windows.partition
        join = windows.grid_unpartition if self.grid else windows.unpartition
        drop = DropPath(self.drop_path)
        scale = width**-0.5 if self.flavour.scores == "model" else 0.0
        attn = WindowAttention(width // self.head, self.side, scale, self.dtype, name="attn")
        x = cut(x, self.side)
        x = x + drop(attn(layer_norm("norm1", 1e-5, self.dtype)(x)), deterministic)
        mlp = Mlp(4 * width, self.flavour.act, self.dtype, name="mlp")
        x = x + drop(mlp(layer_norm("norm2", 1e-5, self.dtype)(x)), deterministic)
        return join(x, self.side, shape)


class MaxViT(nn.Module):
    """Images to "feature" (b, d): pooled, normed, and through a linear layer and tanh.

    Attributes:
      outputs: also "outputs" (b, k) by a last linear layer; 0 for none.
      output_bias: it has a bias (TF), or not (torchvision, CAGE).
      squeeze: width of the squeezed channels of a block over its width.
      dropout: on the feature in front of the last layer.
    """

    size: Size
    flavour: Flavour = TORCHVISION
    outputs: int = 0
    output_bias: bool = False
    squeeze: float = 0.25
    drop_path: float = 0.0
    dtype: Any = None
    dropout: float = 0.0

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        s, f = self.size, self.flavour
        x = self._stem(images, deterministic)
        self.sow("intermediates", "stem", x)
        rates = iter(drop_path_rates(self.drop_path, sum(s.depths)))
        for i, (width, depth) in enumerate(zip(s.widths, s.depths, strict=True)):
            for j in range(depth):
                rate, name, stride = next(rates), f"stage_{i}_blocks_{j}", 1 if j else 2
                settings = (width, stride, f, self.squeeze, rate, self.dtype)
                x = MBConv(*settings, name=f"{name}_conv")(x, deterministic)
                self.sow("intermediates", f"{name}_conv_out", x)
                for grid, kind in ((False, "window"), (True, "grid")):
                    inside = (grid, s.head, s.window, f, rate, self.dtype)
                    x = Partitioned(*inside, name=f"{name}_{kind}")(x, deterministic)
                    self.sow("intermediates", f"{name}_{kind}_out", x)
        x = layer_norm("norm", 1e-5, self.dtype)(x.mean(axis=(1, 2)))
        out = {"feature": jnp.tanh(Dense(x.shape[-1], dtype=self.dtype, name="pre_logits")(x))}
        if self.outputs:
            head = Dense(self.outputs, use_bias=self.output_bias, name="head")
            drop = nn.Dropout(self.dropout, deterministic=deterministic)
            out["outputs"] = head(drop(out["feature"].astype(jnp.float32)))
        return out

    def _stem(
        self, images: Float[Array, "b h w 3"], deterministic: bool
    ) -> Float[Array, "b i j d"]:
        width, f = self.size.stem, self.flavour
        padding = ((1, 1), (1, 1)) if f.padding == "torch" else "SAME"
        first = _conv(width, 3, 2, padding, 1, f.stem_bias, "stem_conv1", self.dtype)
        norm = BatchNorm(CONV_EPS, dtype=self.dtype, name="stem_norm1")
        x = activation(f.act)(norm(first(images), deterministic))
        return _conv(width, 3, 1, padding, 1, True, "stem_conv2", self.dtype)(x)


def _conv(
    width: int,
    side: int,
    stride: int = 1,
    padding: Any = "SAME",
    groups: int = 1,
    use_bias: bool = True,
    name: str | None = None,
    dtype: Any = None,
) -> nn.Conv:
    return nn.Conv(
        width,
        (side, side),
        (stride, stride),
        padding=padding,
        feature_group_count=groups,
        use_bias=use_bias,
        kernel_init=nn.initializers.variance_scaling(2.0, "fan_out", "normal"),
        dtype=dtype,
        name=name,
    )


def _squeeze(width: int, ratio: float) -> int:
    """width x ratio; where that is 0, timm takes a multiple of 8 near four times as much."""
    return int(width * ratio) or max(8, (int(4 * width * ratio) + 4) // 8 * 8)
