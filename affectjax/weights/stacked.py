"""Parameters of layer stacks: one subtree a layer, or one whose arrays begin with the layer.

`encoder/blocks_0/..., encoder/blocks_1/...` is what official weights and unrolled models have,
`encoder/blocks/...` what a model with `scan` has.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

PyTree = Any
_LAYER = re.compile(r"^blocks_(\d+)$")


def stack(params: PyTree, where: Mapping[str, Any]) -> PyTree:
    """`params` with blocks_0, blocks_1, ... stacked in the modules where `where` has `blocks`."""
    out = {}
    for name, child in params.items():
        like = where.get(name)
        layers = _layers(child)
        if isinstance(like, Mapping) and "blocks" in like and layers:
            rest = {k: v for k, v in child.items() if not _LAYER.match(k)}
            out[name] = {**rest, "blocks": _joined([child[k] for k in layers])}
        elif isinstance(child, Mapping):
            out[name] = stack(child, like if isinstance(like, Mapping) else {})
        else:
            out[name] = child
    return out


def unstack(params: PyTree) -> PyTree:
    """`params` with every `blocks` taken apart into blocks_0, blocks_1, ..."""
    out: dict[str, Any] = {}
    for name, child in params.items():
        if name == "blocks":
            depth = _depth(child)
            out |= {f"blocks_{i}": _at(child, i) for i in range(depth)}
        else:
            out[name] = unstack(child) if isinstance(child, Mapping) else child
    return out


def as_in(params: PyTree, like: PyTree) -> PyTree:
    """`params` with layers stacked exactly where `like` has them stacked."""
    return stack(unstack(params), like)


def _layers(module: Any) -> list[str]:
    if not isinstance(module, Mapping):
        return []
    found = [name for name in module if _LAYER.match(name)]
    return sorted(found, key=lambda name: int(name.split("_")[1]))


def _joined(layers: list[Any]) -> Any:
    if isinstance(layers[0], Mapping):
        return {k: _joined([layer[k] for layer in layers]) for k in layers[0]}
    return np.stack([np.asarray(layer) for layer in layers])


def _at(tree: Any, i: int) -> Any:
    return {k: _at(v, i) for k, v in tree.items()} if isinstance(tree, Mapping) else _slice(tree, i)


def _slice(leaf: Any, i: int) -> Any:
    if hasattr(leaf, "__getitem__"):
        return leaf[i]
    return type(leaf)(leaf.shape[1:], leaf.dtype)  # a jax.ShapeDtypeStruct


def _depth(tree: Any) -> int:
    while isinstance(tree, Mapping):
        tree = next(iter(tree.values()))
    return int(tree.shape[0])
