"""Where the optimiser's moments live: with their parameters, split over data (ZeRO-1), or on hosts.

Rajbhandari et al. 2020, arXiv 1910.02054, stage 1: every chip updates its part of the moments, and
the parameters' new values are gathered. Nothing but memory and traffic changes.
"""

import dataclasses
import math

import jax
from jax.sharding import NamedSharding, PartitionSpec

from affectjax.train import partition
from affectjax.train.state import State

SPLITS, MEMORIES = ("follow", "data"), ("device", "pinned_host")


def placed(places: State, shapes: State, split: str, memory: str) -> State:
    """`places` with the optimiser state's own: `config.sharding.optimizer` and its memory.

    "follow" leaves moments where their parameters are. "data" splits those of at least 2**16
    numbers that are not split over the axis data yet, on their largest free dimension that it
    divides. "pinned_host" keeps all moments in the hosts' memory between steps.

    Raises:
      ValueError: another word, or "data" on a mesh whose axis data has one device.
    """
    for name, value, known in (("", split, SPLITS), ("_memory", memory, MEMORIES)):
        if value not in known:
            raise ValueError(
                f"config.sharding.optimizer{name} = {value!r}; allowed: {', '.join(known)}"
            )
    moments = places.opt_state
    if split == "data":
        moments = jax.tree.map(_split, moments, shapes.opt_state)
    if memory != "device":
        moments = jax.tree.map(
            lambda place, s: place.with_memory_kind(memory) if s.ndim else place,
            moments,
            shapes.opt_state,
        )
    return dataclasses.replace(places, opt_state=moments)


def fetched(state: State, places: State) -> State:
    """The state with moments brought from the hosts' memory to the chips; inside jit."""
    kinds = {place.memory_kind for place in jax.tree.leaves(places.opt_state)}
    if "pinned_host" not in kinds:
        return state
    near = jax.tree.map(lambda place: place.with_memory_kind("device"), places.opt_state)
    return dataclasses.replace(state, opt_state=jax.device_put(state.opt_state, near))


def _split(place: NamedSharding, leaf: jax.ShapeDtypeStruct) -> NamedSharding:
    size = place.mesh.shape.get("data", 1)
    if size == 1:
        raise ValueError(
            "config.sharding.optimizer = 'data' needs an axis data of 2 or more devices, "
            f"config.mesh has {dict(place.mesh.shape)}; use 'follow'"
        )
    spec = [*place.spec, *[None] * (leaf.ndim - len(place.spec))]
    taken = {a for axes in spec for a in (axes if isinstance(axes, tuple) else (axes,))}
    free = [i for i in range(leaf.ndim) if spec[i] is None and leaf.shape[i] % size == 0]
    if math.prod(leaf.shape) < partition.SMALL or "data" in taken or not free:
        return place
    spec[max(free, key=lambda i: leaf.shape[i])] = "data"
    return NamedSharding(place.mesh, PartitionSpec(*spec))
