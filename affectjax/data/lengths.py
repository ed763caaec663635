"""Batches of texts of like length, so that little of what a model reads is padding.

Each stretch of WINDOW batches of the order (`data.order`) is sorted by length, cut into batches,
and these are shuffled: still a pure function of (seed, position). A batch then ends at the
smallest bucket that holds its longest text. Padding changes no number but by rounding.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from affectjax.data import order, pipeline

WINDOW = 32  # batches that are sorted among themselves


class Grouped:
    """A `pipeline.Source` with an order of its own: rows of a batch are of like length."""

    def __init__(self, source: pipeline.Source, key: str, batch: int) -> None:
        self._source, self._batch = source, batch
        # Bytes stand for tokens: nearly as good to sort by, and nothing need be tokenised.
        self._lengths = np.array([len(source[i][key]) for i in range(len(source))])
        self._window = functools.lru_cache(maxsize=4)(self._sorted)

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._source[index]

    def index_at(self, seed: int, position: int) -> int:
        """Index of the example at a global position."""
        window, place = divmod(position, WINDOW * self._batch)
        return int(self._window(seed, window)[place])

    def ops_at(self, index: int) -> Sequence[Any]:
        """Nothing: all examples are of one dataset."""
        del index
        return ()

    def _sorted(self, seed: int, window: int) -> Int[np.ndarray, " n"]:
        size = WINDOW * self._batch
        places = range(window * size, (window + 1) * size)
        found = np.array([order.example_at(seed, p, len(self)) for p in places])
        rows = found[np.argsort(self._lengths[found], kind="stable")].reshape(WINDOW, self._batch)
        return np.random.default_rng((order.GROUP, seed, window)).permutation(rows).ravel()


def grouped(source: pipeline.Source, ops: Sequence[Any], batch: int) -> pipeline.Source:
    """The source in an order by length where an op has buckets; a mixture keeps its own."""
    op = _bucketed(ops)
    if op is None or isinstance(source, pipeline.Mixed):
        return source
    return Grouped(source, op.key, batch)


def trimmed(
    batches: Iterator[pipeline.Batch], ops: Sequence[Any], hosts: int = 1
) -> Iterator[pipeline.Batch]:
    """Batches whose `tokens` end at the smallest bucket that holds all of them.

    Several hosts leave them as long as they are, since all must have one shape.
    """
    for batch in batches:
        yield trim(batch, ops) if hosts == 1 else batch


def trim(batch: Mapping[str, np.ndarray], ops: Sequence[Any]) -> dict[str, np.ndarray]:
    """One batch of `trimmed`."""
    op = _bucketed(ops)
    if op is None:
        return dict(batch)
    need = int(batch["token_length"].max())
    stop = next(n for n in (*op.buckets, op.longest) if n >= need)
    return {**batch, "tokens": batch["tokens"][:, :stop]}


def _bucketed(ops: Sequence[Any]) -> Any:
    return next((op for op in ops if getattr(op, "buckets", ())), None)
