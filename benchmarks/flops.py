"""FLOPs of the matrix products of a function, counted in its jaxpr, and this machine's rate."""

import math
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def of(fn: Callable[..., Any], *args: Any) -> float:
    """2 m k n of every matrix product; the body of a scan times its length."""
    return _count(jax.make_jaxpr(fn)(*args).jaxpr)


def rate(rounds: int = 5) -> list[float]:
    """FLOP/s of XLA's float32 product of matrices of 2048 x 2048, once a round."""
    x = jnp.asarray(np.random.default_rng(0).standard_normal((2048, 2048), np.float32))
    product = jax.jit(lambda a: a @ a)
    jax.block_until_ready(product(x))
    found = []
    for _ in range(rounds):
        then = time.perf_counter()
        jax.block_until_ready(product(x))
        found.append(2 * 2048**3 / (time.perf_counter() - then))
    return found


def _count(jaxpr: Any) -> float:
    total = 0.0
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "dot_general":
            (contracted, _), _ = eqn.params["dimension_numbers"]
            k = math.prod(eqn.invars[0].aval.shape[i] for i in contracted)
            total += 2 * k * math.prod(eqn.outvars[0].aval.shape)
        inner = sum(_count(getattr(j, "jaxpr", j)) for j in _inside(eqn))
        total += inner * eqn.params.get("length", 1)
    return total


def _inside(eqn: Any) -> list[Any]:
    found = []
    for value in eqn.params.values():
        for item in value if isinstance(value, list | tuple) else [value]:
            if hasattr(getattr(item, "jaxpr", item), "eqns"):
                found.append(item)
    return found
