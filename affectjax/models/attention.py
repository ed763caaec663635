"""Transformer blocks as in HiCMAE's official code (VideoMAE's lineage), channel-last.

Pre-norm, LayerNorm eps 1e-6, exact (erf) GELU, MLP ratio 4. Queries and values have biases
(parameters of their own, as in BEiT), keys have none. No dropout but drop path.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import attend

EPS = 1e-6
linear_init = nn.initializers.xavier_uniform()


def layer_norm(name: str, dtype: Any = None) -> nn.LayerNorm:
    """LayerNorm as everywhere in HiCMAE."""
    return nn.LayerNorm(epsilon=EPS, dtype=dtype, name=name)


def sincos(length: int, width: int) -> Float[np.ndarray, "n d"]:
    """Fixed positions: sin on even and cos on odd channels of p / 10000^(2 floor(j/2) / d).

    Computed in float64 and rounded once (`get_sinusoid_encoding_table` of the official code).

    >>> sincos(2, 4)[1].astype(float).round(4).tolist()
    [0.8415, 0.5403, 0.01, 0.9999]
    """
    channel = np.arange(width)
    angle = np.arange(length)[:, None] / np.power(10000.0, 2 * (channel // 2) / width)
    table = np.where(channel % 2 == 0, np.sin(angle), np.cos(angle))
    return table.astype(np.float32)


class DropPath(nn.Module):
    """Drop the residual branch of whole examples with probability rate; scale the others up."""

    rate: float

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], deterministic: bool, rate: Float[Array, ""] | None = None
    ) -> Float[Array, "b n d"]:
        """`rate` stands in for the module's where a scan gives each layer its own."""
        if deterministic or not self.rate:
            return x
        keep = 1.0 - (self.rate if rate is None else rate)
        shape = (x.shape[0], *[1] * (x.ndim - 1))
        mask = jax.random.bernoulli(self.make_rng("dropout"), keep, shape)
        return jnp.where(mask, x / keep, 0.0).astype(x.dtype)


class Dense(nn.Module):
    """x W + b on the last axis, Xavier-initialised, as one flat matrix product.

    The same as `nn.Dense`, but a step is 1.4 times as fast on a CPU, where XLA's gradient of a
    product with two leading axes is slow.
    """

    features: int
    use_bias: bool = True
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "*b d"]) -> Float[Array, "*b e"]:
        kernel = self.param("kernel", linear_init, (x.shape[-1], self.features))
        dtype = self.dtype or x.dtype
        y = x.reshape(-1, x.shape[-1]).astype(dtype) @ kernel.astype(dtype)
        if self.use_bias:
            y = y + _bias(self, "bias", self.features, dtype)
        return y.reshape(*x.shape[:-1], self.features)


def gelu(x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
    """x (1 + erf(x / sqrt 2)) / 2; `jax.nn.gelu` goes through erfc, half as fast on a CPU.

    In float32 whatever the dtype of x: the polynomials lose too much in 16 bits.
    """
    wide = x.astype(jnp.float32)
    return (0.5 * wide * (1.0 + erf(wide * 2**-0.5))).astype(x.dtype)


@jax.custom_jvp
def erf(x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
    """The error function to 3e-7, by the rational function that XLA itself uses for float32.

    Written out because `jax.lax.erf` becomes an operation that TensorFlow 2.21 cannot load.
    """
    wide = jnp.clip(x.astype(jnp.float32), -4.0, 4.0)  # bfloat16 cannot hold the polynomial
    square = wide * wide
    ratio = wide * _polynomial(_ERF_ABOVE, square) / _polynomial(_ERF_BELOW, square)
    return ratio.astype(x.dtype)


@erf.defjvp
def _erf_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,), (tangent,) = primals, tangents
    return erf(x), _TWO_OVER_ROOT_PI * jnp.exp(-x * x) * tangent


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = jnp.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        total = total * x + c
    return total


_TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))  # Python's own float: bfloat16 stays bfloat16

# Highest power first; the figures are those of Eigen's generic_fast_erf_float.
_ERF_ABOVE = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_BELOW = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


