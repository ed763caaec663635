"""BERT (Devlin et al. 2019, arXiv 1810.04805) as an encoder of texts, and its pooled embedding.

MiniLM and sentence-transformers' models are of this family. Texts are the ids of
`data/wordpiece.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from affectjax.models.attention import Dense
from affectjax.models.transformer import Mlp, SelfAttention, Tower, layer_norm


@dataclass(frozen=True)
class Size:
    """Tower, vocabulary, longest text and kinds of segments."""

    tower: Tower
    vocab: int = 30522
    positions: int = 512
    segments: int = 2


SIZES: Mapping[str, Size] = {
    "MiniLM-L6": Size(Tower(384, 6, 12)),  # Wang et al. 2020, arXiv 2002.10957
    "MiniLM-L12": Size(Tower(384, 12, 12)),
    "base": Size(Tower(768, 12, 12)),
    "large": Size(Tower(1024, 24, 16)),
}


def size(name: str) -> Size:
    """The size of a name."""
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of BERT; there are {', '.join(SIZES)}")
    return SIZES[name]


class Block(nn.Module):
    """x = norm1(x + attn(x)); x = norm2(x + mlp(x))."""

    heads: int
    hidden: int
    act: str
    eps: float
    dropout: float
    dtype: Any

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], bias: Float[Array, "b 1 1 n"], deterministic: bool
    ) -> Float[Array, "b n d"]:
        drop = nn.Dropout(self.dropout, deterministic=deterministic)
        attn = SelfAttention(self.heads, dtype=self.dtype, name="attn")
        x = layer_norm("norm1", self.eps, self.dtype)(x + drop(attn(x, bias)))
        mlp = Mlp(self.hidden, self.act, self.dtype, name="mlp")
        return layer_norm("norm2", self.eps, self.dtype)(x + drop(mlp(x)))


class Bert(nn.Module):
    """Texts to "tokens" (b, n, d) and "feature" (b, d).

    Attributes:
      pool: the feature is the "mean" of the tokens that `mask` holds (sentence-transformers), the
        first "token", or that through a linear layer and tanh ("pooler", Hugging Face's).
      unit: the feature is divided by its length.
      dropout: on the embedding and on each branch; on attention weights there is none.
    """

    size: Size
    pool: Literal["mean", "token", "pooler"] = "mean"
    unit: bool = False
    act: str = "gelu"
    eps: float = 1e-12
    dropout: float = 0.1
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        ids: Int[Array, "b n"],
        mask: Bool[Array, "b n"],
        segments: Int[Array, "b n"] | None = None,
        deterministic: bool = True,
    ) -> dict[str, Array]:
        """`mask` is False for padding, which no token sees.

        Raises:
          ValueError: a text longer than the table of positions, or an unknown pool.
        """
        if self.pool not in ("mean", "token", "pooler"):
            raise ValueError(f"pool={self.pool!r}; allowed: 'mean', 'token', 'pooler'")
        t = self.size.tower
        x = self._embed(ids, segments)
        x = nn.Dropout(self.dropout)(x, deterministic=deterministic)
        bias = jnp.where(mask, 0.0, -jnp.inf)[:, None, None]
        self.sow("intermediates", "hidden_0", x)
        for i in range(t.depth):
            settings = (t.heads, t.hidden, self.act, self.eps, self.dropout, self.dtype)
            x = Block(*settings, name=f"blocks_{i}")(x, bias, deterministic)
            self.sow("intermediates", f"hidden_{i + 1}", x)
        feature = x[:, 0]
        if self.pool == "pooler":
            feature = jnp.tanh(Dense(t.width, dtype=self.dtype, name="pooler")(feature))
        if self.pool == "mean":
            w = mask[..., None].astype(jnp.float32)
            feature = (x * w).sum(1) / jnp.maximum(w.sum(1), 1e-9)
        if self.unit:
            length = jnp.linalg.norm(feature.astype(jnp.float32), axis=-1, keepdims=True)
            feature = feature / jnp.maximum(length, 1e-12)
        return {"tokens": x, "feature": feature}

    def _embed(
        self, ids: Int[Array, "b n"], segments: Int[Array, "b n"] | None
    ) -> Float[Array, "b n d"]:
        s, n = self.size, ids.shape[1]
        if n > s.positions:
            raise ValueError(f"texts of {n} tokens, the model has {s.positions} positions")
        init = nn.initializers.normal(0.02)
        words, places, kinds = (
            jnp.asarray(self.param(name, init, (count, s.tower.width)))
            for name, count in (
                ("words", s.vocab),
                ("positions", s.positions),
                ("segments", s.segments),
            )
        )
        of = jnp.zeros_like(ids) if segments is None else segments
        x = words[ids] + places[:n] + kinds[of]
        return layer_norm("norm", self.eps, self.dtype)(x)
