"""Where arrays live: the mesh, and partition rules over parameter paths."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from affectjax import batch as batch_lib

PyTree = Any
Rule = tuple[str, str | Sequence[str | None]]


def make_mesh(axes: Mapping[str, int], devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh with the named axes; one axis may be -1, it takes the devices left over.

    Raises:
      ValueError: the axes do not multiply to the number of devices.
    """
    count = len(devices or jax.devices())
    fixed = math.prod(size for size in axes.values() if size != -1)
    sizes = tuple(count // fixed if size == -1 else size for size in axes.values())
    if math.prod(sizes) != count or list(axes.values()).count(-1) > 1:
        raise ValueError(
            f"config.mesh = {dict(axes)} does not fit {count} devices: the product of the axes "
            "must be the number of devices, with at most one axis -1"
        )
    return jax.make_mesh(sizes, tuple(axes), (AxisType.Auto,) * len(sizes), devices=devices)


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Batches are split over the data and fsdp axes, on their first dimension."""
    return NamedSharding(mesh, PartitionSpec(_data_axes(mesh)))


def replicated(mesh: Mesh) -> NamedSharding:
    """Every device holds the whole array."""
    return NamedSharding(mesh, PartitionSpec())


def state_shardings(state: PyTree, mesh: Mesh, rules: Sequence[Rule]) -> PyTree:
    """A sharding for each leaf of a state by the first rule whose pattern is in its path.

    A rule is (regular expression, "replicate" | "fsdp" | a list of mesh axes or None for each
    dimension). "fsdp" splits the largest dimension that the axis divides, of arrays of at least
    2**16 numbers. Optimiser moments and averages hold the parameter's path as a suffix, so they
    follow it. Paths without a rule are replicated.

    Raises:
      ValueError: a rule that matches no path.
    """
    used: set[int] = set()

    def place(path: Any, leaf: Any) -> NamedSharding:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        for i, (pattern, how) in enumerate(rules):
            if re.search(pattern, name):
                used.add(i)
                return NamedSharding(mesh, _spec(how, leaf.shape, mesh))
        return replicated(mesh)

    placed = jax.tree_util.tree_map_with_path(place, state)
    idle = [rules[i][0] for i in range(len(rules)) if i not in used]
    if idle:
        raise ValueError(f"config.sharding: no parameter matches {idle}; remove or mend the rule")
    return placed


def to_global(batch: dict[str, np.ndarray], sharding: NamedSharding) -> dict[str, jax.Array]:
    """Global arrays from this host's rows of the batch, without the keys that stay on the host."""
    return {
        k: jax.make_array_from_process_local_data(sharding, v)
        for k, v in batch.items()
        if k not in batch_lib.HOST_ONLY
    }


def settled(tree: PyTree) -> PyTree:
    """The tree, waited for where several CPU devices computed it; elsewhere at once.

    XLA's CPU devices share one pool of threads, and each holds one while it waits for the others
    in a collective. With many computations under way the pool runs dry, and all wait for ever or
    until XLA aborts the process. Seen with jax 0.10.2, 8 devices on 2 cores: 400 in flight hung 4
    of 4 times on an idle machine, 40 in flight 9 of 10 times on a busy one, up to 3 never.
    """
    if jax.default_backend() == "cpu" and jax.local_device_count() > 1:
        return jax.block_until_ready(tree)
    return tree


def _data_axes(mesh: Mesh) -> tuple[str, ...]:
    return tuple(axis for axis in mesh.axis_names if axis in ("data", "fsdp"))


def _spec(how: str | Sequence[str | None], shape: tuple[int, ...], mesh: Mesh) -> PartitionSpec:
    if how == "replicate":
        return PartitionSpec()
    if how == "fsdp":
        return _fsdp(shape, mesh)
    if isinstance(how, str):
        raise ValueError(f"config.sharding: {how!r} is neither 'replicate', 'fsdp' nor axes")
    # A head of 7 classes is not divisible by 8 devices: such an axis is dropped, not an error.
    fits = [
        axis if axis and size % mesh.shape[axis] == 0 else None
        for axis, size in zip(how, shape, strict=False)
    ]
    return PartitionSpec(*fits)


def _fsdp(shape: tuple[int, ...], mesh: Mesh, minimum: int = 2**16) -> PartitionSpec:
    axis = "fsdp" if "fsdp" in mesh.axis_names else "data"
    divisible = [i for i, size in enumerate(shape) if size % mesh.shape[axis] == 0]
    if math.prod(shape) < minimum or not divisible:
        return PartitionSpec()
    largest = max(divisible, key=lambda i: shape[i])
    return PartitionSpec(*[axis if i == largest else None for i in range(len(shape))])
