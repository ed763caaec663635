"""Attributes of a picture: the share told right among those that are known, and of polarity."""

from typing import Any

import flax.struct
import jax.numpy as jnp
import numpy as np
from clu import metrics
from jaxtyping import Array, Float, Int

from affectjax.affect.attributes import KINDS
from affectjax.metrics import defined, states


def counts(told: Int[Array | np.ndarray, "b n"], truth: Int[Array | np.ndarray, "b n"]) -> Any:
    """What is right and what is known (truth below 0: unknown) of each row, (b, 2, n)."""
    xp = np if isinstance(truth, np.ndarray) else jnp
    known = truth >= 0
    return xp.stack([known & (told == truth), known], axis=1).astype(xp.float32)


def accuracy(sums: Float[Array | np.ndarray, "*r 2 n"]) -> Any:
    """Right / known of each kind; NaN of one that is nowhere known.

    >>> accuracy(np.array([[1.0, 0.0], [2.0, 0.0]])).tolist()
    [0.5, nan]
    """
    return defined.ratio(sums[..., 0, :], sums[..., 1, :])


def mean_accuracy(sums: Float[Array | np.ndarray, "*r 2 n"]) -> Any:
    """The mean of `accuracy` over the kinds that are known anywhere; 0 where none is.

    >>> float(mean_accuracy(np.array([[1.0, 0.0], [2.0, 0.0]])))
    0.5
    """
    return defined.mean(accuracy(sums))


@flax.struct.dataclass
class Attributes(metrics.Metric):
    """`<kind>_accuracy` of `attributes_pred` (b, n) against `attributes`, and their mean.

    Kinds of which no row is known are left out.
    """

    sums: Array

    @classmethod
    def from_model_output(
        cls, *, attributes_pred: Array, attributes: Array, valid: Array | None = None, **_: Any
    ) -> "Attributes":
        each = counts(attributes_pred, attributes)
        w = jnp.ones(len(each)) if valid is None else valid.astype(jnp.float32)
        return cls((each * w[:, None, None]).sum(0))

    def merge(self, other: "Attributes") -> "Attributes":
        return type(self)(self.sums + other.sums)

    def compute(self) -> dict[str, Array]:
        each = zip(KINDS, accuracy(self.sums), self.sums[1] > 0, strict=True)
        named = {f"{kind}_accuracy": value for kind, value, known in each if known}
        return {"attributes_accuracy": mean_accuracy(self.sums), **named}


@flax.struct.dataclass
class AttributeScores(states.Several):
    """An emotion and the attributes beside it."""

    categories: states.Categories
    attributes: Attributes
