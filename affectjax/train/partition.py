"""How parameters are split over the mesh: ordered rules on their paths, presets, and a table.

A rule is [pattern, how]; the first whose regular expression is found in a parameter's path
"encoder/blocks_0/attn/qkv/kernel" decides. `how` is

  "replicate"  every chip holds the whole array;
  "fsdp"       arrays of at least 2**16 numbers are split over the axis fsdp, on the largest
               dimension but the last that it divides into whole tiles of a TPU's memory, else on
               the last, else on the largest that it divides; smaller ones are replicated;
  a list       an axis, a list of axes, or None for each of the *last* dimensions, so a rule
               also fits layers that a scan has stacked. An axis that does not divide its
               dimension is dropped (a head of 7 classes on 8 chips).

The config's own rules stand in front of the preset's.
"""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from affectjax.train import shard

PyTree = Any
How = str | Sequence[Any]
Rule = tuple[str, How]
SMALL = 2**16
# Of the last two dimensions in bfloat16. Split on the last one, libtpu 0.0.42.1 scatters gradients
# of some shapes only (8 parts of 1024 x 4096, not of 1024 x 3072) and sums the others whole on
# every chip.
TILE = (16, 128)

# Column-parallel, then row-parallel layers (Shoeybi et al. 2019, arXiv 1909.08053): between the
# two, each chip of the tensor axis holds some of the heads or of the hidden units.
_TENSOR: tuple[Rule, ...] = (
    (r"attn/(qkv|kv|[qkv])/kernel$", ("fsdp", "tensor")),
    (r"mlp/fc1/kernel$", ("fsdp", "tensor")),
    (r"mlp/fc1/bias$", ("tensor",)),
    (r"attn/([qkv]/|[qv]_)bias$", ("tensor",)),
    (r"(attn/proj|mlp/fc2)/kernel$", ("tensor", "fsdp")),
)
# name: (rules, what holds for a parameter that no rule names)
PRESETS: Mapping[str, tuple[tuple[Rule, ...], str]] = {
    "replicated": ((), "replicate"),
    "fsdp": ((), "fsdp"),
    "fsdp_tensor": (_TENSOR, "fsdp"),
}


def param_shardings(params: PyTree, mesh: Mesh | AbstractMesh, sharding: Any) -> PyTree:
    """A NamedSharding for each parameter, by `config.sharding` = {preset, rules}.

    Raises:
      ValueError: no such preset; a rule that decides about no parameter, with the nearest paths;
        a rule that is not as above; a preset that splits over an axis of size 1 on many devices.
    """
    own = [(pattern, how) for pattern, how in sharding["rules"]]
    preset, default = _preset(sharding["preset"], mesh)
    leaves, tree = jax.tree_util.tree_flatten_with_path(params)
    paths = [_path(p) for p, _ in leaves]
    used: set[int] = set()
    placed = []
    for path, (_, leaf) in zip(paths, leaves, strict=True):
        index, how = _first([*own, *preset], path, default)
        used.add(index)
        placed.append(NamedSharding(mesh, _spec(how, leaf.shape, mesh)))
    idle = [pattern for i, (pattern, _) in enumerate(own) if i not in used]
    if idle:
        raise ValueError(
            f"config.sharding.rules: {idle} decide about no parameter; near: "
            f"{', '.join(near(idle[0], paths))}. Remove or mend the rule (an earlier one may "
            "have taken all that it matches)"
        )
    return jax.tree_util.tree_unflatten(tree, placed)


def state_shardings(state: PyTree, params: PyTree) -> PyTree:
    """A sharding for each leaf of a state; `params` holds those of its `params`.

    Optimiser moments, averages and accumulated gradients have the path of their parameter as the
    end of their own, and its shape, and follow it; all else (counters) is replicated.
    """
    shapes = {_path(p): leaf.shape for p, leaf in _flat(state.params)}
    places = {_path(p): place for p, place in _flat(params)}
    mesh = next(iter(places.values())).mesh

    def place(path: Any, leaf: Any) -> NamedSharding:
        names = _path(path).split("/")
        for i in range(len(names)):
            name = "/".join(names[i:])
            if name in places and shapes[name] == leaf.shape:
                return places[name]
        return shard.replicated(mesh)

    return jax.tree_util.tree_map_with_path(place, state)


def bytes_per_chip(tree: PyTree) -> int:
    """Bytes of one chip's part of a tree of (abstract) arrays with shardings."""
    return sum(_bytes(leaf) for leaf in jax.tree.leaves(tree))


def by_memory(tree: PyTree) -> tuple[list[Any], list[Any]]:
    """Leaves, with shardings, that live on the chips, and those in the memory of the hosts."""
    near: list[Any] = []
    far: list[Any] = []
    for leaf in jax.tree.leaves(tree):
        (far if leaf.sharding.memory_kind == "pinned_host" else near).append(leaf)
    return near, far


