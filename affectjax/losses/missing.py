"""Losses of rows that lack labels: what nobody said, or could have said, teaches nothing."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affectjax.losses.weighting import Given

_NEVER = -1e9  # a logit that has no probability and whose product with 0 is 0


def targets(
    emotion: Int[Given, " b"],
    possible: Float[Given, "b k"],
    smoothing: float = 0.0,
    distribution: Float[Given, "b k"] | None = None,
) -> Float[Array, "b k"]:
    """Targets over the categories that a row's dataset has; all 0 where the row has no label.

    (1 - s) onehot + s / (number of possible categories) on these; with `distribution` that, where
    it is known (does not sum to 0), in place of the category.

    >>> import jax.numpy as jnp
    >>> targets(jnp.array([1, -1]), jnp.array([[1.0, 1, 0], [1, 1, 1]]), 0.5).tolist()
    [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]
    """
    hard = jax.nn.one_hot(emotion, possible.shape[-1])
    even = possible / jnp.maximum(possible.sum(-1, keepdims=True), 1.0)
    known = (jnp.asarray(emotion) >= 0)[:, None]
    out = jnp.where(known, (1 - smoothing) * hard + smoothing * even, 0.0)
    if distribution is None:
        return out
    return jnp.where(distribution.sum(-1, keepdims=True) > 0, distribution, out)


def cross_entropy(
    logits: Float[Given, "b k"], target: Float[Given, "b k"], possible: Float[Given, "b k"]
) -> Float[Array, ""]:
    """-sum_k q_k log p_k, with p the softmax over the possible categories of a row alone.

    The mean over rows weighted by the mass of q, so rows without a label (all 0) do not count;
    0 where no row has one.

    >>> import jax.numpy as jnp
    >>> q = jnp.array([[1.0, 0, 0], [0, 0, 0]])
    >>> float(cross_entropy(jnp.zeros((2, 3)), q, jnp.array([[1.0, 1, 0], [1, 1, 1]])))  # log 2
    0.693...
    """
    log_p = jax.nn.log_softmax(jnp.where(jnp.asarray(possible) > 0, logits, _NEVER))
    mass = jnp.asarray(target).sum()
    return -(target * log_p).sum() / jnp.where(mass > 0, mass, 1.0)


def known(vad: Float[Given, "b d"]) -> tuple[Float[Array, "b d"], Float[Array, "b d"]]:
    """VAD, or units, with 0 for what is unknown (NaN), and 1 where it is known.

    >>> import jax.numpy as jnp
    >>> [x.tolist() for x in known(jnp.array([[0.5, jnp.nan]]))]
    [[[0.5, 0.0]], [[1.0, 0.0]]]
    """
    there = ~jnp.isnan(vad)
    return jnp.where(there, vad, 0.0), there.astype(jnp.float32)


def binary_cross_entropy(
    logits: Float[Given, "b a"], labels: Float[Given, "b a"]
) -> Float[Array, ""]:
    """Sigmoid cross-entropy over what is known of the labels (NaN: unknown); 0 where nothing is.

    >>> import jax.numpy as jnp
    >>> float(binary_cross_entropy(jnp.zeros((1, 2)), jnp.array([[1.0, jnp.nan]])))  # log 2
    0.693...
    """
    values, there = known(labels)
    each = jax.nn.softplus(logits) - values * logits
    return (each * there).sum() / jnp.maximum(there.sum(), 1.0)


def categorical(logits: Float[Given, "b k"], label: Int[Given, " b"]) -> Float[Array, ""]:
    """Cross-entropy of hard labels over the rows that have one (below 0: unknown); 0 if none has.

    The gradient of a row without a label is exactly 0.

    >>> import jax.numpy as jnp
    >>> float(categorical(jnp.zeros((2, 4)), jnp.array([1, -1])))  # log 4
    1.386...
    """
    target = jax.nn.one_hot(label, logits.shape[-1])
    return cross_entropy(logits, target, jnp.ones_like(target))
