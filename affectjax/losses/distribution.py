"""Losses towards the distribution of the raters, from logits."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from affectjax.losses import classification, weighting
from affectjax.losses.weighting import Given, Weights

Logits = Float[Given, "b k"]


def kl(logits: Logits, distribution: Float[Given, "b k"], weights: Weights = None) -> Array:
    """KL(q || softmax(logits)), q the raters' shares; weighted mean over the batch, in nats.

    Its gradient is that of `soft_cross_entropy`; its least value is 0, whatever the raters say.

    >>> import jax.numpy as jnp
    >>> round(float(kl(jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]]))), 6)  # log 2
    0.693147
    """
    q = jnp.asarray(distribution)
    own = xlogy(q, q).sum(-1)
    cross = classification.soft_cross_entropy_each(logits, q)
    return weighting.mean(own + cross, weights)


def js(logits: Logits, distribution: Float[Given, "b k"], weights: Weights = None) -> Array:
    """Jensen-Shannon divergence of softmax(logits) and q: bounded by log 2, so it forgives.

    (KL(q || m) + KL(p || m)) / 2 with m = (p + q) / 2 (Lin 1991).
    """
    q, log_p = jnp.asarray(distribution), jax.nn.log_softmax(logits)
    p = jnp.exp(log_p)
    log_m = jnp.log(jnp.maximum((p + q) / 2, _TINY))
    each = (xlogy(q, q) - q * log_m + p * (log_p - log_m)).sum(-1) / 2
    return weighting.mean(each, weights)


def focal(
    logits: Logits,
    distribution: Float[Given, "b k"],
    gamma: float = 2.0,
    alpha: float = 0.25,
    weights: Weights = None,
) -> Array:
    """Focal loss of each category's sigmoid towards its share t, mean over categories and batch.

    a_t (1 - p_t)^gamma BCE, p_t = p t + (1 - p)(1 - t), a_t = alpha t + (1 - alpha)(1 - t) (Lin et
    al. 2017, arXiv 1708.02002, with soft targets as in the code of arXiv 2602.06778). Sigmoids of
    shares sum to no 1; what is predicted from such logits is their softmax.

    >>> round(float(focal(jnp.zeros((1, 1)), jnp.ones((1, 1)))), 6)  # log 2 / 16
    0.043322
    """
    t, p = jnp.asarray(distribution), jax.nn.sigmoid(logits)
    of_true = p * t + (1 - p) * (1 - t)
    factor = (alpha * t + (1 - alpha) * (1 - t)) * (1 - of_true) ** gamma
    return weighting.mean(factor * (jax.nn.softplus(logits) - t * logits), weights)


def conflict(
    logits: Logits, pairs: Sequence[Sequence[int]], sigmoid: bool = False, weights: Weights = None
) -> Array:
    """sum over pairs (i, j) of p_i p_j, mean over the batch: what cannot be felt together.

    p is the softmax, or with `sigmoid` the sigmoid of each, as in the code of arXiv 2602.06778.

    >>> round(float(conflict(jnp.zeros((1, 4)), [(0, 1), (0, 2)])), 6)  # 2 / 16
    0.125
    """
    p = jax.nn.sigmoid(logits) if sigmoid else jax.nn.softmax(logits)
    left, right = (jnp.asarray(side) for side in zip(*pairs, strict=True))
    return weighting.mean((p[:, left] * p[:, right]).sum(-1), weights)


# log_p underflows p before m can be 0 unless q is 0 too; then p * log_m is what it multiplies.
_TINY = 1e-30
