"""Which example comes when: a pure function of (seed, position), whatever the hosts or restarts.

Row r of step s has the global position s * batch + r. Epochs follow each other without a gap, so
no example is dropped and a batch may hold the end of one epoch and the start of the next.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Int

_SHUFFLE, _AUGMENT, _MIX, GROUP = 0, 1, 2, 3  # streams of one seed that must never meet
BLOCK = 1000  # positions in which every part of a mixture has its share


@lru_cache(maxsize=16)  # the parts of a mixture each have their own
def permutation(seed: int, epoch: int, size: int) -> Int[np.ndarray, " n"]:
    """The order of an epoch's examples."""
    return np.random.default_rng((_SHUFFLE, seed, epoch)).permutation(size)


def example_at(seed: int, position: int, size: int) -> int:
    """Index of the example at a global position; each epoch holds every index once."""
    epoch, place = divmod(position, size)
    return int(permutation(seed, epoch, size)[place])


def generator(seed: int, position: int) -> np.random.Generator:
    """The randomness of the example at a position: its own, so workers and hosts do not matter."""
    return np.random.default_rng((_AUGMENT, seed, position))


def host_positions(step: int, batch: int, host: int = 0, hosts: int = 1) -> range:
    """Global positions of the rows of a step that a host reads.

    Raises:
      ValueError: the hosts do not divide the batch.

    >>> host_positions(3, 8, host=1, hosts=2)
    range(28, 32)
    """
    if batch % hosts:
        raise ValueError(f"config.train.batch = {batch} is not divisible by {hosts} hosts")
    rows = batch // hosts
    first = step * batch + host * rows
    return range(first, first + rows)


def mixed_at(
    seed: int, position: int, quotas: tuple[int, ...], names: Sequence[str], sizes: Sequence[int]
) -> tuple[int, int]:
    """Which part of a mixture stands at a global position, and the index of the example in it.

    Blocks of BLOCK positions hold part i `quotas[i]` times, in an order drawn anew for each block.
    The n-th time that a part comes it gives the n-th example of its own endless order, which its
    name and the seed fix: other parts may come or go without changing it.
    """
    block, place = divmod(position, BLOCK)
    turns, nth = _turns(seed, block, quotas)
    part = int(turns[place])
    count = block * quotas[part] + int(nth[place])
    return part, example_at(_stream(seed, names[part]), count, sizes[part])


def quotas(
    sizes: Sequence[int], weights: Sequence[float], temperature: float = 1.0
) -> tuple[int, ...]:
    """How many of BLOCK positions each part has: weight x size^(1 / temperature), rounded.

    By largest remainders, so that they sum to BLOCK. A part of weight 0 has none.

    Raises:
      ValueError: a temperature that is not above 0, a negative weight, nothing to take, or a share
        that would round to none.

    >>> quotas([8000, 2000], [1.0, 1.0])
    (800, 200)
    >>> quotas([8000, 2000], [1.0, 1.0], temperature=2.0)
    (667, 333)
    >>> quotas([8000, 2000], [1.0, 3.0], temperature=float("inf"))
    (250, 750)
    """
    if not temperature > 0:
        raise ValueError(f"config.data.temperature = {temperature}: it must be above 0")
    if not all(weight >= 0 for weight in weights):
        raise ValueError(f"config.data.parts: weights {list(weights)} are not all 0 or more")
    pairs = zip(sizes, weights, strict=True)
    raw = np.array([w * n ** (1.0 / temperature) if n else 0.0 for n, w in pairs])
    if not raw.sum() > 0:
        raise ValueError(
            f"config.data.parts: nothing to train on: sizes {list(sizes)}, weights {list(weights)}"
        )
    exact = raw / raw.sum() * BLOCK
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: BLOCK - whole.sum()]] += 1
    lost = [i for i, quota in enumerate(whole) if not quota and weights[i] and sizes[i]]
    if lost:
        raise ValueError(
            f"config.data.parts: parts {lost} of sizes {[sizes[i] for i in lost]} would be under "
            f"1 in {BLOCK} of the batches: raise their weight or config.data.temperature (now "
            f"{temperature:g}), or set the weight to 0"
        )
    return tuple(int(quota) for quota in whole)


@lru_cache(maxsize=16)
def _turns(
    seed: int, block: int, quotas: tuple[int, ...]
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Whose turn it is at each place of a block, and for the how-manieth time in it."""
    turns = np.repeat(np.arange(len(quotas)), quotas)
    turns = np.random.default_rng((_MIX, seed, block)).permutation(turns)
    nth = np.empty_like(turns)
    for part, quota in enumerate(quotas):
        nth[turns == part] = np.arange(quota)
    return turns, nth


@lru_cache(maxsize=64)
def _stream(seed: int, name: str) -> int:
    """The seed of a part's own order."""
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
