"""Category scores that need the probabilities, not only the confusion matrix."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

Array = jax.Array | np.ndarray | np.floating
_TINY = 1e-12


def top_k(
    probabilities: Float[Array, "b k"], emotion: Int[Array, " b"], k: int
) -> Bool[Array, " b"]:
    """Whether the true class is among the k most probable, of each example.

    Of equal scores the class with the higher index ranks first, as in scikit-learn.

    >>> top_k(np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]), np.array([1, 2]), 2).tolist()
    [True, False]
    """
    xp = np if isinstance(probabilities, np.ndarray) else jnp
    own = xp.take_along_axis(probabilities, emotion[:, None], axis=1)
    later = xp.arange(probabilities.shape[1])[None] > emotion[:, None]
    ahead = (probabilities > own) | ((probabilities == own) & later)
    return ahead.sum(1) < k


def nll(probabilities: Float[Array, "b k"], emotion: Int[Array, " b"]) -> Float[Array, " b"]:
    """-log of the true class's probability, at most -log 1e-12, of each example."""
    xp = np if isinstance(probabilities, np.ndarray) else jnp
    own = xp.take_along_axis(probabilities, emotion[:, None], axis=1)[:, 0]
    return -xp.log(xp.maximum(own, _TINY))


def restricted(
    probabilities: Float[Array, "b k"], possible: Float[Array, "b k"]
) -> Float[Array, "b k"]:
    """Probabilities over the possible categories of each row alone, summing to 1 again.

    >>> restricted(np.array([[0.25, 0.25, 0.5]]), np.array([[1.0, 1.0, 0.0]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    xp = np if isinstance(probabilities, np.ndarray) else jnp
    kept = probabilities * possible
    return kept / xp.maximum(kept.sum(-1, keepdims=True), 1e-30)
