"""Does a probability of 0.7 come true seven times in ten?"""

import flax.struct
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


@flax.struct.dataclass
class Bins:
    """Count, summed confidence and summed correctness in equal bins of confidence."""

    count: Float[Array, " q"]
    confidence: Float[Array, " q"]
    correct: Float[Array, " q"]

    def merge(self, other: "Bins") -> "Bins":
        """Bins of both parts together."""
        return Bins(
            self.count + other.count,
            self.confidence + other.confidence,
            self.correct + other.correct,
        )


def bins(
    confidence: Float[Array, " b"],
    correct: Bool[Array, " b"],
    number: int = 15,
    weights: Float[Array, " b"] | None = None,
) -> Bins:
    """Sort a batch into `number` bins (lo, hi], as torchmetrics; rows of weight 0 do not count."""
    w = jnp.ones(confidence.shape) if weights is None else jnp.asarray(weights, jnp.float32)
    confidence = jnp.where(w > 0, confidence, 0.0)
    edges = jnp.linspace(0, 1, number + 1)
    place = jnp.clip(jnp.searchsorted(edges, confidence, side="left") - 1, 0, number - 1)
    zeros = jnp.zeros(number)
    return Bins(
        zeros.at[place].add(w),
        zeros.at[place].add(w * confidence),
        zeros.at[place].add(w * correct),
    )


def ece(b: Bins, norm: str = "l1") -> Float[Array, ""]:
    """Expected calibration error: |accuracy - confidence| of the bins (Naeini et al. 2015).

    "l1" averages it by the bins' shares, "l2" is the root of the averaged square, "max" the worst.
    """
    filled = b.count > 0
    count = jnp.where(filled, b.count, 1.0)
    gap = jnp.where(filled, jnp.abs(b.correct - b.confidence) / count, 0.0)
    share = b.count / jnp.maximum(b.count.sum(), 1.0)
    if norm == "max":
        return gap.max()
    return (gap * share).sum() if norm == "l1" else jnp.sqrt((gap**2 * share).sum())


def brier(probabilities: Float[Array, "b k"], emotion: Int[Array, " b"]) -> Float[Array, " b"]:
    """Sum over classes of (p - onehot)^2, of each example (Brier 1950)."""
    at_truth = jnp.take_along_axis(probabilities, emotion[:, None], axis=1)[:, 0]
    return (probabilities**2).sum(1) - 2 * at_truth + 1
