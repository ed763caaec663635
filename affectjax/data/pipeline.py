"""From a random-access source to batches, through grain; the only state is the step."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

import grain
import numpy as np

from affectjax import batch as batch_lib
from affectjax.data import order

Element = dict[str, Any]
Batch = dict[str, np.ndarray]


@runtime_checkable
class Source(Protocol):
    """Random access to stored examples."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Element: ...


@runtime_checkable
class Mixed(Source, Protocol):
    """A source of several datasets, with an order of its own and transforms that differ."""

    def index_at(self, seed: int, position: int) -> int: ...

    def ops_at(self, index: int) -> Sequence[Any]: ...


def train_batches(
    source: Source,
    ops: Sequence[Any],
    *,
    seed: int,
    batch: int,
    start: int = 0,
    stop: int,
    host: int = 0,
    hosts: int = 1,
    threads: int = 4,
    prefetch: int = 16,
) -> Iterator[Batch]:
    """This host's rows of the global batches of steps start..stop - 1, augmented.

    To resume is to start at another step: nothing else is kept.
    """
    if not len(source):
        raise ValueError("nothing to train on: the split is empty")
    rows = len(order.host_positions(0, batch, host, hosts))

    def example(i: int) -> Element:
        step, row = divmod(i, rows)
        position = order.host_positions(step, batch, host, hosts)[row]
        index = _index_at(source, seed, position)
        rng = order.generator(seed, position)
        return finish(apply(_ops_at(source, index, ops), dict(source[index]), rng))

    return _batched(example, range(start * rows, stop * rows), rows, threads, prefetch)


def eval_batches(
    source: Source,
    ops: Sequence[Any],
    *,
    batch: int,
    views: int = 1,
    host: int = 0,
    hosts: int = 1,
    threads: int = 4,
    prefetch: int = 16,
) -> Iterator[Batch]:
    """Every view of every clip in order; the last batch is padded and `valid` says where.

    Ops find the number of the view as element["view"].
    """
    total = len(source) * views
    if not total:
        raise ValueError("nothing to evaluate: the split is empty")
    rows = len(order.host_positions(0, batch, host, hosts))
    steps = -(-total // batch)

    def example(i: int) -> Element:
        step, row = divmod(i, rows)
        position = order.host_positions(step, batch, host, hosts)[row]
        clip, view = divmod(min(position, total - 1), views)
        element = {**source[clip], "view": view}
        done = finish(apply(_ops_at(source, clip, ops), element, order.generator(0, position)))
        return {**done, "view": np.int32(view), "valid": np.bool_(position < total)}

    return _batched(example, range(steps * rows), rows, threads, prefetch)


def _index_at(source: Source, seed: int, position: int) -> int:
    if isinstance(source, Mixed):
        return source.index_at(seed, position)
    return order.example_at(seed, position, len(source))


def _ops_at(source: Source, index: int, ops: Sequence[Any]) -> Sequence[Any]:
    return (*source.ops_at(index), *ops) if isinstance(source, Mixed) else ops


def apply(ops: Sequence[Any], element: Element, rng: np.random.Generator) -> Element:
    """Run ops over an element: `random_map(element, rng)` where an op has it, else `map`.

    An op's error names the op and the clip.
    """
    for op in ops:
        try:
            random_map = getattr(op, "random_map", None)
            element = random_map(element, rng) if random_map else op.map(element)
        except Exception as error:
            error.add_note(f"in {op} on clip {element.get('clip_id')!r}")
            raise
    return element


def finish(element: Mapping[str, Any]) -> Element:
    """The keys of an element that a batch knows, in the dtypes of the table.

    `clip_id` text becomes its 63-bit hash; `votes` also give `distribution`, the raters' shares.

    Raises:
      ValueError: a clip with votes from nobody.
    """
    out = {k: v for k, v in element.items() if k in batch_lib.KEYS and k != "view"}
    if "clip_id" in out and isinstance(out["clip_id"], bytes | str):
        out["clip_id"] = hash_id(out["clip_id"])
    if "votes" in out:
        votes = np.asarray(out["votes"], np.float32)
        if not votes.sum():
            raise ValueError(f"clip {element.get('clip_id')!r} has no votes")
        out["distribution"] = votes / votes.sum()
    return {k: np.asarray(v, batch_lib.KEYS[k].dtype) for k, v in out.items()}


def hash_id(name: bytes | str) -> int:
    """A stable id below 2^63 of a clip's name.

    >>> hash_id("03-01-01-01-01-01-01") == hash_id(b"03-01-01-01-01-01-01")
    True
    """
    data = name.encode() if isinstance(name, str) else name
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


def _batched(
    example: Callable[[int], Element], numbers: range, rows: int, threads: int, prefetch: int
) -> Iterator[Batch]:
    dataset = grain.MapDataset.range(numbers.start, numbers.stop).map(partial(_call, example))
    options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=max(prefetch, rows))
    # Read ahead example by example: the threads share the work within a batch, too.
    return iter(dataset.to_iter_dataset(options).batch(rows, drop_remainder=True))


def _call(example: Callable[[int], Element], number: Any) -> Element:
    return example(int(number))
