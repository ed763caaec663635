"""A stack of equal blocks: one by one or by a scan, with less memory kept for the gradient.

Remat names what the forward pass keeps; the rest is computed again in the backward pass.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import attention

_POLICIES = jax.checkpoint_policies
# none: keep all; full: the block's input only; dots: results of matrix products, also inside
# attention; dots_no_batch: those of the linear layers only; offload: those, in the host's memory.
REMAT: Mapping[str, Callable[..., Any] | None] = {
    "none": None,
    "full": _POLICIES.nothing_saveable,
    "dots": _POLICIES.dots_saveable,
    "dots_no_batch": _POLICIES.dots_with_no_batch_dims_saveable,
    "offload": _POLICIES.offload_dot_with_no_batch_dims("device", "pinned_host"),
}


def remat(block: type[nn.Module], name: str) -> Any:
    """The block's class under a policy of `REMAT`; `deterministic` of its call is static.

    Raises:
      ValueError: no such policy.
    """
    if name not in REMAT:
        raise ValueError(f"config.task.model.remat = {name!r}; allowed: {', '.join(REMAT)}")
    if name == "none":
        return block
    deterministic = {attention.Block: 2, attention.CrossBlock: 3}[block]  # self is 0
    return nn.remat(block, policy=REMAT[name], static_argnums=(deterministic,))


def check_dtype(dtype: str) -> None:
    """Refuse what models do not compute in.

    Raises:
      ValueError: neither float32 nor bfloat16.
    """
    if dtype not in ("float32", "bfloat16"):
        raise ValueError(f"config.task.model.dtype = {dtype!r}; allowed: float32, bfloat16")


def run(
    x: Float[Array, "b n d"],
    heads: int,
    depth: int,
    *,
    mlp_ratio: float = 4.0,
    drop_path: float = 0.0,
    dtype: Any = None,
    kernel: str = "plain",
    remat_policy: str = "none",
    scan: bool = False,
    layers: Sequence[int] = (),
    deterministic: bool = True,
) -> tuple[Float[Array, "b n d"], list[Float[Array, "b n d"]]]:
    """The last output and those of `layers`, through blocks of the compact method that calls it.

    Without scan the blocks are `blocks_0`, `blocks_1`, ...; with it they are `blocks`, each array
    with the layer as its first axis (`weights.stacked` goes between the two). A scan compiles one
    block instead of `depth`; it draws other initial values and drop path masks.
    """
    rates = attention.drop_path_rates(drop_path, depth)
    make = remat(attention.Block, remat_policy)
    if scan:
        block = make(heads, mlp_ratio, drop_path, dtype, kernel, name="blocks")
        return _scanned(block, x, jnp.asarray(rates), layers, deterministic)
    chosen = []
    for i, rate in enumerate(rates):
        x = make(heads, mlp_ratio, rate, dtype, kernel, name=f"blocks_{i}")(x, deterministic)
        if i in layers:
            chosen.append(x)
    return x, chosen


def _scanned(
    block: nn.Module, x: Any, rates: Any, layers: Sequence[int], deterministic: bool
) -> tuple[Any, list[Any]]:
    def body(block: Any, x: Any, rate: Any) -> tuple[Any, Any]:
        x = block(x, deterministic, rate)
        return x, x if layers else None

    scan = nn.scan(body, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": True})
    x, outputs = scan(block, x, rates)
    return x, [outputs[i] for i in layers]
