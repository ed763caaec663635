"""Where arrays live: the mesh, the batch's place on it, and global arrays from a host's rows."""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import mesh_utils
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec

from affectjax import batch as batch_lib

PyTree = Any
# From the slowest links to the fastest: devices beside each other differ in the last axis.
AXES = ("data", "fsdp", "expert", "sequence", "tensor")
BATCH_AXES = batch_lib.AXES


def make_mesh(axes: Mapping[str, int], devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh of all `AXES`; those not named have size 1, one may be -1: the devices left over.

    data and fsdp split the batch, fsdp also the parameters; tensor splits the width of layers,
    sequence the tokens; expert is not used yet. Several slices of TPUs are told apart on the data
    axis, whose collectives are the fewest.

    Raises:
      ValueError: an unknown axis, or the axes do not multiply to the number of devices.
    """
    devices = list(devices or jax.devices())
    sizes = mesh_sizes(axes, len(devices))
    slices = len({getattr(d, "slice_index", 0) or 0 for d in devices})
    if slices > 1:
        return Mesh(_over_slices(sizes, devices, slices), AXES)
    try:
        grid = mesh_utils.create_device_mesh(sizes, devices, allow_split_physical_axes=True)
    except NotImplementedError:  # no assignment to this torus: the devices' own order
        grid = np.array(devices).reshape(sizes)
    return Mesh(grid, AXES, axis_types=(AxisType.Auto,) * len(AXES))


def abstract_mesh(axes: Mapping[str, int], count: int) -> AbstractMesh:
    """`make_mesh` of `count` devices that need not exist."""
    return AbstractMesh(mesh_sizes(axes, count), AXES)


def mesh_sizes(axes: Mapping[str, int], count: int) -> tuple[int, ...]:
    """The size of each of `AXES` over `count` devices.

    >>> mesh_sizes({"data": -1, "tensor": 2}, 8)
    (4, 1, 1, 1, 2)
    """
    for name in axes:
        if name not in AXES:
            near = difflib.get_close_matches(name, AXES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"config.mesh has no axis {name!r}; {hint}axes: {', '.join(AXES)}")
    fixed = math.prod(size for size in axes.values() if size != -1)
    named = {name: count // fixed if size == -1 else size for name, size in axes.items()}
    if math.prod(named.values()) != count or list(axes.values()).count(-1) > 1:
        raise ValueError(
            f"config.mesh = {dict(axes)} does not fit {count} devices: the product of the axes "
            "must be the number of devices, with at most one axis -1"
        )
    return tuple(named.get(name, 1) for name in AXES)


def batch_sharding(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """Batches are split over the data and fsdp axes, on their first dimension."""
    return NamedSharding(mesh, PartitionSpec(BATCH_AXES))


def placed(
    spec: Mapping[str, jax.ShapeDtypeStruct], mesh: Mesh | AbstractMesh
) -> dict[str, jax.ShapeDtypeStruct]:
    """The shapes and dtypes of a global batch, split as `batch_sharding` says."""
    rows = batch_sharding(mesh)
    return {k: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=rows) for k, s in spec.items()}


def replicated(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """Every device holds the whole array."""
    return NamedSharding(mesh, PartitionSpec())


def check_batch(mesh: Mesh | AbstractMesh, size: int, name: str) -> None:
    """Refuse a batch whose rows do not divide over the devices that split it.

    Raises:
      ValueError: names the config's field.
    """
    parts = math.prod(mesh.shape[axis] for axis in BATCH_AXES)
    if size % parts:
        raise ValueError(
            f"{name} = {size} does not divide over the {parts} parts of the mesh axes "
            f"{' x '.join(BATCH_AXES)}: set it to a multiple of {parts}"
        )


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


def _over_slices(sizes: tuple[int, ...], devices: list[Any], slices: int) -> np.ndarray:
    if sizes[0] % slices:
        raise ValueError(
            f"config.mesh.data = {sizes[0]} does not divide over {slices} slices, which only the "
            "data axis may cross"
        )
    inner = (sizes[0] // slices, *sizes[1:])
    outer = (slices, *[1] * (len(AXES) - 1))
    return mesh_utils.create_hybrid_device_mesh(
        inner, outer, devices, allow_split_physical_axes=True
    )
