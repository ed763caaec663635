"""Evaluation as a stream of masked, padded batches: numbers that no batch size changes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from affectjax.metrics import states
from affectjax.train import shard

Batches = Iterable[dict[str, np.ndarray]]
Predict = Callable[[Any, dict[str, jax.Array]], dict[str, jax.Array]]
Put = Callable[[dict[str, np.ndarray]], dict[str, jax.Array]]


def scores(
    task: Any, predict: Predict, params: Any, batches: Batches, put: Put
) -> dict[str, float]:
    """The task's metrics over all batches, padding left out; scalars by name.

    Metrics that rank all rows (mAP) get them at once, on the host.

    Raises:
      ValueError: there is no batch.
    """
    collection = task.metrics()
    if states.needs_all_rows(collection):
        whole = rows(predict, params, batches, put)
        valid = np.ones(len(whole["clip_id"]), bool)
        total = collection.single_from_model_output(**whole, valid=valid)
        return _scalars(total)
    update = update_step(task)
    merge = jax.jit(lambda a, b: a.merge(b))
    total = None
    for batch in batches:
        one = shard.settled(update(predict(params, put(batch))))
        total = one if total is None else shard.settled(merge(total, one))
    if total is None:
        raise ValueError("nothing to evaluate: the split is empty")
    return _scalars(total)


def update_step(task: Any) -> Any:
    """The jitted function from a batch's outputs to the task's metrics over its valid rows."""
    collection = task.metrics()
    return jax.jit(lambda outputs: collection.single_from_model_output(**outputs))


def rows(predict: Predict, params: Any, batches: Batches, put: Put) -> dict[str, np.ndarray]:
    """Outputs of every valid row of every host, in the order of the data, as arrays (N, ...)."""
    parts = list(_valid_rows(predict, params, batches, put))
    if not parts:
        raise ValueError("nothing to evaluate: the split is empty")
    return {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}


def _scalars(total: Any) -> dict[str, float]:
    return {k: float(v) for k, v in total.compute().items() if np.ndim(v) == 0}


def _valid_rows(
    predict: Predict, params: Any, batches: Batches, put: Put
) -> Iterator[dict[str, np.ndarray]]:
    for batch in batches:
        outputs = predict(params, put(batch))
        host = {k: _gather(v) for k, v in outputs.items() if np.ndim(v) >= 1}
        host["clip_id"] = _gather_ids(batch["clip_id"])
        valid = host.pop("valid")
        yield {k: v[valid] for k, v in host.items()}


def _gather(array: jax.Array) -> np.ndarray:
    """The whole of an array that may be spread over hosts."""
    if array.is_fully_addressable:
        return np.asarray(array)
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


def _gather_ids(ids: np.ndarray) -> np.ndarray:
    """The 64-bit ids of all hosts' rows, which JAX would cut to 32 bits."""
    if jax.process_count() == 1:
        return ids
    halves = ids.view(np.int32).reshape(-1, 2)
    whole = np.asarray(multihost_utils.process_allgather(halves, tiled=True))
    return np.ascontiguousarray(whole).view(np.int64)[:, 0]
