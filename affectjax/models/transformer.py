"""Transformer blocks with biases for queries, keys and values: CLIP's, ViT's and their kin.

Pre-norm, queries, keys and values as matrices of their own, so that a pattern names one of them
(`attn/q/kernel`). `models/attention.py` holds the blocks of HiCMAE.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attend import plain
from affectjax.models.attention import Dense, DropPath, gelu


@dataclass(frozen=True)
class Tower:
    """Width d, blocks, heads, and the width of the MLP's hidden layer (0: four times d)."""

    width: int
    depth: int
    heads: int
    mlp: int = 0

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by {self.heads} heads")

    @property
    def hidden(self) -> int:
        """Width of the hidden layer."""
        return self.mlp or 4 * self.width


def quick_gelu(x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
    """x sigmoid(1.702 x), of OpenAI's CLIP."""
    return x * jax.nn.sigmoid(1.702 * x)


def activation(name: str) -> Callable[[Any], Any]:
    """The function of a name: "gelu" (exact), "gelu_tanh", "quick_gelu", "silu", "relu"."""
    known: dict[str, Callable[[Any], Any]] = {
        "gelu": gelu,
        "gelu_tanh": partial(jax.nn.gelu, approximate=True),
        "quick_gelu": quick_gelu,
        "silu": jax.nn.silu,
        "relu": jax.nn.relu,
    }
    if name not in known:
        raise ValueError(f"no activation {name!r}; there are {', '.join(known)}")
    return known[name]


def attend(
    q: Float[Array, "b n d"],
    k: Float[Array, "b m d"],
    v: Float[Array, "b m d"],
    heads: int,
    bias: Float[Array, "..."] | None = None,
    scale: float = 0.0,
) -> Float[Array, "b n d"]:
    """softmax(scale q k^T + bias) v, heads side by side; scale 0 is 1 / sqrt(head width).

    `bias` broadcasts to (b, heads, n, m); -inf hides a key from a query.
    """
    if bias is None and not scale:
        return plain(q, k, v, heads)
    split = lambda x: x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)  # noqa: E731
    q, k, v = split(q), split(k), split(v)
    scores = jnp.matmul(q * (scale or q.shape[-1] ** -0.5), k.swapaxes(-1, -2))
    if bias is not None:
        scores = scores + bias.astype(scores.dtype)
    out = jnp.matmul(jax.nn.softmax(scores, axis=-1), v).swapaxes(1, 2)
    return out.reshape(*out.shape[:2], -1)


def causal(length: int) -> Float[Array, "n n"]:
    """A bias that hides later tokens.

    >>> causal(2).tolist()
    [[0.0, -inf], [0.0, 0.0]]
    """
    return jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -jnp.inf)


class SelfAttention(nn.Module):
    """Self-attention; `key_bias` False leaves out the bias of keys (BEiT, VideoMAE).

    `scale` is of the scores; 0 is 1 / sqrt(head width).
    """

    heads: int
    key_bias: bool = True
    scale: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b n d"],
        bias: Float[Array, "..."] | None = None,
        rows: Float[Array, "b r d"] | None = None,
        rows_bias: Float[Array, "..."] | None = None,
    ) -> Any:
        """What all tokens read (b, n, d); beside it, for `rows` of x, what these do (b, r, d)."""
        width = x.shape[-1]
        linear = {
            name: Dense(width, self.key_bias or name != "k", self.dtype, name=name)
            for name in ("q", "k", "v", "proj")
        }
        k, v = linear["k"](x), linear["v"](x)

        def read(rows: Array, bias: Array | None) -> Array:
            return linear["proj"](attend(linear["q"](rows), k, v, self.heads, bias, self.scale))

        every = read(x, bias)
        return every if rows is None else (every, read(rows, rows_bias))


class Mlp(nn.Module):
    """Linear, activation, linear."""

    hidden: int
    act: str = "gelu"
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
        hidden = activation(self.act)(Dense(self.hidden, dtype=self.dtype, name="fc1")(x))
        return Dense(x.shape[-1], dtype=self.dtype, name="fc2")(hidden)


class Block(nn.Module):
    """x += attn(norm1 x); x += mlp(norm2 x)."""

    heads: int
    hidden: int
    act: str = "gelu"
    eps: float = 1e-6
    key_bias: bool = True
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b n d"],
        bias: Float[Array, "..."] | None = None,
        deterministic: bool = True,
        at: Int[Array, " b"] | int | None = None,
    ) -> Any:
        """All tokens (b, n, d); with `at` also the one there (b, d), computed by itself.

        A program that reads this one alone, as a feature, is spared the others' queries, output and
        MLP (5/6 of the block's products), for what nothing reads is not compiled; not so in
        training with drop path, whose draw is one for both. `bias` must then be (n, n).
        """
        if at is not None and bias is not None and bias.ndim != 2:
            raise ValueError(f"one token beside all takes a bias (n, n), not {bias.shape}")
        drop = DropPath(self.drop_path)
        norm1, norm2 = (layer_norm(f"norm{i}", self.eps, self.dtype) for i in (1, 2))
        attn = SelfAttention(self.heads, self.key_bias, dtype=self.dtype, name="attn")
        mlp = Mlp(self.hidden, self.act, self.dtype, name="mlp")

        def go_on(x: Array, read: Array) -> Array:
            x = x + drop(read, deterministic)
            return x + drop(mlp(norm2(x)), deterministic)

        y = norm1(x)
        if at is None:
            return go_on(x, attn(y, bias))
        if self.drop_path and not deterministic:
            every = go_on(x, attn(y, bias))
            return every, _token(every, at)[:, 0]
        hide = None if bias is None else bias[jnp.atleast_1d(at)[:, None]][:, None]
        every, one = attn(y, bias, _token(y, at), hide)
        return go_on(x, every), go_on(_token(x, at), one)[:, 0]


