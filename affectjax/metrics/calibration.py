"""Does a probability of 0.7 come true seven times in ten?"""

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

Array = jax.Array | np.ndarray | np.floating


@flax.struct.dataclass
class Bins:
    """Count, summed confidence and summed correctness in equal bins of confidence."""

    count: Float[Array, "*s q"]
    confidence: Float[Array, "*s q"]
    correct: Float[Array, "*s q"]

    def merge(self, other: "Bins") -> "Bins":
        """Bins of both parts together."""
        return Bins(
            self.count + other.count,
            self.confidence + other.confidence,
            self.correct + other.correct,
        )


def place(confidence: Float[Array, " b"], number: int) -> Int[jax.Array, " b"]:
    """Index of the bin [lo, hi) that holds a confidence; exactly 1 has bin `number` for itself.

    >>> place(np.array([0.0, 0.1, 0.2, 0.999, 1.0]), 10).tolist()
    [0, 1, 2, 9, 10]
    """
    edges = jnp.asarray(np.linspace(0, 1, number + 1, dtype=np.float32))
    found = jnp.searchsorted(edges, jnp.asarray(confidence, jnp.float32), side="right") - 1
    return jnp.clip(found, 0, number)


def bins(
    confidence: Float[Array, " b"],
    correct: Bool[Array, " b"],
    number: int = 15,
    weights: Float[Array, " b"] | None = None,
) -> Bins:
    """Sort a batch into `number` bins [lo, hi) and one for exactly 1, as torchmetrics 1.9.

    Rows of weight 0 do not count. Of a binary task `confidence` is the probability of the event
    and `correct` whether it came.
    """
    confidence = jnp.asarray(confidence, jnp.float32)
    w = jnp.ones(confidence.shape) if weights is None else jnp.asarray(weights, jnp.float32)
    confidence = jnp.where(w > 0, confidence, 0.0)
    at, zeros = place(confidence, number), jnp.zeros(number + 1)
    return Bins(
        zeros.at[at].add(w),
        zeros.at[at].add(w * confidence),
        zeros.at[at].add(w * jnp.asarray(correct, jnp.float32)),
    )


def ece(b: Bins, norm: str = "l1") -> Float[Array, "*s"]:
    """Expected calibration error: |accuracy - confidence| of the bins (Naeini et al. 2015).

    "l1" averages it by the bins' shares, "l2" is the root of the averaged square, "max" the worst.

    Raises:
      ValueError: the norm is not one of the three.

    >>> b = Bins(*np.array([[4.0, 1.0], [1.0, 0.9], [2.0, 1.0]]))  # gaps 1/4 and 1/10
    >>> round(float(ece(b)), 6), float(ece(b, "max"))
    (0.22, 0.25)
    """
    xp = np if isinstance(b.count, np.ndarray) else jnp
    count = xp.where(b.count > 0, b.count, 1.0)
    gap = xp.abs(b.correct - b.confidence) / count
    share = b.count / xp.maximum(b.count.sum(-1, keepdims=True), 1.0)
    if norm == "l1":
        return (gap * share).sum(-1)
    if norm == "l2":
        return xp.sqrt((gap**2 * share).sum(-1))
    if norm == "max":
        return gap.max(-1)
    raise ValueError(f"norm={norm!r}; allowed: 'l1', 'l2', 'max'")


def brier(probabilities: Float[Array, "b k"], emotion: Int[Array, " b"]) -> Float[Array, " b"]:
    """Sum over classes of (p - onehot)^2, of each example (Brier 1950); 0 best, 2 worst.

    >>> brier(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 1])).tolist()
    [0.5, 2.0]
    """
    xp = np if isinstance(probabilities, np.ndarray) else jnp
    at_truth = xp.take_along_axis(probabilities, emotion[:, None], axis=1)[:, 0]
    return (probabilities**2).sum(1) - 2 * at_truth + 1


def binary_brier(probability: Float[Array, " b"], event: Bool[Array, " b"]) -> Float[Array, " b"]:
    """(p - event)^2 of each example; half of what `brier` gives for the same two classes."""
    return (probability - event) ** 2
