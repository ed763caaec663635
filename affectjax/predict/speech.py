"""`--mode=predict` of a run that answers in words: what it says of each picture."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from affectjax.models import generate

Say = Callable[[dict[str, np.ndarray]], list[dict[str, str]]]


def of_run(task: Any, params: Any, place: Callable[[], Any], seed: int) -> Say | None:
    """A function from a batch to what is said of each row; None for a task that says nothing.

    What it gives are records {"emotion", "because"}. Each row has chances of its own, by its number
    among all rows that were asked, the same in every run of `seed`. `place` gives the context.
    """
    if not hasattr(task, "say"):
        return None
    step = jax.jit(lambda params, batch, keys: task.say({"params": params}, batch, keys))
    number = itertools.count()

    def say(batch: dict[str, np.ndarray]) -> list[dict[str, str]]:
        with place():
            rows = len(next(iter(batch.values())))
            numbers = np.fromiter(itertools.islice(number, rows), np.int32)
            keys = generate.row_keys(jax.random.key(seed), numbers)
            ids = np.asarray(step(params, batch, keys))
        return [dict(zip(("emotion", "because"), task.text(row), strict=True)) for row in ids]

    return say
