"""Streaming CLU metrics over named outputs: the same number for any batching and sharding.

Float32 sums: batches of 1 and of 1500 agree to 1e-6; `evals.scores` is float64, of all rows.
"""

import typing
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from clu import metrics
from jaxtyping import Array

from affectjax.metrics import calibration, classification, confusion, moments, ranking

DIMENSIONS = ("valence", "arousal", "dominance")


class Several(metrics.Collection):
    """A collection whose metrics may each give several named scalars."""

    def compute(self) -> dict[str, Array | np.ndarray]:
        out: dict[str, Array | np.ndarray] = {}
        for name, value in super().compute().items():
            out |= value if isinstance(value, dict) else {name: value}
        return out


@flax.struct.dataclass
class Categories(metrics.Metric):
    """WAR, UAR, macro-F1, NLL and ECE from `emotion` and `probabilities`, or else `logits`.

    `valid` masks rows, and so does an `emotion` below 0, which is unknown.
    """

    matrix: Array
    bins: calibration.Bins
    nll: Array

    @classmethod
    def from_model_output(
        cls,
        *,
        emotion: Array,
        probabilities: Array | None = None,
        logits: Array | None = None,
        valid: Array | None = None,
        **_: Any,
    ) -> "Categories":
        if probabilities is None:
            if logits is None:
                raise ValueError("the outputs hold neither 'probabilities' nor 'logits'")
            probabilities = jax.nn.softmax(logits)
        w = _weights(valid, emotion) * (emotion >= 0)
        classes = probabilities.shape[-1]
        guess = probabilities.argmax(-1)
        return cls(
            matrix=confusion.confusion(emotion, guess, classes, w),
            bins=calibration.bins(probabilities.max(-1), guess == emotion, 15, w),
            nll=jnp.where(w > 0, classification.nll(probabilities, emotion), 0.0).sum(),
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
    """CCC of each dimension, their mean, and RMSE, from `vad_pred` and `vad`.

    Both hold valence and arousal, and dominance where there is a third column. NaN of `vad` is
    unknown and does not count.
    """

    state: moments.Moments

    @classmethod
    def from_model_output(
        cls, *, vad_pred: Array, vad: Array, valid: Array | None = None, **_: Any
    ) -> "Dimensions":
        w = _weights(valid, vad)[:, None] * ~jnp.isnan(vad)
        return cls(moments.moments(vad_pred, vad, w))

    def merge(self, other: "Dimensions") -> "Dimensions":
        return type(self)(self.state.merge(other.state))

    def compute(self) -> dict[str, Array]:
        ccc = moments.ccc(self.state)
        each = {f"ccc_{n}": c for n, c in zip(DIMENSIONS, ccc, strict=False)}
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


_COLLECTED = ("multilabel_pred", "multilabel", "valid")


@flax.struct.dataclass
class Ranking(metrics.CollectingMetric.from_outputs(_COLLECTED)):  # type: ignore[misc]
    """mAP and mean AUROC of `multilabel_pred` (b, k) against `multilabel`, of all `valid` rows.

    Keeps every row on the host, for ranks need all of them: merge it outside jit. Labels that never
    occur have no AP, labels always alike no AUROC: the means leave them out.
    """

    values: dict[str, Any]

    def compute(self) -> dict[str, Any]:
        rows = {k: np.asarray(v) for k, v in super().compute().items()}
        valid = rows["valid"].astype(bool)
        scores, labels = rows["multilabel_pred"][valid], rows["multilabel"][valid] > 0.5
        seen = labels.any(0)
        ap = ranking.per_class(ranking.average_precision, scores[:, seen], labels[:, seen])
        mixed = seen & ~labels.all(0)
        auroc = ranking.per_class(ranking.auroc, scores[:, mixed], labels[:, mixed])
        return {"map": _mean(ap), "auroc_mean": _mean(auroc)}


@flax.struct.dataclass
class Ratings(metrics.CollectingMetric.from_outputs(("score_pred", "score", "valid"))):  # type: ignore[misc]
    """Rank and linear correlation of `score_pred` (b,) with `score`, of all `valid` rows.

    Ranks need all rows: merge it outside jit.
    """

    values: dict[str, Any]

    def compute(self) -> dict[str, Any]:
        rows = {k: np.asarray(v) for k, v in super().compute().items()}
        valid = rows["valid"].astype(bool)
        pair = rows["score_pred"][valid], rows["score"][valid]
        return {"srcc": np.asarray(ranking.srcc(*pair)), "plcc": np.asarray(ranking.plcc(*pair))}


@flax.struct.dataclass
class CategoryScores(Several):
    """Categories alone."""

    categories: Categories


@flax.struct.dataclass
class DimensionScores(Several):
    """VAD alone."""

    dimensions: Dimensions


@flax.struct.dataclass
class CategoryAndDimensionScores(Several):
    """Categories and VAD."""

    categories: Categories
    dimensions: Dimensions


@flax.struct.dataclass
class RankingScores(Several):
    """Labels that may hold together; not for jit."""

    ranking: Ranking


@flax.struct.dataclass
class RankingAndDimensionScores(Several):
    """Labels that may hold together, and VAD; not for jit."""

    ranking: Ranking
    dimensions: Dimensions


@flax.struct.dataclass
class RatingScores(Several):
    """One score of each item; not for jit."""

    ratings: Ratings


@flax.struct.dataclass
class LossScores(Several):
    """Mean losses, for tasks without labels."""

    losses: Means


def for_classification(vad: bool) -> type[metrics.Collection]:
    """The collection for categories, with VAD beside them or not."""
    return CategoryAndDimensionScores if vad else CategoryScores


def for_vad() -> type[metrics.Collection]:
    """The collection for VAD alone."""
    return DimensionScores


def for_multilabel(vad: bool) -> type[metrics.Collection]:
    """The collection for labels that may hold together, with VAD beside them or not."""
    return RankingAndDimensionScores if vad else RankingScores


def needs_all_rows(collection: type[metrics.Collection]) -> bool:
    """Whether a metric of the collection ranks all rows, so that it cannot run batch by batch."""
    return any(m in (Ranking, Ratings) for m in typing.get_type_hints(collection).values())


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean; NaN of nothing, without a warning."""
    return np.asarray(values.mean() if len(values) else np.nan)


def _weights(valid: Array | None, like: Array) -> Array:
    return jnp.ones(like.shape[0]) if valid is None else valid.astype(jnp.float32)
