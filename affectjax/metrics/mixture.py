"""Streaming metrics of a mixture of datasets: pooled, and of each dataset alone."""

import functools
import typing
from typing import Any

import flax.struct
import jax.numpy as jnp
import numpy as np
from clu import metrics
from jaxtyping import Array

from affectjax.metrics import classification, states

_TOLD = ("uar", "war", "ccc_mean")  # of each dataset while training; `evals` has all


@functools.cache
def of_datasets(
    whole: type[metrics.Collection], datasets: tuple[str, ...]
) -> type[metrics.Collection]:
    """`whole`, of categories, VAD or both, of all rows, and main scores of each as <score>_<name>.

    Rows say which dataset they are of (`dataset`), and their probabilities count over its own
    categories alone (`possible`), as if a model of that dataset were asked. What no row of a
    dataset has a label for is left out. `uar_mean` is the mean over the datasets.
    """
    hints = typing.get_type_hints(whole)
    parts: dict[str, Any] = {k: v for k, v in hints.items() if not k.startswith("_")}
    for name, metric in list(parts.items()):
        for number, dataset in enumerate(datasets):
            parts[f"{name}_{number}"] = _of_dataset(metric, number, dataset)
    return flax.struct.dataclass(type("MixtureScores", (_Scores,), {"__annotations__": parts}))


class _Scores(states.Several):
    def compute(self) -> dict[str, Array | np.ndarray]:
        out = super().compute()
        each = [jnp.asarray(v) for k, v in out.items() if k.startswith("uar_")]
        return {**out, "uar_mean": jnp.stack(each).mean()} if each else out


def _of_dataset(metric: Any, number: int, name: str) -> Any:
    """The metric over the rows of part `number` of a mixture; its scores end in _<name>."""

    class OfDataset(metric):
        @classmethod
        def from_model_output(
            cls, *, dataset: Array, valid: Array | None = None, **outputs: Any
        ) -> Any:
            if metric is states.Categories:
                p = outputs["probabilities"]
                outputs["probabilities"] = classification.restricted(p, outputs["possible"])
            mine = dataset == number
            rows = mine if valid is None else valid & mine
            return super().from_model_output(valid=rows, **outputs)

        def compute(self) -> dict[str, Array]:
            count = self.matrix if metric is states.Categories else self.state.count
            told = super().compute() if count.sum() > 0 else {}
            return {f"{k}_{name}": v for k, v in told.items() if k in _TOLD}

    return flax.struct.dataclass(OfDataset)
