"""Which example comes when: a pure function of (seed, position), whatever the hosts or restarts.

Row r of step s has the global position s * batch + r. Epochs follow each other without a gap, so
no example is dropped and a batch may hold the end of one epoch and the start of the next.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Int

_SHUFFLE, _AUGMENT = 0, 1  # streams of one seed that must never meet


@lru_cache(maxsize=4)
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
