"""Losses that place a face's feature in the plane of valence and arousal, after NeuroGaze-Distill.

Prototypes (m, d) are given arrays, one for each cell of a grid over the plane, that a teacher made
of brain signals (arXiv 2509.11916). The paper's text was not at hand: weights and temperatures are
its README's, what the formulas leave open is ours and says so.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from affectjax.losses import weighting
from affectjax.losses.weighting import Given, Weights

_TINY = 1e-8


def cells(side: int = 5) -> Float[np.ndarray, "m 2"]:
    """Valence and arousal of the middles of side x side equal cells of [-1, 1]^2, row by row.

    NumPy's, float32: configs are built with them, also for chips that are not here.

    >>> cells(2).tolist()
    [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]]
    """
    middles = (2 * np.arange(side, dtype=np.float32) + 1) / side - 1
    return np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2)


def nearness(
    points: Float[Given, "b 2"], centres: Float[Given, "m 2"], spread: float = 0.3
) -> Float[Array, "b m"]:
    """softmax over prototypes of -|point - centre|^2 / (2 spread^2): where a face belongs (ours).

    >>> nearness(jnp.array([[0.5, 0.5]]), cells(2)).argmax(1).tolist()
    [3]
    """
    apart = ((jnp.asarray(points)[:, None] - jnp.asarray(centres)) ** 2).sum(-1)
    return jax.nn.softmax(-apart / (2 * spread**2))


def towards(
    feature: Float[Given, "b d"],
    prototypes: Float[Given, "m d"],
    shares: Float[Given, "b m"],
    temperature: float = 0.9,
    weights: Weights = None,
) -> Float[Array, ""]:
    """KL(shares || softmax of cos(feature, prototype) / temperature), mean over the batch.

    No gradient reaches the prototypes.
    """
    fixed = jax.lax.stop_gradient(jnp.asarray(prototypes))
    log_p = jax.nn.log_softmax(_unit(feature) @ _unit(fixed).T / temperature)
    q = jnp.asarray(shares)
    each = (jax.scipy.special.xlogy(q, q) - q * log_p).sum(-1)
    return weighting.mean(each, weights)


def distillation(
    logits: Float[Given, "b k"],
    teacher: Float[Given, "b k"],
    temperature: float = 5.0,
    weights: Weights = None,
) -> Float[Array, ""]:
    """T^2 KL(softmax(teacher / T) || softmax(logits / T)), mean (Hinton et al. 2015, 1503.02531).

    No gradient reaches the teacher; T^2 keeps the gradient's size as T grows.
    """
    log_q = jax.nn.log_softmax(jax.lax.stop_gradient(teacher) / temperature)
    log_p = jax.nn.log_softmax(logits / temperature)
    each = (jnp.exp(log_q) * (log_q - log_p)).sum(-1)
    return temperature**2 * weighting.mean(each, weights)


def geometry(
    feature: Float[Given, "b d"],
    emotion: Int[Given, " b"],
    classes: int,
    contracted: Sequence[int],
    margin: float = 0.2,
    share: float = 0.5,
) -> Float[Array, ""]:
    """Classes of high valence kept tight, and all classes' means apart (the formula is ours).

    mean over `contracted` of relu(s_c - share median s) + mean over pairs of relu(margin - |m_i -
    m_j|), of unit features: m_c the mean of a class in the batch, s_c the mean squared distance
    from it. Classes with fewer than two faces in the batch do not count.
    """
    x = _unit(feature)
    member = jax.nn.one_hot(emotion, classes).T
    count = member.sum(1)
    seen = count > 1
    mean = member @ x / jnp.maximum(count, 1)[:, None]
    apart = ((x - mean[emotion]) ** 2).sum(-1)
    spread = member @ apart / jnp.maximum(count, 1)
    limit = jax.lax.stop_gradient(share * jnp.nanmedian(jnp.where(seen, spread, jnp.nan)))
    tight = seen & jnp.zeros(classes, bool).at[jnp.asarray(contracted)].set(True)
    wide = _mean(jax.nn.relu(spread - jnp.nan_to_num(limit)), tight)
    squares = ((mean[:, None] - mean[None]) ** 2).sum(-1)
    pairs = jnp.triu(seen[:, None] & seen[None], 1)
    distance = jnp.sqrt(jnp.where(pairs, squares, 1.0) + _TINY)
    return wide + _mean(jax.nn.relu(margin - distance), pairs)


def ramp(step: Int[Given, ""] | int, begin: int, end: int, gate: float = 0.2) -> Float[Array, ""]:
    """A weight that rises from 0 to 1 on half a cosine between two steps; below `gate` it is 0.

    >>> [round(float(ramp(s, 20, 60)), 3) for s in (0, 20, 30, 40, 60, 99)]
    [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
    """
    way = jnp.clip((step - begin) / max(end - begin, 1), 0.0, 1.0)
    risen = 0.5 * (1 - jnp.cos(jnp.pi * way))
    return jnp.where(risen >= gate, risen, 0.0)


def _unit(x: Float[Given, "b d"]) -> Float[Array, "b d"]:
    x = jnp.asarray(x, jnp.float32)
    return x * jax.lax.rsqrt((x**2).sum(-1, keepdims=True) + _TINY)


def _mean(values: Array, which: Array) -> Array:
    """The mean of the entries of a mask; 0 where it has none."""
    return jnp.where(which, values, 0.0).sum() / jnp.maximum(which.sum(), 1)
