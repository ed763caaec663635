"""Category scores from a confusion matrix: rows are true classes, columns predicted ones."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def confusion(
    emotion: Int[Array, " b"],
    predicted: Int[Array, " b"],
    classes: int,
    weights: Float[Array, " b"] | None = None,
) -> Float[Array, "k k"]:
    """Counts of (true, predicted) pairs; rows of weight 0 do not count."""
    true, guess = jax.nn.one_hot(emotion, classes), jax.nn.one_hot(predicted, classes)
    if weights is not None:
        true = true * jnp.asarray(weights, jnp.float32)[:, None]
    return jnp.matmul(true.T, guess, precision="highest")


def war(c: Float[Array, "k k"]) -> Float[Array, ""]:
    """Weighted average recall, that is accuracy.

    >>> import jax.numpy as jnp
    >>> c = jnp.array([[3.0, 1.0], [0.0, 1.0]])
    >>> float(war(c)), float(uar(c))
    (0.8..., 0.875)
    """
    return jnp.trace(c) / jnp.maximum(c.sum(), 1.0)


def recalls(c: Float[Array, "k k"]) -> Float[Array, " k"]:
    """Recall of each class; 0 where it never occurs."""
    return _ratio(jnp.diagonal(c), c.sum(1))


def uar(c: Float[Array, "k k"], over: str = "present") -> Float[Array, ""]:
    """Unweighted average recall over the classes that occur ("present") or over "all"."""
    count = (c.sum(1) > 0).sum() if over == "present" else c.shape[0]
    return recalls(c).sum() / jnp.maximum(count, 1)


def f1(c: Float[Array, "k k"]) -> Float[Array, " k"]:
    """2 TP / (true + predicted) of each class; 0 where it is neither true nor predicted."""
    return _ratio(2 * jnp.diagonal(c), c.sum(0) + c.sum(1))


def macro_f1(c: Float[Array, "k k"], over: str = "all") -> Float[Array, ""]:
    """Mean F1 over "all" classes, or over those "seen" as true or predicted (scikit-learn's)."""
    seen = (c.sum(0) + c.sum(1)) > 0
    return f1(c).sum() / (seen.sum() if over == "seen" else c.shape[0])


def weighted_f1(c: Float[Array, "k k"]) -> Float[Array, ""]:
    """Mean F1 weighted by the number of true examples."""
    return (f1(c) * c.sum(1)).sum() / jnp.maximum(c.sum(), 1.0)


def precisions(c: Float[Array, "k k"]) -> Float[Array, " k"]:
    """Precision of each class; 0 where it is never predicted."""
    return _ratio(jnp.diagonal(c), c.sum(0))


def weighted_precision(c: Float[Array, "k k"]) -> Float[Array, ""]:
    """Mean precision weighted by the number of true examples, as in CAGE's tables."""
    return (precisions(c) * c.sum(1)).sum() / jnp.maximum(c.sum(), 1.0)


def top(
    probabilities: Float[Array, "b k"], emotion: Int[Array, " b"], number: int
) -> Float[Array, " b"]:
    """1 where the true class is among the `number` most probable; of equal ones the first win."""
    best = jnp.argsort(-probabilities, axis=-1, stable=True)[:, :number]
    return (best == emotion[:, None]).any(-1).astype(jnp.float32)


def kappa(c: Float[Array, "k k"]) -> Float[Array, ""]:
    """Cohen's kappa: agreement above the chance of the margins."""
    n = jnp.maximum(c.sum(), 1.0)
    expected = (c.sum(0) * c.sum(1)).sum() / n**2
    return (war(c) - expected) / (1 - expected)


def _ratio(a: Array, b: Array) -> Array:
    return jnp.where(b > 0, a / jnp.where(b > 0, b, 1.0), 0.0)
