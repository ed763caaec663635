"""Which parameters are trained; the others have no gradient, no optimiser state, no average.

A tree of parameters is split before the gradient is taken, so that none is computed for what is
frozen, and joined inside the loss.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from flax import traverse_util

PyTree = Any


def names(
    params: PyTree, trained: Sequence[str] = (), frozen: Sequence[str] = ()
) -> frozenset[str]:
    """Paths "a/b/kernel" of the trained parameters.

    Args:
      params: nested dict of arrays or their shapes.
      trained: patterns (`re.search`); a parameter without a match is frozen. None: all are trained.
      frozen: patterns of parameters that are frozen all the same.

    Raises:
      ValueError: a pattern that matches no parameter, or nothing left to train.

    >>> tree = {"model": {"kernel": 1, "bias": 2}, "lora": {"a": 3}}
    >>> sorted(names(tree, ["lora/", "bias$"])), sorted(names(tree, frozen=["^model/"]))
    (['lora/a', 'model/bias'], ['lora/a'])
    """
    paths = list(traverse_util.flatten_dict(params, sep="/"))
    for field, patterns in (("trained", trained), ("frozen", frozen)):
        idle = [p for p in patterns if not any(re.search(p, path) for path in paths)]
        if idle:
            raise ValueError(
                f"config.train.{field}: no parameter matches {idle}; parameters.txt of a run lists "
                f"them: {', '.join(paths[:3])}, ..."
            )
    kept = frozenset(
        path
        for path in paths
        if (not trained or _found(path, trained)) and not _found(path, frozen)
    )
    if not kept:
        raise ValueError(
            f"config.train.trained = {list(trained)} and config.train.frozen = {list(frozen)} "
            "leave no parameter to train"
        )
    return kept


def split(tree: PyTree, kept: frozenset[str]) -> tuple[PyTree, PyTree]:
    """The part of a tree at the paths `kept`, and the rest."""
    flat = traverse_util.flatten_dict(tree, sep="/")
    parts: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for path, leaf in flat.items():
        parts[path not in kept][path] = leaf
    first, rest = (traverse_util.unflatten_dict(part, sep="/") for part in parts)
    return first, rest


def join(tree: PyTree, other: PyTree) -> PyTree:
    """A tree with the leaves of both; where both have one, that of `other`.

    >>> join({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    flat = traverse_util.flatten_dict(tree, sep="/") | traverse_util.flatten_dict(other, sep="/")
    return traverse_util.unflatten_dict(flat, sep="/")


def told(params: PyTree, kept: frozenset[str]) -> str:
    """How many numbers are trained, of how many.

    >>> import numpy as np
    >>> told({"a": np.zeros((2, 4)), "b": np.zeros(2)}, frozenset(["b"]))
    '2 of 10 (20%)'
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    count = {path: math.prod(leaf.shape) for path, leaf in flat.items()}
    some, total = sum(count[path] for path in kept), sum(count.values())
    return f"{some:,} of {total:,} ({100 * some / total:.3g}%)"


def _found(path: str, patterns: Sequence[str]) -> bool:
    return any(re.search(pattern, path) for pattern in patterns)
