"""GPT-2's blocks (Radford et al. 2019), with attention to a context between, and a cache.

Pre-norm, tanh GELU, eps 1e-5; dropout on attention weights and on each branch.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attention import Dense
from affectjax.models.transformer import Mlp, Tower, layer_norm

KeysValues = tuple[Float[Array, "b l d"], Float[Array, "b l d"]]
Cache = Sequence[KeysValues]  # one of each block


def empty_cache(tower: Tower, rows: int, length: int, dtype: Any = jnp.float32) -> Cache:
    """Zeros for the keys and values of `length` tokens."""
    zeros = jnp.zeros((rows, length, tower.width), dtype)
    return tuple((zeros, zeros) for _ in range(tower.depth))


class Attention(nn.Module):
    """Of x to itself, or to a context of any width; keys and values go into the cache if given."""

    heads: int
    dropout: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b n d"],
        context: Float[Array, "b m c"] | None = None,
        bias: Float[Array, "n m"] | None = None,
        cache: KeysValues | None = None,
        at: int | Int[Array, ""] = 0,
        deterministic: bool = True,
    ) -> tuple[Float[Array, "b n d"], KeysValues]:
        width, source = x.shape[-1], x if context is None else context
        q, k, v = (
            Dense(width, dtype=self.dtype, name=name)(y)
            for name, y in (("q", x), ("k", source), ("v", source))
        )
        if cache is not None:
            k, v = (
                jax.lax.dynamic_update_slice(old, new.astype(old.dtype), (0, at, 0))
                for old, new in zip(cache, (k, v), strict=True)
            )
        split = lambda y: y.reshape(*y.shape[:2], self.heads, -1).swapaxes(1, 2)  # noqa: E731
        scale = (width // self.heads) ** -0.5
        scores = (split(q) @ split(k).swapaxes(-1, -2)).astype(jnp.float32) * scale
        weights = jax.nn.softmax(scores if bias is None else scores + bias)
        weights = nn.Dropout(self.dropout)(weights, deterministic=deterministic)
        out = (weights.astype(v.dtype) @ split(v)).swapaxes(1, 2).reshape(x.shape)
        return Dense(width, dtype=self.dtype, name="proj")(out), (k, v)


class Block(nn.Module):
    """x += attn(norm1 x); x += cross(norm_cross x, context); x += mlp(norm2 x)."""

    heads: int
    hidden: int
    act: str = "gelu_tanh"
    eps: float = 1e-5
    dropout: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b n d"],
        context: Float[Array, "b m c"] | None,
        bias: Float[Array, "n l"],
        cache: KeysValues | None,
        at: int | Int[Array, ""],
        deterministic: bool,
    ) -> tuple[Float[Array, "b n d"], KeysValues]:
        drop = nn.Dropout(self.dropout, deterministic=deterministic)
        attend = lambda name: Attention(self.heads, self.dropout, self.dtype, name=name)  # noqa: E731
        norm = lambda name: layer_norm(name, self.eps, self.dtype)  # noqa: E731
        y, kept = attend("attn")(norm("norm1")(x), None, bias, cache, at, deterministic)
        x = x + drop(y)
        if context is not None:
            y, _ = attend("cross")(norm("norm_cross")(x), context, deterministic=deterministic)
            x = x + drop(y)
        mlp = Mlp(self.hidden, self.act, self.dtype, name="mlp")
        return x + drop(mlp(norm("norm2")(x))), kept


class Decoder(nn.Module):
    """Embedded tokens to hidden states after the last norm; a token sees those up to itself.

    Dropout of the embedding is the caller's.
    """

    tower: Tower
    act: str = "gelu_tanh"
    eps: float = 1e-5
    dropout: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "b n d"],
        context: Float[Array, "b m c"] | None = None,
        cache: Cache | None = None,
        at: int | Int[Array, ""] = 0,
        deterministic: bool = True,
    ) -> tuple[Float[Array, "b n d"], Cache]:
        """Also the keys and values. With a cache, x is the tokens from place `at` on.

        The cache of `empty_cache` holds those before.
        """
        t, n = self.tower, x.shape[1]
        length = n if cache is None else cache[0][0].shape[1]
        seen = jnp.arange(length) <= at + jnp.arange(n)[:, None]
        bias = jnp.where(seen, 0.0, -jnp.inf)
        kept = []
        for i in range(t.depth):
            settings = (t.heads, t.hidden, self.act, self.eps, self.dropout, self.dtype)
            block = Block(*settings, name=f"blocks_{i}")
            x, new = block(x, context, bias, cache[i] if cache else None, at, deterministic)
            kept.append(new)
        return layer_norm("norm", self.eps, self.dtype)(x), tuple(kept)
