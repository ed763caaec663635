"""Category scores from a confusion matrix: rows are true classes, columns predicted ones.

All take leading axes, such as the resamples of a bootstrap, and numpy or jax arrays.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

Array = jax.Array | np.ndarray | np.floating


def confusion(
    emotion: Int[Array, " b"],
    predicted: Int[Array, " b"],
    classes: int,
    weights: Float[Array, " b"] | None = None,
) -> Float[jax.Array, "k k"]:
    """Counts of (true, predicted) pairs; rows of weight 0 do not count."""
    true, guess = jax.nn.one_hot(emotion, classes), jax.nn.one_hot(predicted, classes)
    if weights is not None:
        true = true * jnp.asarray(weights, jnp.float32)[:, None]
    return jnp.matmul(true.T, guess, precision="highest")


def war(c: Float[Array, "*s k k"]) -> Float[Array, "*s"]:
    """Weighted average recall, that is accuracy (and micro-F1, each example having one class).

    >>> c = np.array([[3.0, 1.0], [0.0, 1.0]])
    >>> float(war(c)), float(uar(c))
    (0.8, 0.875)
    """
    return _ratio(_diagonal(c).sum(-1), c.sum((-2, -1)))


def recalls(c: Float[Array, "*s k k"]) -> Float[Array, "*s k"]:
    """Recall of each class; 0 where it never occurs."""
    return _ratio(_diagonal(c), c.sum(-1))


def precisions(c: Float[Array, "*s k k"]) -> Float[Array, "*s k"]:
    """Precision of each class; 0 where it is never predicted."""
    return _ratio(_diagonal(c), c.sum(-2))


def uar(c: Float[Array, "*s k k"], over: str = "present") -> Float[Array, "*s"]:
    """Unweighted average recall over the classes that occur ("present") or over "all"."""
    count = (c.sum(-1) > 0).sum(-1) if _one_of(over, "present", "all") else c.shape[-1]
    return recalls(c).sum(-1) / _namespace(c).maximum(count, 1)


def f1(c: Float[Array, "*s k k"]) -> Float[Array, "*s k"]:
    """2 TP / (true + predicted) of each class; 0 where it is neither true nor predicted."""
    return _ratio(2 * _diagonal(c), c.sum(-2) + c.sum(-1))


def macro_f1(c: Float[Array, "*s k k"], over: str = "all") -> Float[Array, "*s"]:
    """Mean F1 over "all" classes, or over those "seen" as true or predicted (scikit-learn's)."""
    seen = (c.sum(-2) + c.sum(-1)) > 0
    count = seen.sum(-1) if _one_of(over, "seen", "all") else c.shape[-1]
    return f1(c).sum(-1) / _namespace(c).maximum(count, 1)


def micro_f1(c: Float[Array, "*s k k"]) -> Float[Array, "*s"]:
    """F1 of the summed counts: accuracy, as each example has one class."""
    return war(c)


def weighted(each: Float[Array, "*s k"], c: Float[Array, "*s k k"]) -> Float[Array, "*s"]:
    """Mean of a score of each class, weighted by the number of true examples."""
    return _ratio((each * c.sum(-1)).sum(-1), c.sum((-2, -1)))


def weighted_f1(c: Float[Array, "*s k k"]) -> Float[Array, "*s"]:
    """Mean F1 weighted by the number of true examples."""
    return weighted(f1(c), c)


def kappa(c: Float[Array, "*s k k"]) -> Float[Array, "*s"]:
    """Cohen's kappa, (agreement - chance) / (1 - chance) with the chance of the margins.

    0 where chance is certain: one class in truth and in prediction alike.
    """
    n = c.sum((-2, -1))
    chance = _ratio((c.sum(-2) * c.sum(-1)).sum(-1), n**2)
    return _ratio(war(c) - chance, 1 - chance)


def _one_of(over: str, narrow: str, wide: str) -> bool:
    if over not in (narrow, wide):
        raise ValueError(f"over={over!r}; allowed: {narrow!r}, {wide!r}")
    return over == narrow


def _diagonal(c: Array) -> Array:
    return _namespace(c).diagonal(c, axis1=-2, axis2=-1)


def _ratio(a: Array, b: Array) -> Array:
    xp = _namespace(a)
    return xp.where(b > 0, a / xp.where(b > 0, b, 1.0), 0.0)


def _namespace(x: Array):
    return np if isinstance(x, np.ndarray | np.generic) else jnp