class Attention(nn.Module):
    """Self-attention: one qkv matrix, biases for q and v."""

    heads: int
    dtype: Any = None
    kernel: str = "plain"

    @nn.compact
    def __call__(self, x: Float[Array, "b n d"]) -> Float[Array, "b n d"]:
        width = x.shape[-1]
        qkv = Dense(3 * width, use_bias=False, dtype=self.dtype, name="qkv")(x)
        q, k, v = jnp.split(qkv, 3, axis=-1)
        q = q + _bias(self, "q_bias", width, q.dtype)
        v = v + _bias(self, "v_bias", width, v.dtype)
        out = attend.attend(q, k, v, self.heads, self.kernel)
        return Dense(width, dtype=self.dtype, name="proj")(out)


class CrossAttention(nn.Module):
    """Queries from x, keys and values from a context of any width."""

    heads: int
    dtype: Any = None
    kernel: str = "plain"

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], context: Float[Array, "b m c"]
    ) -> Float[Array, "b n d"]:
        width = x.shape[-1]
        q = Dense(width, use_bias=False, dtype=self.dtype, name="q")(x)
        q = q + _bias(self, "q_bias", width, q.dtype)
        kv = Dense(2 * width, use_bias=False, dtype=self.dtype, name="kv")(context)
        k, v = jnp.split(kv, 2, axis=-1)
        v = v + _bias(self, "v_bias", width, v.dtype)
        out = attend.attend(q, k, v, self.heads, self.kernel)
        return Dense(width, dtype=self.dtype, name="proj")(out)


class Mlp(nn.Module):
    """Linear, exact GELU, linear."""

    ratio: float = 4.0
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "b n d"]) -> Float[Array, "b n d"]:
        width = x.shape[-1]
        hidden = gelu(Dense(int(width * self.ratio), dtype=self.dtype, name="fc1")(x))
        return Dense(width, dtype=self.dtype, name="fc2")(hidden)


class Block(nn.Module):
    """x += attn(norm1 x); x += mlp(norm2 x)."""

    heads: int
    mlp_ratio: float = 4.0
    drop_path: float = 0.0
    dtype: Any = None
    kernel: str = "plain"

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], deterministic: bool, rate: Float[Array, ""] | None = None
    ) -> Float[Array, "b n d"]:
        """`rate` stands in for `drop_path` where a scan gives each layer its own."""
        drop = DropPath(self.drop_path)
        y = layer_norm("norm1", self.dtype)(x)
        attention = Attention(self.heads, self.dtype, self.kernel, name="attn")
        x = x + drop(attention(y), deterministic, rate)
        y = layer_norm("norm2", self.dtype)(x)
        return x + drop(Mlp(self.mlp_ratio, self.dtype, name="mlp")(y), deterministic, rate)


class CrossBlock(nn.Module):
    """Cross-attention to a context, then self-attention, then MLP; each residual and pre-norm."""

    heads: int
    mlp_ratio: float = 4.0
    drop_path: float = 0.0
    dtype: Any = None
    kernel: str = "plain"

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], context: Float[Array, "b m c"], deterministic: bool
    ) -> Float[Array, "b n d"]:
        drop = DropPath(self.drop_path)
        query = layer_norm("cross_norm1", self.dtype)(x)
        context = layer_norm("cross_norm2", self.dtype)(context)
        cross = CrossAttention(self.heads, self.dtype, self.kernel, name="cross_attn")
        x = x + drop(cross(query, context), deterministic)
        y = layer_norm("norm1", self.dtype)(x)
        attention = Attention(self.heads, self.dtype, self.kernel, name="attn")
        x = x + drop(attention(y), deterministic)
        y = layer_norm("norm2", self.dtype)(x)
        return x + drop(Mlp(self.mlp_ratio, self.dtype, name="mlp")(y), deterministic)


def drop_path_rates(last: float, depth: int) -> tuple[float, ...]:
    """Rates that rise linearly from 0 to `last` over the depth.

    >>> drop_path_rates(0.1, 3)
    (0.0, 0.05, 0.1)
    """
    return tuple(float(r) for r in np.linspace(0.0, last, depth))


def _bias(module: nn.Module, name: str, width: int, dtype: Any) -> Float[Array, " d"]:
    return module.param(name, nn.initializers.zeros, (width,)).astype(dtype)
