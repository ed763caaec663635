"""Swin Transformer (Liu et al. 2021, arXiv 2103.14030)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import windows
from affectjax.models.attention import Dense, DropPath, drop_path_rates
from affectjax.models.squeeze import SqueezeExcite
from affectjax.models.transformer import Mlp, PatchEmbed, SelfAttention, layer_norm


@dataclass(frozen=True)
class Size:
    """Width of the first stage, blocks and heads of each, side of the windows."""

    width: int
    depths: Sequence[int]
    heads: Sequence[int]
    window: int = 7


# Section 3.3 of the paper; window 12 for images of 384.
SIZES: Mapping[str, Size] = {
    "T": Size(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "S": Size(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "B": Size(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "B@384": Size(128, (2, 2, 18, 2), (4, 8, 16, 32), 12),
    "L": Size(192, (2, 2, 18, 2), (6, 12, 24, 48)),
    "L@384": Size(192, (2, 2, 18, 2), (6, 12, 24, 48), 12),
}


def size(name: str) -> Size:
    """The size of a name."""
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of Swin; there are {', '.join(SIZES)}")
    return SIZES[name]


class Block(nn.Module):
    """Attention inside windows of a map, shifted by `shift`, then MLP; both residual, pre-norm.

    A map that windows do not divide is padded with zeros after the norm, as published code does.
    """

    heads: int
    window: int
    shift: int = 0
    mlp_ratio: float = 4.0
    eps: float = 1e-5
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w d"], deterministic: bool = True
    ) -> Float[Array, "b h w d"]:
        b, h, w, d = x.shape
        side = min(self.window, h, w)
        shift = 0 if side == min(h, w) else self.shift
        drop = DropPath(self.drop_path)
        y = layer_norm("norm1", self.eps, self.dtype)(x)
        y = jnp.pad(y, ((0, 0), (0, -h % side), (0, -w % side), (0, 0)))
        shape = (y.shape[1], y.shape[2])
        y = windows.partition(jnp.roll(y, (-shift, -shift), (1, 2)), side)
        attn = WindowAttention(self.heads, side, dtype=self.dtype, name="attn")
        y = windows.unpartition(attn(y, _hidden(b, shape, side, shift)), side, shape)
        y = jnp.roll(y, (shift, shift), (1, 2))[:, :h, :w]
        x = x + drop(y, deterministic)
        mlp = Mlp(int(self.mlp_ratio * d), dtype=self.dtype, name="mlp")
        return x + drop(mlp(layer_norm("norm2", self.eps, self.dtype)(x)), deterministic)


class WindowAttention(nn.Module):
    """Self-attention in windows with a learned bias for each relative position.

    `scale` of the scores; 0 is 1 / sqrt(head width).
    """

    heads: int
    side: int
    scale: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "k n d"], hidden: Float[Array, "k 1 n n"] | None = None
    ) -> Float[Array, "k n d"]:
        rows = (2 * self.side - 1) ** 2
        init = nn.initializers.truncated_normal(0.02)
        table = self.param("relative_bias", init, (rows, self.heads))
        bias = windows.relative_bias(table, self.side)[None]
        bias = bias if hidden is None else bias + hidden
        attn = SelfAttention(self.heads, scale=self.scale, dtype=self.dtype, name="self")
        return attn(x, bias)


class Merge(nn.Module):
    """Four neighbours side by side, normed, to twice the width: half the map."""

    eps: float = 1e-5
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "b h w d"]) -> Float[Array, "b i j e"]:
        _, h, w, d = x.shape
        x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
        corners = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        x = layer_norm("norm", self.eps, self.dtype)(jnp.concatenate(corners, axis=-1))
        return Dense(2 * d, use_bias=False, dtype=self.dtype, name="reduction")(x)


class Swin(nn.Module):
    """Images to "feature" (b, d), the mean of "tokens" (b, n, d) after the last norm.

    Attributes:
      classes: also "logits" (b, k) by a linear head; 0 for none.
      drop_path: largest rate of stochastic depth, rising linearly over all blocks.
      excite: where squeeze and excitation gates channels: "every" stage's map, the "last" one's,
        or the "pooled" feature alone; "none" as published. `reduction` is the width of what is
        gated by that between the gate's layers.
    """

    size: Size
    patch: int = 4
    mlp_ratio: float = 4.0
    classes: int = 0
    eps: float = 1e-5
    drop_path: float = 0.0
    excite: Literal["none", "pooled", "last", "every"] = "none"
    reduction: int = 16
    dtype: Any = None

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        if self.excite not in ("none", "pooled", "last", "every"):
            raise ValueError(
                f"config.task.model.excite = {self.excite!r}; allowed: none, pooled, last, every"
            )
        s = self.size
        b, h, w, _ = images.shape
        x = PatchEmbed(s.width, self.patch, dtype=self.dtype, name="patch_embed")(images)
        x = layer_norm("patch_norm", self.eps, self.dtype)(x)
        x = x.reshape(b, h // self.patch, w // self.patch, s.width)
        self.sow("intermediates", "hidden_0", x)
        rates = iter(drop_path_rates(self.drop_path, sum(s.depths)))
        for i, (depth, heads) in enumerate(zip(s.depths, s.heads, strict=True)):
            for j in range(depth):
                shift = s.window // 2 if j % 2 else 0
                settings = (self.mlp_ratio, self.eps, next(rates), self.dtype)
                block = Block(heads, s.window, shift, *settings, name=f"stage_{i}_blocks_{j}")
                x = block(x, deterministic)
                self.sow("intermediates", f"stage{i}_block{j}", x)
            last = i + 1 == len(s.depths)
            if self.excite == "every" or (self.excite == "last" and last):
                x = self._gated(x, f"stage_{i}_se")
            if not last:
                x = Merge(self.eps, self.dtype, name=f"stage_{i}_merge")(x)
            self.sow("intermediates", f"hidden_{i + 1}", x)
        tokens = layer_norm("norm", self.eps, self.dtype)(x.reshape(b, -1, x.shape[-1]))
        out = {"feature": tokens.mean(axis=1), "tokens": tokens}
        if self.excite == "pooled":
            out["feature"] = self._gated(out["feature"][:, None, None], "se")[:, 0, 0]
        if self.classes:
            out["logits"] = Dense(self.classes, name="head")(out["feature"].astype(jnp.float32))
        return out

    def _gated(self, x: Float[Array, "b h w d"], name: str) -> Float[Array, "b h w d"]:
        squeeze = max(x.shape[-1] // self.reduction, 1)
        return SqueezeExcite(squeeze, act="relu", dtype=self.dtype, name=name)(x)


def _hidden(b: int, shape: tuple[int, int], side: int, shift: int) -> Any:
    """A bias (windows, 1, n, n) that hides from each other what the roll brought together."""
    if not shift:
        return None
    apart = windows.apart(shape, side, shift)[:, None]
    hidden = jnp.asarray(np.where(apart, -np.inf, 0.0), jnp.float32)
    return jnp.tile(hidden, (b, 1, 1, 1))
