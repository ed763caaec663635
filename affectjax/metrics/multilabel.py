"""Scores of labels that may hold together, from 0/1 matrices (b, k) of truth and prediction."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Labels = Int[Array, "b k"] | Bool[Array, "b k"] | Float[Array, "b k"]


def f1(truth: Labels, predicted: Labels) -> Float[Array, " k"]:
    """2 TP / (true + predicted) of each label; 0 where it is neither true nor predicted.

    >>> import jax.numpy as jnp
    >>> t, p = jnp.array([[1, 0], [1, 1]]), jnp.array([[1, 1], [0, 1]])
    >>> [round(float(x), 4) for x in f1(t, p)], float(hamming_loss(t, p)), float(jaccard(t, p))
    ([0.6667, 0.6667], 0.5, 0.5)
    """
    t, p = _bits(truth), _bits(predicted)
    return _ratio(2 * (t * p).sum(0), t.sum(0) + p.sum(0))


def macro_f1(truth: Labels, predicted: Labels) -> Float[Array, ""]:
    """Mean F1 of the labels."""
    return f1(truth, predicted).mean()


def micro_f1(truth: Labels, predicted: Labels) -> Float[Array, ""]:
    """F1 of all decisions pooled."""
    t, p = _bits(truth), _bits(predicted)
    return _ratio(2 * (t * p).sum(), t.sum() + p.sum())


def jaccard(truth: Labels, predicted: Labels) -> Float[Array, ""]:
    """Shared labels / labels of either side, mean over examples; 0 where both are empty."""
    t, p = _bits(truth), _bits(predicted)
    return _ratio((t * p).sum(1), jnp.maximum(t, p).sum(1)).mean()


def hamming_loss(truth: Labels, predicted: Labels) -> Float[Array, ""]:
    """Share of the decisions that are wrong."""
    return jnp.abs(_bits(truth) - _bits(predicted)).mean()


def _bits(x: Labels) -> Array:
    return jnp.asarray(x, jnp.float32)


def _ratio(a: Array, b: Array) -> Array:
    return jnp.where(b > 0, a / jnp.where(b > 0, b, 1.0), 0.0)