def table(state: PyTree, mesh: Mesh | AbstractMesh, preset: str) -> str:
    """Parameter -> sharding -> bytes per chip, of an abstract state with shardings.

    Rows that differ only in a number, the blocks of a stack, are one row with their count.
    """
    rows: dict[tuple[str, str, str], list[int]] = {}
    for path, leaf in _flat(state.params):
        name = re.sub(r"_\d+", "_*", _path(path))
        shape = "x".join(map(str, leaf.shape)) or "scalar"
        key = (name, f"{shape} {leaf.dtype}", spec_text(leaf.sharding.spec))
        rows.setdefault(key, []).append(_bytes(leaf))
    sizes = ", ".join(f"{k} {v}" for k, v in mesh.shape.items() if v > 1) or "1 chip"
    lines = [
        f"mesh: {sizes}; preset {preset}: what no rule names is "
        + {"replicate": "replicated", "fsdp": "split over fsdp where large"}[PRESETS[preset][1]],
        f"{'parameter':<56} {'count':>5} {'shape':<24} {'sharding':<22} {'bytes/chip':>13}",
    ]
    for (name, shape, spec), sizes_ in rows.items():
        lines.append(f"{name:<56} {len(sizes_):>5} {shape:<24} {spec:<22} {sum(sizes_):>13,}")
    parts = {
        "parameters": state.params,
        "optimiser state": state.opt_state,
        "average (EMA)": state.ema,
    }
    lines += [f"{k:<110} {bytes_per_chip(v):>13,}" for k, v in parts.items()]
    return "\n".join([*lines, f"{'state':<110} {bytes_per_chip(state):>13,}", ""])


def spec_text(spec: PartitionSpec) -> str:
    """A partition spec as written in the table.

    >>> spec_text(PartitionSpec(None, ("data", "fsdp"))), spec_text(PartitionSpec())
    ('- x data.fsdp', 'replicated')
    """
    if not any(spec):
        return "replicated"
    names = ["-" if a is None else a if isinstance(a, str) else ".".join(a) for a in spec]
    return " x ".join(names)


def near(pattern: str, paths: Sequence[str], count: int = 3) -> list[str]:
    """The paths nearest to a pattern that matches none."""
    words = {w for w in re.findall(r"\w+", pattern) if len(w) > 1}
    parts = {part for path in paths for part in path.split("/")}
    wanted = {p for w in words for p in difflib.get_close_matches(w, parts, n=2)}

    def score(path: str) -> tuple[int, float]:
        ratio = difflib.SequenceMatcher(None, pattern, path).ratio()
        return (len(wanted & set(path.split("/"))), ratio)

    return sorted(dict.fromkeys(paths), key=score, reverse=True)[:count]


def fitted(how: Sequence[Any], shape: Sequence[int], mesh: Mesh | AbstractMesh) -> PartitionSpec:
    """A spec of the axes that divide their dimensions; `how` and `shape` are equally long.

    Raises:
      ValueError: an axis that the mesh lacks.
    """
    fits = []
    for axes, size in zip(how, shape, strict=True):
        names = () if axes is None else (axes,) if isinstance(axes, str) else tuple(axes)
        unknown = [name for name in names if name not in mesh.shape]
        if unknown:
            allowed = ", ".join(shard.AXES)
            raise ValueError(f"config.sharding: {unknown} are no mesh axes; there are {allowed}")
        parts = math.prod(mesh.shape[name] for name in names)
        keep = names and parts > 1 and size % parts == 0
        fits.append(None if not keep else names[0] if len(names) == 1 else names)
    return PartitionSpec(*fits)


def _preset(name: str, mesh: Mesh | AbstractMesh) -> tuple[tuple[Rule, ...], str]:
    if name not in PRESETS:
        raise ValueError(f"config.sharding.preset = {name!r}; presets: {', '.join(PRESETS)}")
    if name == "fsdp" and mesh.size > 1 and mesh.shape["fsdp"] == 1:
        raise ValueError(
            "config.sharding.preset = 'fsdp' splits over the mesh axis fsdp, which has size 1: "
            "set --config.mesh.data=1 --config.mesh.fsdp=-1"
        )
    if name == "fsdp_tensor" and mesh.size > 1 and mesh.shape["tensor"] == 1:
        raise ValueError(
            "config.sharding.preset = 'fsdp_tensor' splits over the mesh axis tensor, which has "
            "size 1: set --config.mesh.tensor, or the preset fsdp"
        )
    return PRESETS[name]


def _first(rules: Sequence[Rule], path: str, default: How) -> tuple[int, How]:
    for i, (pattern, how) in enumerate(rules):
        if re.search(pattern, path):
            return i, how
    return -1, default


def _spec(how: How, shape: tuple[int, ...], mesh: Mesh | AbstractMesh) -> PartitionSpec:
    if how == "replicate":
        return PartitionSpec()
    if how == "fsdp":
        return _fsdp(shape, mesh)
    if isinstance(how, str):
        raise ValueError(f"config.sharding: {how!r} is neither 'replicate', 'fsdp' nor axes")
    if len(how) > len(shape):
        raise ValueError(f"config.sharding: {list(how)} names more dimensions than {shape} has")
    ahead = [None] * (len(shape) - len(how))
    return fitted([*ahead, *how], shape, mesh)


def _fsdp(shape: tuple[int, ...], mesh: Mesh | AbstractMesh) -> PartitionSpec:
    parts, last = mesh.shape["fsdp"], len(shape) - 1
    divisible = [i for i, size in enumerate(shape) if size % parts == 0]
    if math.prod(shape) < SMALL or not divisible or parts == 1:
        return PartitionSpec()

    def rank(i: int) -> tuple[bool, bool, int]:
        tile = {last: TILE[1], last - 1: TILE[0]}.get(i, 1)
        whole = shape[i] // parts % tile == 0
        return whole, whole and i != last, shape[i]

    chosen = max(divisible, key=rank)
    return PartitionSpec(*["fsdp" if i == chosen else None for i in range(len(shape))])


def _bytes(leaf: Any) -> int:
    return math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize


def _flat(tree: PyTree) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def _path(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
