"""Losses of categories."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def soft_cross_entropy(
    logits: Float[Array, "b k"], targets: Float[Array, "b k"]
) -> Float[Array, ""]:
    """-sum_k q_k log softmax(logits)_k, mean over the batch: soft targets, mixup, rater shares.

    >>> import jax.numpy as jnp
    >>> float(soft_cross_entropy(jnp.zeros((1, 4)), jnp.array([[0.5, 0.5, 0, 0]])))  # log 4
    1.386...
    """
    return -(targets * jax.nn.log_softmax(logits)).sum(-1).mean()


def smooth_targets(
    emotion: Int[Array, " b"], classes: int, smoothing: float
) -> Float[Array, "b k"]:
    """(1 - s) onehot + s / k (Szegedy et al. 2016; torch's `label_smoothing`).

    >>> import jax.numpy as jnp
    >>> smooth_targets(jnp.array([1]), 2, 0.5).tolist()
    [[0.25, 0.75]]
    """
    return jax.nn.one_hot(emotion, classes) * (1 - smoothing) + smoothing / classes


def cross_entropy(
    logits: Float[Array, "b k"], emotion: Int[Array, " b"], smoothing: float = 0.0
) -> Float[Array, ""]:
    """Cross-entropy of hard labels, with label smoothing."""
    return soft_cross_entropy(logits, smooth_targets(emotion, logits.shape[-1], smoothing))


def binary_cross_entropy(
    logits: Float[Array, "b k"], multilabel: Float[Array, "b k"]
) -> Float[Array, ""]:
    """Mean over labels and batch of the sigmoid cross-entropy, for labels that hold together."""
    return jnp.mean(jax.nn.softplus(logits) - multilabel * logits)


def focal(
    logits: Float[Array, "b k"], emotion: Int[Array, " b"], gamma: float = 2.0
) -> Float[Array, ""]:
    """(1 - p_y)^gamma (-log p_y), mean over the batch (Lin et al. 2017)."""
    log_p = jnp.take_along_axis(jax.nn.log_softmax(logits), emotion[:, None], axis=-1)[:, 0]
    return -jnp.mean((1 - jnp.exp(log_p)) ** gamma * log_p)
