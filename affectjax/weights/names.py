"""State dicts of other projects <-> our parameters, by a table of names for each family.

A table turns our path into their name by ordered substitutions. Their name may end in
"#part": then the arrays of all parts, in order, are stacked on their first axis there, as
torch stacks queries, keys and values ("attn.qkv.weight#0", "#1", "#2").
"""

import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from flax import traverse_util

PyTree = Any
StateDict = dict[str, np.ndarray]


@dataclass(frozen=True)
class Layout:
    """How an array of theirs becomes ours, and back."""

    to_ours: Callable[[np.ndarray], np.ndarray]
    to_theirs: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Table:
    """How one family names and lays out what we hold.

    Attributes:
      rules: ordered (pattern, replacement) on our path "blocks_0/attn/q/kernel"; all are tried.
      as_is: pattern of *their* names whose arrays are laid out as ours. Other kernels are torch's:
        (out, in), (out, in, rows, columns), ...
      columns: pattern of *their* names whose parts lie side by side on the last axis (GPT-2).
      leading: pattern of their names -> number of axes of length 1 before ours.
      layouts: pattern of their names -> another layout.
      ignored: pattern of their names that are no parameters (buffers).
    """

    rules: Sequence[tuple[str, str]]
    as_is: str = "(?!)"
    columns: str = "(?!)"
    leading: Mapping[str, int] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    ignored: str = "(?!)"

    def name(self, path: str) -> str:
        """Their name of our path, perhaps with "#part"."""
        for pattern, replacement in self.rules:
            path = re.sub(pattern, replacement, path)
        return path.replace("/", ".")

    def axis(self, name: str) -> int:
        """The axis of theirs on which parts lie."""
        return -1 if re.search(self.columns, name) else 0

    def to_ours(self, path: str, name: str, array: np.ndarray) -> np.ndarray:
        """Their array (of one part) as ours."""
        if layout := _first(self.layouts, name):
            return layout.to_ours(array)
        array = array.reshape(array.shape[_first(self.leading, name) or 0 :])
        if self._turned(path, name, array):
            return np.ascontiguousarray(array.transpose((*range(2, array.ndim), 1, 0)))
        return array

    def to_theirs(self, path: str, name: str, array: np.ndarray) -> np.ndarray:
        """The inverse of `to_ours`."""
        if layout := _first(self.layouts, name):
            return layout.to_theirs(array)
        if self._turned(path, name, array):
            order = (array.ndim - 1, array.ndim - 2, *range(array.ndim - 2))
            array = np.ascontiguousarray(array.transpose(order))
        return array.reshape((1,) * (_first(self.leading, name) or 0) + array.shape)

    def _turned(self, path: str, name: str, array: np.ndarray) -> bool:
        kernel = path.rpartition("/")[2] == "kernel" and array.ndim > 1
        return kernel and not re.search(self.as_is, name)


def to_params(
    state_dict: Mapping[str, np.ndarray],
    params: PyTree,
    table: Table,
    place: Callable[[np.ndarray], Any] = lambda array: array,
) -> PyTree:
    """Parameters shaped like `params` from another project's state dict.

    Each goes through `place` as soon as it is read: with `files.OnDisk` and `jax.device_put` no
    more than one array is held twice.

    Raises:
      ValueError: a name without a place here, a parameter without a name there, a shape that
        differs, or a dtype that would lose precision; all are listed.
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    parts = _parts(flat, table)
    faults = [f"missing {name}" for name in parts if name not in state_dict]
    faults += [
        f"unused {name}"
        for name in state_dict
        if name not in parts and not re.search(table.ignored, name)
    ]
    if faults:
        raise _misfit(faults)
    new = {}
    for name, paths in parts.items():
        given = np.asarray(state_dict[name])
        axis = table.axis(name)
        if given.ndim and given.shape[axis] % len(paths):
            faults.append(f"{name} of {given.shape} is not {len(paths)} arrays: {paths}")
            continue
        pieces = np.split(given, len(paths), axis) if len(paths) > 1 else [given]
        for path, piece in zip(paths, pieces, strict=True):
            ours, like = table.to_ours(path, name, piece), flat[path]
            differs = _differs(name, path, ours, like)
            faults += differs
            if not differs:
                new[path] = place(ours.astype(like.dtype, copy=False))
    if faults:
        raise _misfit(faults)
    return traverse_util.unflatten_dict({path: new[path] for path in flat}, sep="/")


def fitted(
    path: str | pathlib.Path,
    state_dict: Mapping[str, np.ndarray],
    model: Any,
    inputs: Sequence[Any],
    table: Table,
) -> PyTree:
    """Parameters of a Flax model that is called with `inputs`, from the state dict of a file.

    Raises:
      ValueError: as `to_params`; it names the file.
    """
    like = jax.eval_shape(lambda: model.init(jax.random.key(0), *inputs))["params"]
    try:
        return to_params(state_dict, like, table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def to_state_dict(params: PyTree, table: Table) -> StateDict:
    """The other project's state dict of our parameters; the inverse of `to_params`."""
    flat = traverse_util.flatten_dict(params, sep="/")
    out = {}
    for name, paths in _parts(flat, table).items():
        pieces = [table.to_theirs(path, name, np.asarray(flat[path])) for path in paths]
        joined = len(pieces) > 1
        out[name] = np.concatenate(pieces, table.axis(name)) if joined else pieces[0]
    return out


def _first(table: Mapping[str, Any], name: str) -> Any:
    return next((v for pattern, v in table.items() if re.search(pattern, name)), None)


def _parts(flat: Mapping[str, Any], table: Table) -> dict[str, list[str]]:
    """Their names, without parts, and our paths that make up each, in the order of the parts."""
    found: dict[str, list[tuple[int, str]]] = {}
    for path in flat:
        name, _, part = table.name(path).partition("#")
        found.setdefault(name, []).append((int(part or 0), path))
    doubled = [n for n, p in found.items() if sorted(i for i, _ in p) != list(range(len(p)))]
    if doubled:
        raise ValueError(f"several of our parameters have one name in the table: {doubled}")
    return {name: [path for _, path in sorted(places)] for name, places in found.items()}


def _differs(name: str, path: str, array: np.ndarray, like: Any) -> list[str]:
    if array.shape != tuple(like.shape):
        return [f"shape of {name}: {array.shape} (as we lay it out), here {like.shape} as {path}"]
    if not np.can_cast(array.dtype, like.dtype, "safe"):
        return [f"dtype of {name}: {array.dtype} does not fit into {like.dtype} of {path}"]
    return []


def _misfit(faults: Sequence[str]) -> ValueError:
    return ValueError("the state dict does not fit the model:\n  " + "\n  ".join(faults))
