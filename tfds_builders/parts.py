"""A large build in parts, so that one that was killed goes on: what is read once, stays read.

Reading is what costs (decoding, finding faces, a slow disk); each part's examples are written to a
file of their own as soon as they are made, whole or not at all, and a later build takes them from
there. The file's name is a hash of the part's items.
"""

import hashlib
import itertools
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Example = dict[str, Any]
Make = Callable[[Any], Iterator[tuple[str, Example]]]
Part = tuple[int, int, Sequence[Any]]  # number from 1, how many there are, items


def cut(items: Sequence[Any], size: int) -> list[Part]:
    """The items in parts of `size`, the last one perhaps shorter.

    >>> cut("abcde", 2)
    [(1, 3, 'ab'), (2, 3, 'cd'), (3, 3, 'e')]
    """
    starts = range(0, len(items), size)
    return [(n, len(starts), items[start : start + size]) for n, start in enumerate(starts, 1)]


def kept(folder: str, make: Make, part: Part) -> Iterator[tuple[str, Example]]:
    """The examples of a part, from its file where there is one, else made and written there.

    Progress is printed. A function of its arguments alone, so that Beam can send it.
    """
    number, count, items = part
    digest = hashlib.blake2b(repr(list(items)).encode(), digest_size=12).hexdigest()
    path = pathlib.Path(folder) / f"{digest}.part"
    if path.exists():
        print(f"part {number} of {count}: {len(items)} items were read before", flush=True)
    else:
        then = time.monotonic()
        path.parent.mkdir(parents=True, exist_ok=True)
        _store(path, [example for item in items for example in make(item)])
        took = time.monotonic() - then
        print(f"part {number} of {count}: {len(items)} items read in {took:.1f} s", flush=True)
    return _load(path)


def _store(path: pathlib.Path, examples: Sequence[tuple[str, Example]]) -> None:
    """Write an index in JSON, its length before it, and all values end to end; no pickles."""
    index: list[Any] = []
    values: list[bytes] = []
    at = 0
    for name, example in examples:
        told = {}
        for key, value in example.items():
            kind, extra, data = _coded(value)
            told[key] = [kind, extra, at, len(data)]
            values.append(data)
            at += len(data)
        index.append([name, told])
    head = json.dumps(index).encode()
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.writelines(values)
    temporary.replace(path)


def _load(path: pathlib.Path) -> Iterator[tuple[str, Example]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        index = json.loads(file.read(length))
        for name, told in index:
            example = {}
            for key, (kind, extra, at, size) in told.items():
                file.seek(8 + length + at)
                example[key] = _decoded(kind, extra, file.read(size))
            yield name, example


def _coded(value: Any) -> tuple[str, Any, bytes]:
    """Kind, what is needed beside the bytes, and the bytes of a value of an example."""
    if isinstance(value, bytes):
        return "bytes", None, value
    array = np.asarray(value)
    if array.dtype == object:
        pieces = list(array.ravel())
        return "list", [len(piece) for piece in pieces], b"".join(pieces)
    return "array", [array.dtype.str, list(array.shape)], array.tobytes()


def _decoded(kind: str, extra: Any, data: bytes) -> Any:
    if kind == "bytes":
        return data
    if kind == "array":
        return np.frombuffer(data, extra[0]).reshape(extra[1]).copy()[()]
    ends = np.cumsum([0, *extra])
    out = np.empty(len(extra), object)
    out[:] = [data[a:b] for a, b in itertools.pairwise(ends)]
    return out
