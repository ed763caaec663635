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
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    said = repr(list(items)).encode()
    digest = hashlib.blake2b(said, digest_size=12, person=b"values, index").hexdigest()
    path = pathlib.Path(folder) / f"{digest}.part"
    if path.exists():
        print(f"part {number} of {count}: {len(items)} items were read before", flush=True)
    else:
        then = time.monotonic()
        path.parent.mkdir(parents=True, exist_ok=True)
        _store(path, (example for item in items for example in make(item)))
        took = time.monotonic() - then
        print(f"part {number} of {count}: {len(items)} items read in {took:.1f} s", flush=True)
    return _load(path)


def _store(path: pathlib.Path, examples: Iterable[tuple[str, Example]]) -> None:
    """Write all values end to end as they come, then their index in JSON and its length.

    No pickles, and one example in memory at a time.
    """
    index: list[Any] = []
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        for name, example in examples:
            told = {}
            for key, value in example.items():
                kind, extra, data = _coded(value)
                told[key] = [kind, extra, file.tell(), len(data)]
                file.write(data)
            index.append([name, told])
        head = json.dumps(index).encode()
        file.write(head + len(head).to_bytes(8, "little"))
    temporary.replace(path)


def _load(path: pathlib.Path) -> Iterator[tuple[str, Example]]:
    with path.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        length = int.from_bytes(file.read(8), "little")
        file.seek(-8 - length, os.SEEK_END)
        for name, told in json.loads(file.read(length)):
            example = {}
            for key, (kind, extra, at, size) in told.items():
                file.seek(at)
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
