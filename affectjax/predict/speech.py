"""`--mode=predict` of a run that answers in words: what it says of each picture."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

Say = Callable[[dict[str, np.ndarray]], list[dict[str, str]]]


def of_run(task: Any, params: Any, place: Callable[[], Any], seed: int) -> Say | None:
    """A function from a batch to what is said of each row; None for a task that says nothing.

    What it gives are records {"emotion", "because"}. Batches that are asked one after another have
    chances of their own, the same in every run of `seed`. `place` gives the context.
    """
    if not hasattr(task, "say"):
        return None
    step = jax.jit(lambda params, batch, key: task.say({"params": params}, batch, key))
    number = itertools.count()

    def say(batch: dict[str, np.ndarray]) -> list[dict[str, str]]:
        with place():
            key = jax.random.fold_in(jax.random.key(seed), next(number))
            ids = np.asarray(step(params, batch, key))
        return [dict(zip(("emotion", "because"), task.text(row), strict=True)) for row in ids]

    return say
