"""Learned prompts for a frozen CLIP: CoOp, CoCoOp, and visual prompts.

CoOp (Zhou et al. 2021, arXiv 2109.01134) learns context vectors before, around or after the name of
a class; CoCoOp (2022, arXiv 2203.05557) adds to them what a small network makes of the image.
"""

from collections.abc import Sequence
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models import clip
from affectjax.models.attention import Dense

Position = Literal["end", "middle", "front"]


def arrange(
    names: Int[np.ndarray, "k n"],
    context: int,
    position: Position = "end",
    tail: Sequence[int] = (),
    length: int = 77,
) -> tuple[Int[np.ndarray, "k m"], Int[np.ndarray, "k c"]]:
    """Token ids of prompts with room for `context` vectors, and the places of these.

    Args:
      names: rows of `data.clip_tokens.tokenize` of the classes' names alone.
      position: of the name: "end" (start, context, name, tail, end of text), "front" (name before
        the context) or "middle" (between its halves).
      tail: ids after all, such as that of "." (CoOp ends so; CLIP-CAER does not).

    Raises:
      ValueError: a prompt longer than `length`, or another position.

    >>> ids, places = arrange(np.array([[8, 5, 6, 9, 0]]), 2, "middle", length=7)
    >>> ids.tolist(), places.tolist()
    ([[8, 0, 5, 6, 0, 9, 0]], [[1, 4]])
    """
    if position not in ("end", "middle", "front"):
        raise ValueError(f"position={position!r}; allowed: 'end', 'middle', 'front'")
    before = {"end": context, "middle": context // 2, "front": 0}[position]
    rows = np.zeros((len(names), length), np.int32)
    places = np.zeros((len(names), context), np.int32)
    for row, place, ids in zip(rows, places, np.asarray(names), strict=True):
        last = int(ids.argmax())
        name = ids[1:last]
        count = 2 + context + len(name) + len(tail)
        if count > length:
            raise ValueError(f"a prompt of {count} tokens is longer than {length}: {ids.tolist()}")
        after = 1 + before + len(name)
        row[0] = ids[0]
        row[1 + before : after] = name
        row[count - 1 - len(tail) : count - 1] = tail
        row[count - 1] = ids[last]
        place[:] = [*range(1, 1 + before), *range(after, after + context - before)]
    return rows, places


class Prompts(nn.Module):
    """Context vectors put into the embeddings of prompts.

    Attributes:
      length: number of context vectors, 16 in CoOp, 4 in CoCoOp.
      by_class: each class has vectors of its own.
      start: rows (length, d) to begin with, such as those of "a photo of a"; else N(0, 0.02).
      conditioned: CoCoOp: relu network of width d_image / 16 from the image's unit feature to one
        vector added to all of the context.
    """

    length: int = 16
    by_class: bool = False
    start: Sequence[Sequence[float]] | None = None
    conditioned: bool = False

    @nn.compact
    def __call__(
        self,
        embedded: Float[Array, "k n d"],
        places: Int[Array, "k c"],
        image: Float[Array, "b e"] | None = None,
    ) -> Float[Array, "*b k n d"]:
        """The embeddings with the vectors at `places`; for each image, where conditioned."""
        k, _, width = embedded.shape
        shape = (k, self.length, width) if self.by_class else (self.length, width)
        vectors = self.param("context", self._begin(shape), shape)
        if self.conditioned:
            if image is None or self.by_class:
                raise ValueError("conditioned prompts need image features, and one shared context")
            hidden = Dense(image.shape[-1] // 16, name="meta_fc1")(clip.unit(image))
            shift = Dense(width, name="meta_fc2")(nn.relu(hidden))
            vectors = vectors + shift[:, None]  # (b, length, d)
            vectors = jnp.broadcast_to(vectors[:, None], (len(image), *_each(k, vectors)))
            embedded = jnp.broadcast_to(embedded, (len(image), *embedded.shape))
        vectors = jnp.broadcast_to(vectors, (*embedded.shape[:-2], self.length, width))
        rows = jnp.arange(k)[:, None]
        return embedded.at[..., rows, places, :].set(vectors.astype(embedded.dtype))

    def _begin(self, shape: tuple[int, ...]) -> Any:
        if self.start is None:
            return nn.initializers.normal(0.02)
        rows = np.asarray(self.start, np.float32)
        if rows.shape != shape[-2:]:
            raise ValueError(f"start has shape {rows.shape}, the context {shape[-2:]}")
        return lambda key, shape: jnp.broadcast_to(jnp.asarray(rows), shape)


class PromptedClip(nn.Module):
    """A CLIP whose classes are learned prompts: "logits" (b, k) and both features.

    Attributes:
      tokens, places: of `arrange`, one row a class.
      visual_prompts: (layers, tokens) of learned tokens beside the patches in the first layers;
        (0, 0) for none.
    """

    model: clip.Clip
    prompts: Prompts
    tokens: Sequence[Sequence[int]]
    places: Sequence[Sequence[int]]
    visual_prompts: tuple[int, int] = (0, 0)

    @nn.compact
    def __call__(self, images: Float[Array, "b h w 3"]) -> dict[str, Array]:
        tokens, places = (np.asarray(x, np.int32) for x in (self.tokens, self.places))
        image = self.model.visual(images, self._visual())["feature"]
        given = image if self.prompts.conditioned else None
        embedded = self.prompts(self.model.text.embed(tokens), places, given)
        flat = embedded.reshape(-1, *embedded.shape[-2:])
        end = jnp.tile(clip.end_of_text(jnp.asarray(tokens)), len(flat) // len(tokens))
        text = self.model.text.encode(flat, end)["feature"]
        text = clip.unit(text.reshape(*embedded.shape[:-2], -1))
        pairs = "bd,bkd->bk" if self.prompts.conditioned else "bd,kd->bk"
        logits = jnp.einsum(pairs, clip.unit(image), text)
        scale = jnp.exp(self.model.logit_scale)
        return {"logits": scale * logits, "image_feature": image, "text_feature": text}

    def _visual(self) -> Float[Array, "l p d"] | None:
        layers, count = self.visual_prompts
        if not layers:
            return None
        tower = self.model.size.vision
        if layers > tower.depth:
            raise ValueError(f"visual prompts in {layers} layers of a tower of {tower.depth}")
        bound = (6 / (3 * self.model.size.patch**2 + tower.width)) ** 0.5  # as VPT begins them
        init = nn.initializers.uniform(2 * bound)
        shift = lambda key, shape: init(key, shape) - bound  # noqa: E731
        return self.param("visual_prompts", shift, (layers, count, tower.width))


def _each(k: int, vectors: Array) -> tuple[int, ...]:
    return (k, *vectors.shape[1:])
