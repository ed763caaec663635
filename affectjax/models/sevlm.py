"""SEVLM (Zhang et al. 2024, arXiv 2403.11150): says of a painting what it makes feel, and why.

GPT-2 with attention to CLIP's patches, written after the official code (BetterZH/SEVLM-code):
words carry their valence, arousal and dominance, a head predicts those of the next word, another
scores whether picture, emotion and explanation belong together.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attention import Dense
from affectjax.models.gpt import Cache, Decoder
from affectjax.models.transformer import Tower, layer_norm

SPOKEN = 6  # tokens of the emotion part: start, "the emotion is", one of nine emotions, "because"
EPS = 1e-5


@dataclass(frozen=True)
class Size:
    """Vocabulary, longest text, tower, and tokens made from the picture's summary (0: none)."""

    vocab: int
    positions: int
    tower: Tower
    prefix: int = 0


# DistilGPT-2 and the four tokens that the official code adds to its vocabulary.
DISTIL = Size(50261, 1024, Tower(768, 6, 12))


class VADEncoder(nn.Module):
    """Words' VAD (b, n, 3) to features (b, n, 3): attention among three numbers a word.

    Post-norm layers, each inside one more residual. As published a word sees later words, so in
    training the features of earlier words tell of those to be predicted; `causal` stops that.
    """

    depth: int = 3
    hidden: int = 128
    positions: int = 5000
    causal: bool = False
    dropout: float = 0.1

    @nn.compact
    def __call__(
        self,
        vad: Float[Array, "b n 3"],
        length: int | Int[Array, ""] | None = None,
        deterministic: bool = True,
    ) -> Float[Array, "b n 3"]:
        """Words from place `length` on are not seen, as if they were not there."""
        n, width = vad.shape[1:]
        table = self.param("positions", nn.initializers.normal(1.0), (self.positions, width))
        x = layer_norm("norm", EPS)(vad + table[:n])
        drop = nn.Dropout(self.dropout, deterministic=deterministic)
        places = jnp.arange(n)
        seen = places[None] < (n if length is None else length)
        if self.causal:
            seen = seen & (places[None] <= places[:, None])
        bias = jnp.where(seen, 0.0, -jnp.inf)
        for i in range(self.depth):
            q, k, v = (Dense(width, name=f"{name}_{i}")(x) for name in "qkv")
            weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) * width**-0.5 + bias)
            y = layer_norm(f"norm1_{i}", EPS)(x + drop(drop(weights) @ v))
            hidden = nn.relu(Dense(self.hidden, name=f"fc1_{i}")(y))
            inner = Dense(width, name=f"fc2_{i}")(hidden)
            x = x + layer_norm(f"norm2_{i}", EPS)(y + drop(inner))
        return x


