"""Losses of categories. All take `weights` of the examples, such as `valid`."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affectjax.losses import weighting
from affectjax.losses.weighting import Given, Weights

Logits = Float[Given, "b k"]


def soft_cross_entropy_each(logits: Logits, targets: Float[Given, "b k"]) -> Float[Array, " b"]:
    """-sum_k q_k log softmax(logits)_k of each example."""
    return -(targets * jax.nn.log_softmax(logits)).sum(-1)


def soft_cross_entropy(
    logits: Logits, targets: Float[Given, "b k"], weights: Weights = None
) -> Float[Array, ""]:
    """-sum_k q_k log softmax(logits)_k, mean over the batch: soft targets, mixup, rater shares.

    >>> import jax.numpy as jnp
    >>> float(soft_cross_entropy(jnp.zeros((1, 4)), jnp.array([[0.5, 0.5, 0, 0]])))  # log 4
    1.386...
    """
    return weighting.mean(soft_cross_entropy_each(logits, targets), weights)


def smooth_targets(
    emotion: Int[Given, " b"], classes: int, smoothing: float
) -> Float[Array, "b k"]:
    """(1 - s) onehot + s / k (Szegedy et al. 2016; torch's `label_smoothing`, timm's mixup).

    >>> import jax.numpy as jnp
    >>> smooth_targets(jnp.array([1]), 2, 0.5).tolist()
    [[0.25, 0.75]]
    """
    return jax.nn.one_hot(emotion, classes) * (1 - smoothing) + smoothing / classes


def cross_entropy(
    logits: Logits, emotion: Int[Given, " b"], smoothing: float = 0.0, weights: Weights = None
) -> Float[Array, ""]:
    """Cross-entropy of hard labels, with label smoothing.

    For weights of classes pass `weights=class_weights[emotion]`: the mean is then torch's, over
    the sum of the weights.
    """
    targets = smooth_targets(emotion, logits.shape[-1], smoothing)
    return soft_cross_entropy(logits, targets, weights)


def binary_cross_entropy(
    logits: Logits, multilabel: Float[Given, "b k"], weights: Weights = None
) -> Float[Array, ""]:
    """Mean over labels and batch of the sigmoid cross-entropy, for labels that hold together.

    >>> import jax.numpy as jnp
    >>> float(binary_cross_entropy(jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]])))  # log 2
    0.693...
    """
    return weighting.mean(jax.nn.softplus(logits) - multilabel * logits, weights)


def focal(
    logits: Logits, emotion: Int[Given, " b"], gamma: float = 2.0, weights: Weights = None
) -> Float[Array, ""]:
    """(1 - p_y)^gamma (-log p_y), mean over the batch (Lin et al. 2017); gamma 0 or at least 1."""
    log_p = jnp.take_along_axis(jax.nn.log_softmax(logits), emotion[:, None], axis=-1)[:, 0]
    return weighting.mean(-((1 - jnp.exp(log_p)) ** gamma) * log_p, weights)
