"""One number an array, the same on any mesh, that shows whether a checkpoint came back whole."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

_BITS = {1: jnp.uint8, 2: jnp.uint16, 4: jnp.uint32, 8: jnp.uint32}


@jax.jit
def _sums(tree: Any) -> Any:
    return jax.tree.map(_sum, tree)


def _sum(array: jax.Array) -> jax.Array:
    """Sum of the bits modulo 2^32: no order of summation, so no sharding, changes it."""
    if array.dtype == jnp.bool_:
        bits = array.astype(jnp.uint32)
    else:
        bits = jax.lax.bitcast_convert_type(array, _BITS[array.dtype.itemsize])
    return bits.astype(jnp.uint32).sum(dtype=jnp.uint32)


def of(state: Any) -> dict[str, int]:
    """The checksum of each array of a tree by its path: 'params/head/kernel' -> [0, 2^32).

    >>> of({"a": jnp.array([1.0, 0.0]), "b": jnp.array([3, 4])})
    {'a': 1065353216, 'b': 7}
    """
    sums = jax.device_get(_sums(state))
    return {name(path): int(v) for path, v in jax.tree.leaves_with_path(sums)}


def name(path: Any) -> str:
    """A path of jax.tree_util as text, however the containers are called."""
    return jax.tree_util.keystr(path, simple=True, separator="/")


def differing(state: Any, expected: Mapping[str, int]) -> list[str]:
    """Names of the arrays whose checksum is not the expected one."""
    return [k for k, v in of(state).items() if expected.get(k) != v]