def _token(x: Float[Array, "b n d"], at: Int[Array, " b"] | int) -> Float[Array, "b 1 d"]:
    if isinstance(at, int):  # a slice, whose gradient scatters nothing
        return x[:, at : at + 1]
    return jnp.take_along_axis(x, at[:, None, None], axis=1)


class PatchEmbed(nn.Module):
    """The strided patch convolution as one matrix product: tokens in row-major order.

    Its kernel (p, p, c, d), or (t, p, p, c, d) with `tubelet` t, is that of the convolution.
    """

    width: int
    patch: int
    use_bias: bool = True
    tubelet: int = 0
    dtype: Any = None

    @nn.compact
    def __call__(self, pixels: Float[Array, "b *t h w c"]) -> Float[Array, "b n d"]:
        patches = cut(pixels, self.patch, self.tubelet)
        init = nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal", in_axis=0)
        ahead = (self.tubelet,) if self.tubelet else ()
        shape = (*ahead, self.patch, self.patch, pixels.shape[-1], self.width)
        flat = lambda *a: init(a[0], (patches.shape[-1], self.width)).reshape(shape)  # noqa: E731
        kernel = self.param("kernel", flat)
        dtype = self.dtype or pixels.dtype
        rows = patches.reshape(-1, patches.shape[-1]).astype(dtype)
        tokens = rows @ kernel.reshape(-1, self.width).astype(dtype)
        if self.use_bias:
            tokens += self.param("bias", nn.initializers.zeros, (self.width,)).astype(dtype)
        return tokens.reshape(*patches.shape[:2], self.width)


def cut(pixels: Float[Array, "b *t h w c"], patch: int, tubelet: int = 0) -> Float[Array, "b n p"]:
    """Images or clips in patches, in order of time, row, column; inside, likewise, then channel.

    Raises:
      ValueError: the sides do not divide by the patch, or the frames by the tubelet.
    """
    *_, h, w, c = pixels.shape
    if h % patch or w % patch or (tubelet and pixels.shape[1] % tubelet):
        whole = "x".join(map(str, pixels.shape[1:-1]))
        each = "x".join(map(str, ((tubelet,) if tubelet else ()) + (patch, patch)))
        raise ValueError(f"pixels of {whole} do not divide into patches of {each}")
    frames = tubelet or 1
    grid = pixels.reshape(pixels.shape[0], -1, frames, h // patch, patch, w // patch, patch, c)
    grid = grid.transpose(0, 1, 3, 5, 2, 4, 6, 7)
    return grid.reshape(pixels.shape[0], -1, frames * patch * patch * c)


def layer_norm(name: str, eps: float, dtype: Any = None) -> nn.LayerNorm:
    """LayerNorm with a given epsilon."""
    return nn.LayerNorm(epsilon=eps, dtype=dtype, name=name)


def resize_positions(
    table: Float[Array, "n d"], grid: tuple[int, int], prefix: int = 1
) -> Float[Array, "m d"]:
    """A learned position table for another grid of patches; the first `prefix` rows stay.

    Antialiased bicubic (Keys, a = -1/2) with weights normalised at the edges, half-pixel centres:
    what OpenCLIP and timm do when they load a checkpoint for another image size. The old grid is
    square.

    Raises:
      ValueError: the rows after the prefix are not a square grid.

    >>> resize_positions(jnp.array([[9.0], [1.0], [1.0], [1.0], [1.0]]), (3, 3)).shape
    (10, 1)
    """
    count, width = table.shape[0] - prefix, table.shape[1]
    side = round(count**0.5)
    if side * side != count:
        raise ValueError(f"{count} positions of patches are not a square grid")
    if (side, side) == tuple(grid):
        return table
    image = table[prefix:].astype(jnp.float32).reshape(side, side, width)
    new = jax.image.resize(image, (*grid, width), "cubic", antialias=True)
    return jnp.concatenate([table[:prefix], new.reshape(-1, width).astype(table.dtype)])


def sincos_2d(rows: int, columns: int, width: int) -> Float[np.ndarray, "n d"]:
    """Fixed positions of a grid, row by row: a half tells the column, a half the row (MAE's code).

    In each half sines, then cosines, of place / 10000^(i / (d / 4)).

    >>> sincos_2d(1, 2, 4).round(4).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.0, 1.0]]
    """
    if width % 4:
        raise ValueError(f"a width of {width} is not divisible by 4, for two halves of two")
    rate = 10000.0 ** -(np.arange(width // 4) / (width / 4))
    y, x = (place.ravel() for place in np.mgrid[:rows, :columns])
    halves = [np.concatenate([f(p[:, None] * rate) for f in (np.sin, np.cos)], 1) for p in (x, y)]
    return np.concatenate(halves, axis=1)


def positions_for(
    table: Float[Array, "n d"], shape: tuple[int, ...], patch: int, side: int, interpolate: bool
) -> Float[Array, "m d"]:
    """The table for images of `shape` (b, h, w, c): itself where they are side x side.

    Raises:
      ValueError: images of another size, unless `interpolate`.
    """
    _, height, width, _ = shape
    if (height, width) == (side, side):
        return table
    if not interpolate:
        raise ValueError(
            f"images of {height}x{width}, positions are for {side}x{side}: resize the images or "
            "set interpolate=True"
        )
    return resize_positions(table, (height // patch, width // patch))
