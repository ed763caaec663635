"""Memory: what autodiff keeps for the backward pass, and an error when a chip's is too small."""

import collections
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax

from affectjax.compile import chips


class OutOfMemory(MemoryError):
    """A program does not fit the chip it was compiled for."""


def kept(loss: Callable[..., Any], params: Any, *rest: Any) -> list[jax.ShapeDtypeStruct]:
    """Shapes of all arrays that the gradient of loss(params, *rest) keeps from the forward pass.

    Of the whole batch and before XLA fuses or recomputes anything, so an upper bound;
    rematerialisation shows in it. Arrays shaped as a parameter are parameters, and left out.
    """

    def backward(params: Any, *rest: Any) -> Any:
        return jax.vjp(lambda p: loss(p, *rest), params)[1]

    own = {(p.shape, p.dtype) for p in jax.tree.leaves(params)}
    leaves = jax.tree.leaves(jax.eval_shape(backward, params, *rest))
    return [
        x
        for x in leaves
        if (x.shape, x.dtype) not in own and not jax.dtypes.issubdtype(x.dtype, jax.dtypes.extended)
    ]


def size(x: jax.ShapeDtypeStruct) -> float:
    """Bytes of an array of this shape."""
    return float(math.prod(x.shape) * x.dtype.itemsize)


def explain(
    message: str,
    topology: chips.Topology,
    config: Any,
    tensors: Sequence[jax.ShapeDtypeStruct] = (),
) -> str:
    """The compiler's message of too little memory, as one of ours.

    Names what was needed, the largest tensors, and the settings of the config that would help,
    with their present values. libtpu 0.0.42.1 says no more than two sizes where temporaries alone
    are too large; then the largest of `tensors`, what the gradient keeps of the global batch, stand
    in the compiler's place.
    """
    needed = re.search(r"Used ([\d.]+\w) of ([\d.]+\w) hbm", message) or re.search(
        r"required for .*?\(([\d.]+\w)\) exceeds available HBM \(([\d.]+\w)\)", message
    )
    short = re.search(r"Exceeded hbm capacity by ([\d.]+\w)", message)
    head = f"{topology.name} has too little memory for this program"
    if needed:
        head += f": it needs {needed[1]} of {needed[2]} a chip"
    if short:
        head += f", {short[1]} too much"
    parts = topology.count * config.train.accum
    largest = _largest(message) or _largest_kept(tensors, topology.count)
    lines = [head, *largest, "what would help:"]
    rows = config.train.batch // parts
    hints = [
        f"--config.train.accum={2 * config.train.accum}: micro-batches, now {config.train.accum} "
        f"({rows} examples a chip at a time)",
        f"--config.train.batch={config.train.batch // 2}: a smaller batch, now "
        f"{config.train.batch}; or a topology of more chips",
    ]
    if config.sharding.preset == "replicated":
        split = f"--config.sharding.preset=fsdp --config.mesh.fsdp={min(topology.count, 8)}"
        hints.append(
            f"{split}: parameters and optimiser state split over the chips, now replicated"
        )
    return "\n".join([*lines, *(f"  {hint}" for hint in [*_remat(config), *hints])])


def _remat(config: Any) -> list[str]:
    """A line for each field named remat in the config: recompute in the backward pass."""
    found = []

    def visit(node: Any, path: str) -> None:
        for name, value in node.items():
            if name == "remat":
                found.append(f"--{path}.remat: recompute in the backward pass, now {value!r}")
            elif hasattr(value, "items"):
                visit(value, f"{path}.{name}")

    visit(config, "config")
    return found


def _largest(message: str, count: int = 5) -> list[str]:
    """Lines about the largest allocations out of the compiler's report."""
    pattern = r"Size: ([\d.]+\w)(.*?)(?:Allocation type|=====)"
    found = re.findall(pattern, message, re.DOTALL)
    lines = []
    for size, block in found[:count]:
        shape = re.search(r"Shape: (\S+)", block)
        name = re.search(r'(?:op_name="([^"]+)"|Operator: (?:op_name=)?"?([^"\n]+))', block)
        where = next((g for g in name.groups() if g), "") if name else ""
        lines.append(f"  {size:>8}  {shape[1] if shape else ''}  {where}".rstrip())
    return ["the largest tensors:", *lines] if lines else []


def _largest_kept(
    tensors: Sequence[jax.ShapeDtypeStruct], chips_: int, count: int = 5
) -> list[str]:
    """The same lines by shape, out of what the gradient keeps."""
    shapes = collections.Counter((x.shape, str(x.dtype)) for x in tensors)
    sizes = {(x.shape, str(x.dtype)): size(x) / chips_ for x in tensors}
    ranked = sorted(shapes, key=lambda key: -sizes[key] * shapes[key])[:count]
    lines = [
        f"  {sizes[key] * shapes[key] / 2**30:>7.2f}G  {shapes[key]} x {key[1]}{list(key[0])}"
        for key in ranked
    ]
    head = "what the gradient keeps of the forward pass, GiB a chip, number x shape of all chips:"
    return [head, *lines] if lines else []
