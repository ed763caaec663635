"""Losses towards the distribution of the raters, from logits."""

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


# log_p underflows p before m can be 0 unless q is 0 too; then p * log_m is what it multiplies.
_TINY = 1e-30
