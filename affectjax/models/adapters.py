"""Light adaptation of frozen features: CLIP-Adapter, Tip-Adapter and its fine-tuned form.

All of them take image features as CLIP gives them and text features of the classes; features of
the text are computed once, for the towers are frozen.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attention import Dense
from affectjax.models.clip import unit
from affectjax.models.transformer import attend


class ClipAdapter(nn.Module):
    """v' = ratio A(v) + (1 - ratio) v, A(v) = relu(W2 relu(W1 v)), without biases.

    Gao et al. 2021 (arXiv 2110.04544) and their code: `v` is not normalised; the width inside is
    1 / `reduction` of it.
    """

    ratio: float = 0.2
    reduction: int = 4
    dtype: Any = None

    @nn.compact
    def __call__(self, feature: Float[Array, "b d"]) -> Float[Array, "b d"]:
        width = feature.shape[-1]
        inner = Dense(width // self.reduction, use_bias=False, dtype=self.dtype, name="down")
        outer = Dense(width, use_bias=False, dtype=self.dtype, name="up")
        adapted = nn.relu(outer(nn.relu(inner(feature))))
        return self.ratio * adapted + (1 - self.ratio) * feature


def cosine_logits(
    image: Float[Array, "b d"], text: Float[Array, "k d"], scale: float | Array = 100.0
) -> Float[Array, "b k"]:
    """scale x cos(image, text) for all pairs."""
    return scale * unit(image) @ unit(text).T


def ensemble(prompts: Float[Array, "k p d"]) -> Float[Array, "k d"]:
    """Text features of classes from those of several prompts: unit mean of the unit vectors."""
    return unit(unit(prompts).mean(axis=1))


def tip_cache(views: Float[Array, "v s d"]) -> Float[Array, "s d"]:
    """Keys of the shots: the mean over augmented views of the features, then of unit length.

    Zhang et al. 2021 (arXiv 2111.03930); their code takes ten random crops of each shot.
    """
    return unit(views.mean(axis=0))


def tip_logits(
    image: Float[Array, "b d"],
    keys: Float[Array, "s d"],
    labels: Int[Array, " s"],
    text: Float[Array, "k d"],
    alpha: float | Array = 1.0,
    beta: float | Array = 1.0,
) -> Float[Array, "b k"]:
    """100 cos(f, text) + alpha exp(-beta (1 - f . keys)) onehot(labels).

    `keys` are used as they are: `TipAdapter` trains them away from unit length. alpha 0 is the
    zero-shot classifier; a large beta leaves the vote to the nearest shot.
    """
    affinity = unit(image) @ keys.T
    values = jax.nn.one_hot(labels, text.shape[0])
    cached = jnp.exp(-beta * (1.0 - affinity)) @ values
    return cosine_logits(image, text) + alpha * cached


class TipAdapter(nn.Module):
    """Tip-Adapter-F: the cache's keys are the parameters, begun at the shots' features."""

    shots: Sequence[Sequence[float]]
    labels: Sequence[int]
    alpha: float = 1.0
    beta: float = 1.0

    @nn.compact
    def __call__(
        self, image: Float[Array, "b d"], text: Float[Array, "k d"]
    ) -> Float[Array, "b k"]:
        start = jnp.asarray(np.asarray(self.shots, np.float32))
        keys = self.param("keys", lambda _: start)
        return tip_logits(image, keys, jnp.asarray(self.labels), text, self.alpha, self.beta)


def tip_search(
    image: Float[Array, "b d"],
    labels: Int[Array, " b"],
    keys: Float[Array, "s d"],
    shot_labels: Int[Array, " s"],
    text: Float[Array, "k d"],
    scale: tuple[float, float] = (7.0, 3.0),
    steps: tuple[int, int] = (200, 20),
) -> tuple[float, float, float]:
    """(alpha, beta, accuracy) that is best on *validation* features, over the paper's grid.

    beta in [0.1, scale[0]) by steps[0], alpha in [0.1, scale[1]) by steps[1]; the first of equals.
    """
    betas, alphas = (
        jnp.linspace(0.1, top, count, endpoint=False)
        for top, count in zip(scale, steps, strict=True)
    )

    @jax.jit
    def accuracy(beta: Array) -> Array:
        many = jax.vmap(lambda a: tip_logits(image, keys, shot_labels, text, a, beta))(alphas)
        return (many.argmax(-1) == labels).mean(-1)

    table = np.stack([np.asarray(accuracy(b)) for b in betas])
    i, j = np.unravel_index(table.argmax(), table.shape)
    return float(alphas[j]), float(betas[i]), float(table[i, j])


class AttentiveProbe(nn.Module):
    """Learned queries that attend to the tokens of a frozen tower; their mean after a norm.

    One cross-attention without an output layer (Chen et al. 2022, CAE, arXiv 2202.03026, with one
    query): "feature" (b, d), for a head of `models.heads`.
    """

    heads: int = 8
    queries: int = 1
    dtype: Any = None

    @nn.compact
    def __call__(self, tokens: Float[Array, "b n d"]) -> Float[Array, "b d"]:
        width = tokens.shape[-1]
        x = nn.LayerNorm(epsilon=1e-6, dtype=self.dtype, name="norm_tokens")(tokens)
        init = nn.initializers.normal(0.02)
        query = self.param("queries", init, (self.queries, width)).astype(x.dtype)
        query = jnp.broadcast_to(query, (x.shape[0], *query.shape))
        k, v = (Dense(width, dtype=self.dtype, name=name)(x) for name in "kv")
        pooled = attend(query, k, v, self.heads).mean(axis=1)
        return nn.LayerNorm(epsilon=1e-6, dtype=self.dtype, name="norm")(pooled)
