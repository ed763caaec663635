"""CLIP-CAER (Zhao et al. 2025, arXiv 2507.00586): a face and its context over time, against texts.

Frames of both streams go through one image tower of CLIP, each stream through a small transformer
over time of its own; the classes are texts behind learned context vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import clip, prompts
from affectjax.models.attention import Dense
from affectjax.models.transformer import activation, attend, layer_norm

EPS = 1e-5
TEMPERATURE = 0.01  # fixed; CLIP's own scale is not used


@dataclass(frozen=True)
class Temporal:
    """Blocks, heads and their width, hidden width of the MLP, and most frames, of a stream."""

    depth: int = 1
    heads: int = 8
    head: int = 64
    mlp: int = 1024
    frames: int = 16
    dropout: float = 0.1


class TemporalBlock(nn.Module):
    """x += attn(norm1 x); x += mlp(norm2 x): no bias of queries, keys, values; GELU by tanh."""

    size: Temporal

    @nn.compact
    def __call__(
        self, x: Float[Array, "b n d"], deterministic: bool = True
    ) -> Float[Array, "b n d"]:
        s, width = self.size, x.shape[-1]
        drop = nn.Dropout(s.dropout, deterministic=deterministic)
        y = layer_norm("norm1", EPS)(x)
        q, k, v = (Dense(s.heads * s.head, use_bias=False, name=name)(y) for name in "qkv")
        y = attend(q, k, v, s.heads)
        if s.heads > 1 or s.head != width:  # one head as wide as the model has no output layer
            y = drop(Dense(width, name="proj")(y))
        x = x + y
        y = Dense(s.mlp, name="fc1")(layer_norm("norm2", EPS)(x))
        y = drop(activation("gelu_tanh")(y))
        return x + drop(Dense(width, name="fc2")(y))


class TemporalTower(nn.Module):
    """A class token and positions before the frames, no last norm; the class token's output."""

    size: Temporal

    @nn.compact
    def __call__(
        self, frames: Float[Array, "b t d"], deterministic: bool = True
    ) -> Float[Array, "b d"]:
        b, t, width = frames.shape
        if t > self.size.frames:
            raise ValueError(f"{t} frames; config.task.model.temporal.frames = {self.size.frames}")
        init = nn.initializers.normal(1.0)
        first = self.param("class_token", init, (width,))
        table = self.param("positions", init, (self.size.frames + 1, width))
        x = jnp.concatenate([jnp.broadcast_to(first, (b, 1, width)), frames], axis=1)
        x = x + table[: t + 1]
        for i in range(self.size.depth):
            x = TemporalBlock(self.size, name=f"blocks_{i}")(x, deterministic)
        return x[:, 0]


class ClipCaer(nn.Module):
    """Face and context clips to "logits" (b, k) = 100 cos(video, text), and what leads there.

    Attributes:
      size: of CLIP; the paper's is "openai:B/32".
      tokens, places: of `prompts.arrange`, one row a class.
      context, by_class: learned vectors before a class's text, of its own or shared by all.
      streams: "both", or one of "face" and "context" alone.
    """

    size: clip.Size
    tokens: Sequence[Sequence[int]]
    places: Sequence[Sequence[int]]
    context: int = 8
    by_class: bool = True
    temporal: Temporal = Temporal()
    streams: str = "both"

    @nn.compact
    def __call__(
        self,
        faces: Float[Array, "b t h w 3"],
        contexts: Float[Array, "b t h w 3"],
        deterministic: bool = True,
    ) -> dict[str, Array]:
        s = self.size
        tower = clip.ImageTower(s.vision, s.image, s.patch, s.embed, s.act, name="visual")
        given = {"face": faces, "context": contexts}
        if self.streams not in ("both", *given):
            raise ValueError(f"streams={self.streams!r}; allowed: both, face, context")
        out: dict[str, Array] = {}
        parts = []
        for name, clips in given.items():
            if self.streams not in ("both", name):
                continue
            each = tower(clips.reshape(-1, *clips.shape[2:]), deterministic=deterministic)
            rows = each["feature"].reshape(*clips.shape[:2], s.embed)
            pooled = TemporalTower(self.temporal, name=f"temporal_{name}")(rows, deterministic)
            out |= {f"frames_{name}": rows, f"temporal_{name}": pooled}
            parts.append(pooled)
        video = Dense(s.embed, name="project")(jnp.concatenate(parts, axis=-1))
        text = self._texts()
        logits = clip.unit(video) @ clip.unit(text).T / TEMPERATURE
        return {"logits": logits, "video": video, "text": text, "feature": video, **out}

    def _texts(self) -> Float[Array, "k e"]:
        s = self.size
        tokens, places = (np.asarray(x, np.int32) for x in (self.tokens, self.places))
        tower = clip.TextTower(s.text, s.embed, s.context, s.vocab, s.act, name="text")
        learned = prompts.Prompts(self.context, self.by_class, name="prompts")
        embedded = learned(tower.embed(tokens), places)
        return tower.encode(embedded, clip.end_of_text(jnp.asarray(tokens)))["feature"]
