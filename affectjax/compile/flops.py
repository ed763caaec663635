"""Floating-point operations of a function, counted on its jaxpr.

XLA's cost analysis counts the body of a loop once, and counts after its own rewriting; here the
matrix products and convolutions are counted as written, a scan's body as often as it runs. What no
output hangs on is left out, as the compiler leaves it out.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.interpreters import partial_eval


def count(fn: Callable[..., Any], *args: Any, scan_once: bool = False) -> float:
    """Operations (a multiplication or an addition each) of all matrix products of fn(*args).

    Global: of the whole arrays, whatever chips share them. `scan_once` counts the body of a scan
    once, as XLA does. A while loop of unknown length counts once, a branch as its dearest arm.

    >>> import jax.numpy as jnp
    >>> a, b = jnp.ones((4, 8)), jnp.ones((8, 2))
    >>> count(lambda a, b: a @ b, a, b) == 2 * 4 * 8 * 2
    True
    """
    jaxpr = jax.make_jaxpr(fn)(*args).jaxpr
    used, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    return _jaxpr(used, scan_once)


def _jaxpr(jaxpr: Any, once: bool) -> float:
    return sum(_equation(eqn, once) for eqn in jaxpr.eqns)


def _equation(eqn: Any, once: bool) -> float:
    name = eqn.primitive.name
    if name == "dot_general":
        return _dot_general(eqn)
    if name == "conv_general_dilated":
        return _convolution(eqn)
    inner = [_jaxpr(j, once) for j in _inner(eqn.params)]
    if not inner:
        return 0.0
    if name == "cond":
        return max(inner)
    if name == "pallas_call":
        return sum(inner) * math.prod(eqn.params["grid_mapping"].grid)
    if name == "shard_map":  # the body sees one chip's part
        return sum(inner) * eqn.params["mesh"].size
    times = eqn.params["length"] if name == "scan" and not once else 1
    return sum(inner) * times


def _inner(params: dict[str, Any]) -> Iterator[Any]:
    for value in params.values():
        for one in value if isinstance(value, tuple | list) else (value,):
            jaxpr = getattr(one, "jaxpr", one)
            if hasattr(jaxpr, "eqns"):
                yield jaxpr


def _dot_general(eqn: Any) -> float:
    (contracted, _), _ = eqn.params["dimension_numbers"]
    left = eqn.invars[0].aval.shape
    return 2.0 * math.prod(eqn.outvars[0].aval.shape) * math.prod(left[i] for i in contracted)


def _convolution(eqn: Any) -> float:
    kernel, numbers = eqn.invars[1].aval.shape, eqn.params["dimension_numbers"]
    # rhs_spec: output features, input features of a group, then the window.
    window = math.prod(kernel[i] for i in numbers.rhs_spec[1:])
    return 2.0 * math.prod(eqn.outvars[0].aval.shape) * window
