"""Streaming CLU metrics over named outputs: the same number for any batching and sharding."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from clu import metrics
from jaxtyping import Array

from affectjax.metrics import calibration, confusion, moments

DIMENSIONS = ("valence", "arousal", "dominance")
_TINY = 1e-12


class _Several(metrics.Collection):
    """A collection whose metrics may each give several named scalars."""

    def compute(self) -> dict[str, Array]:
        out: dict[str, Array] = {}
        for name, value in super().compute().items():
            out |= value if isinstance(value, dict) else {name: value}
        return out


@flax.struct.dataclass
class Categories(metrics.Metric):
    """WAR, UAR, macro-F1, NLL and ECE from `probabilities` and `emotion`; `valid` masks rows."""

    matrix: Array
    bins: calibration.Bins
    nll: Array

    @classmethod
    def from_model_output(
        cls, *, probabilities: Array, emotion: Array, valid: Array | None = None, **_: Any
    ) -> "Categories":
        w = _weights(valid, emotion)
        classes = probabilities.shape[-1]
        guess = probabilities.argmax(-1)
        at_truth = jnp.take_along_axis(probabilities, emotion[:, None], axis=1)[:, 0]
        return cls(
            matrix=confusion.confusion(emotion, guess, classes, w),
            bins=calibration.bins(probabilities.max(-1), guess == emotion, 15, w),
            nll=-(jnp.where(w > 0, jnp.log(jnp.maximum(at_truth, _TINY)), 0.0)).sum(),
        )

    def merge(self, other: "Categories") -> "Categories":
        return type(self)(
            matrix=self.matrix + other.matrix,
            bins=self.bins.merge(other.bins),
            nll=self.nll + other.nll,
        )

    def compute(self) -> dict[str, Array]:
        return {
            "uar": confusion.uar(self.matrix),
            "war": confusion.war(self.matrix),
            "macro_f1": confusion.macro_f1(self.matrix, "seen"),
            "nll": self.nll / jnp.maximum(self.matrix.sum(), 1.0),
            "ece": calibration.ece(self.bins),
        }


@flax.struct.dataclass
class Dimensions(metrics.Metric):
    """CCC of each dimension, their mean, and RMSE, from `vad_pred` and `vad`."""

    state: moments.Moments

    @classmethod
    def from_model_output(
        cls, *, vad_pred: Array, vad: Array, valid: Array | None = None, **_: Any
    ) -> "Dimensions":
        return cls(moments.moments(vad_pred, vad, _weights(valid, vad[:, 0])))

    def merge(self, other: "Dimensions") -> "Dimensions":
        return type(self)(self.state.merge(other.state))

    def compute(self) -> dict[str, Array]:
        ccc = moments.ccc(self.state)
        each = {f"ccc_{n}": ccc[i] for i, n in enumerate(DIMENSIONS)}
        return {"ccc_mean": ccc.mean(), **each, "rmse_mean": moments.rmse(self.state).mean()}


@flax.struct.dataclass
class Means(metrics.Metric):
    """Means over the valid rows of outputs named loss_*: (b,) each."""

    sums: dict[str, Array]
    count: Array

    @classmethod
    def from_model_output(cls, *, valid: Array | None = None, **outputs: Array) -> "Means":
        each = {k: v for k, v in outputs.items() if k.startswith("loss")}
        w = _weights(valid, next(iter(each.values())))
        return cls({k: jnp.where(w > 0, v, 0.0).sum() for k, v in each.items()}, w.sum())

    def merge(self, other: "Means") -> "Means":
        return type(self)(jax.tree.map(jnp.add, self.sums, other.sums), self.count + other.count)

    def compute(self) -> dict[str, Array]:
        return {k: v / jnp.maximum(self.count, 1.0) for k, v in self.sums.items()}


@flax.struct.dataclass
class CategoryScores(_Several):
    """Categories alone."""

    categories: Categories


@flax.struct.dataclass
class DimensionScores(_Several):
    """VAD alone."""

    dimensions: Dimensions


@flax.struct.dataclass
class CategoryAndDimensionScores(_Several):
    """Categories and VAD."""

    categories: Categories
    dimensions: Dimensions


@flax.struct.dataclass
class LossScores(_Several):
    """Mean losses, for tasks without labels."""

    losses: Means


def for_classification(vad: bool) -> type[metrics.Collection]:
    """The collection for categories, with VAD beside them or not."""
    return CategoryAndDimensionScores if vad else CategoryScores


def _weights(valid: Array | None, like: Array) -> Array:
    return jnp.ones(like.shape[0]) if valid is None else valid.astype(jnp.float32)
