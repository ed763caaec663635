"""Action units: F1 over what is known, and one score of expressions, dimensions and units."""

from typing import Any

import flax.struct
import jax.numpy as jnp
import numpy as np
from clu import metrics
from jaxtyping import Array, Float

from affectjax.metrics import defined, states

HALF = 0.5  # a probability from which a unit counts as told


def counts(
    probabilities: Float[Array | np.ndarray, "b a"], truth: Float[Array | np.ndarray, "b a"]
) -> Any:
    """True positives, positives and told positives (b, 3, a) of what is known (NaN: unknown)."""
    xp = np if isinstance(truth, np.ndarray) else jnp
    known = ~xp.isnan(truth)
    positive, told = (truth == 1) & known, (probabilities >= HALF) & known
    return xp.stack([positive & told, positive, told], axis=1).astype(xp.float32)


def f1(sums: Float[Array | np.ndarray, "*r 3 a"]) -> Any:
    """2 tp / (positives + told) of each unit; NaN of a unit that is neither true nor told."""
    return defined.ratio(2 * sums[..., 0, :], sums[..., 1, :] + sums[..., 2, :])


def mean_f1(sums: Float[Array | np.ndarray, "*r 3 a"]) -> Any:
    """The mean of `f1` over the units that are true or told; 0 where there is none.

    >>> float(mean_f1(np.array([[1.0, 0.0], [1.0, 0.0], [3.0, 0.0]])))
    0.5
    """
    return defined.mean(f1(sums))


@flax.struct.dataclass
class Units(metrics.Metric):
    """`units_f1`: mean F1 of `action_units_pred` (b, a) against `action_units`, NaN unknown."""

    sums: Array

    @classmethod
    def from_model_output(
        cls,
        *,
        action_units_pred: Array,
        action_units: Array,
        valid: Array | None = None,
        **_: Any,
    ) -> "Units":
        each = counts(action_units_pred, action_units)
        w = jnp.ones(len(each)) if valid is None else valid.astype(jnp.float32)
        return cls((each * w[:, None, None]).sum(0))

    def merge(self, other: "Units") -> "Units":
        return type(self)(self.sums + other.sums)

    def compute(self) -> dict[str, Array]:
        return {"units_f1": mean_f1(self.sums)}


@flax.struct.dataclass
class UnifiedScores(states.Several):
    """Categories, dimensions and units, and `multitask`, the sum of their main scores.

    Mean CCC + macro F1 of expressions + mean F1 of units: the score of the multi-task challenges on
    Aff-Wild2 (Kollias 2022, arXiv 2202.10659).
    """

    categories: states.Categories
    dimensions: states.Dimensions
    units: Units

    def compute(self) -> dict[str, Array | np.ndarray]:
        out = super().compute()
        return {**out, "multitask": out["ccc_mean"] + out["macro_f1"] + out["units_f1"]}