class SEVLM(nn.Module):
    """Texts after a picture.

    Attributes:
      vad: with the head that predicts the next word's VAD.
      contrast: with the head that scores triples.
      tied: words are read out by their own embedding, as published; else by a matrix.
      spoken: tokens of the emotion part; words after it carry VAD features.
    """

    size: Size
    vad: bool = True
    contrast: bool = True
    tied: bool = True
    spoken: int = SPOKEN
    act: str = "gelu_tanh"
    eps: float = EPS
    dropout: float = 0.1
    dtype: Any = None

    def setup(self) -> None:
        s, width = self.size, self.size.tower.width
        init = nn.initializers.normal(0.02)
        self.tokens = jnp.asarray(self.param("tokens", init, (s.vocab, width)))
        self.positions = jnp.asarray(self.param("positions", init, (s.positions, width)))
        if s.prefix:
            self.prefix_fc1 = Dense(width * s.prefix // 2)
            self.prefix_fc2 = Dense(width * s.prefix)
        self.join = Dense(width)
        self.drop = nn.Dropout(self.dropout)
        self.decoder = Decoder(s.tower, self.act, self.eps, self.dropout, self.dtype)
        if not self.tied:
            self.head = Dense(s.vocab, use_bias=False)
        if self.vad:
            self.vad_head = Dense(3)
        if self.contrast:
            self.contrast_layers = [Dense(width) for _ in range(4)] + [Dense(1)]

    def __call__(
        self,
        ids: Int[Array, "b n"],
        types: Int[Array, "b n"],
        patches: Float[Array, "b m d"],
        summary: Float[Array, "b e"] | None = None,
        vad: Float[Array, "b n 3"] | None = None,
        negatives: Int[Array, "q b"] | None = None,
        deterministic: bool = True,
    ) -> dict[str, Array]:
        """What the losses need of whole texts; n is prefix + m', of which m' tokens are text.

        Args:
          ids: the first `size.prefix` are placeholders.
          types: of tokens, rows of the same embedding as words (`<emotion>`, `<explanation>`).
          patches: CLIP's, attended to by every block.
          summary: the vector that the prefix is made of.
          vad: features of the words by `VADEncoder`; None leaves them out.
          negatives: for each of q draws, whose explanation stands in for a row's own.

        Returns:
          "logits" (b, m', v) of the next token; "vad" (b, m' - spoken + 1, 3), of the next token,
          from the last of the emotion part on; "image_mean", "emotion_mean", "explanation_mean"
          (b, d); "scores" (b, 1 + q), of the row's own triple first.
        """
        x = self.embed(ids, types, summary, vad, deterministic)
        hidden, _ = self.decoder(x, patches, deterministic=deterministic)
        text = hidden[:, self.size.prefix :]
        out = {
            "logits": self.read(text),
            "image_mean": patches.mean(1),
            "emotion_mean": text[:, : self.spoken].mean(1),
            "explanation_mean": text[:, self.spoken :].mean(1),
        }
        if self.vad:
            out["vad"] = self.vad_head(text[:, self.spoken - 1 :].astype(jnp.float32))
        if self.contrast:
            own = jnp.arange(ids.shape[0])[None]
            rows = own if negatives is None else jnp.concatenate([own, negatives])
            out["scores"] = self._scores(out, rows)
        return out

    def step(
        self,
        ids: Int[Array, "b n"],
        types: Int[Array, "b n"],
        patches: Float[Array, "b m d"],
        cache: Cache,
        at: int | Int[Array, ""],
        vad: Float[Array, "b n 3"] | None = None,
    ) -> tuple[Float[Array, "b n v"], Cache]:
        """Logits of text tokens from place `at` (after prefix and what the cache holds) on."""
        x = self._words(ids, types, vad, at, True)
        hidden, cache = self.decoder(x, patches, cache, at)
        return self.read(hidden), cache

    def prefill(
        self,
        ids: Int[Array, "b n"],
        types: Int[Array, "b n"],
        patches: Float[Array, "b m d"],
        summary: Float[Array, "b e"] | None,
        cache: Cache,
        vad: Float[Array, "b n 3"] | None = None,
    ) -> Cache:
        """The cache with the prefix and the first words, from place 0 on."""
        return self.decoder(self.embed(ids, types, summary, vad, True), patches, cache)[1]

    def embed(
        self,
        ids: Int[Array, "b n"],
        types: Int[Array, "b n"],
        summary: Float[Array, "b e"] | None,
        vad: Float[Array, "b n 3"] | None,
        deterministic: bool,
    ) -> Float[Array, "b n d"]:
        """Prefix and words, with places, types and VAD features."""
        prefix = self.size.prefix
        if not prefix:
            return self._words(ids, types, vad, 0, deterministic)
        if summary is None:
            raise ValueError(f"a prefix of {prefix} tokens is made of a summary; none was given")
        made = self.prefix_fc2(jnp.tanh(self.prefix_fc1(summary)))
        made = made.reshape(len(ids), prefix, -1) + self.positions[:prefix]
        made = self.drop(made + self.tokens[types[:, :prefix]], deterministic=deterministic)
        vad = None if vad is None else vad[:, prefix:]
        words = self._words(ids[:, prefix:], types[:, prefix:], vad, prefix, deterministic)
        return jnp.concatenate([made, words], axis=1)

    def read(self, hidden: Float[Array, "b n d"]) -> Float[Array, "b n v"]:
        """Logits of hidden states, in float32."""
        hidden = hidden.astype(jnp.float32)
        return hidden @ self.tokens.T if self.tied else self.head(hidden)

    def _words(
        self, ids: Any, types: Any, vad: Any, at: Any, deterministic: bool
    ) -> Float[Array, "b n d"]:
        places = at + jnp.arange(ids.shape[1])
        x = self.tokens[ids] + self.positions[places] + self.tokens[types]
        x = self.drop(x, deterministic=deterministic)
        if vad is None:
            if self.is_initializing():
                self.join(jnp.zeros((1, x.shape[-1] + 3), x.dtype))
            return x
        joined = self.join(jnp.concatenate([x, vad], axis=-1))
        explains = places >= self.size.prefix + self.spoken
        return jnp.where(explains[:, None], joined, x)

    def _scores(self, out: dict[str, Array], rows: Int[Array, "q b"]) -> Float[Array, "b q"]:
        explained = out["explanation_mean"][rows]
        given = [out["image_mean"], out["emotion_mean"]]
        given = [jnp.broadcast_to(x, (len(rows), *x.shape)) for x in given]
        x = jnp.concatenate([*given, explained], axis=-1).astype(jnp.float32)
        for layer in self.contrast_layers[:-1]:
            x = nn.relu(layer(x))
        return self.contrast_layers[-1](x)[..., 0].T
