"""A large build in parts, so that one that was killed goes on: what is read once, stays read.

Reading is what costs (decoding, finding faces, a slow disk); each part's examples are written to a
file of their own as soon as they are made, whole or not at all, and a later build takes them from
there. The file's name is a hash of the part's items.
"""

import hashlib
import itertools
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
    path = pathlib.Path(folder) / f"{digest}.npz"
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
    """Write examples without pickles: bytes, lists of bytes, and arrays of numbers."""
    arrays: dict[str, np.ndarray] = {}
    for i, (name, example) in enumerate(examples):
        arrays[f"{i}/name"] = _of_bytes(name.encode())
        for key, value in example.items():
            if isinstance(value, bytes):
                arrays[f"{i}/bytes/{key}"] = _of_bytes(value)
            elif np.asarray(value).dtype == object:
                pieces = list(np.asarray(value, object).ravel())
                arrays[f"{i}/sizes/{key}"] = np.array([len(piece) for piece in pieces], np.int64)
                arrays[f"{i}/list/{key}"] = _of_bytes(b"".join(pieces))
            else:
                arrays[f"{i}/array/{key}"] = np.asarray(value)
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(path)


def _load(path: pathlib.Path) -> Iterator[tuple[str, Example]]:
    with np.load(path, allow_pickle=False) as held:
        names = [key for key in held.files if key.endswith("/name") and key.count("/") == 1]
        of: dict[str, list[str]] = {name.split("/")[0]: [] for name in names}
        for key in held.files:
            number, kind, *_ = key.split("/")
            if kind not in ("name", "sizes"):
                of[number].append(key)
        for number, keys in of.items():
            example = {}
            for key in keys:
                _, kind, name = key.split("/", 2)
                value = held[key]
                if kind == "bytes":
                    example[name] = value.tobytes()
                elif kind == "list":
                    example[name] = _pieces(value.tobytes(), held[f"{number}/sizes/{name}"])
                else:
                    example[name] = value[()]
            yield held[f"{number}/name"].tobytes().decode(), example


def _pieces(data: bytes, sizes: np.ndarray) -> np.ndarray:
    ends = np.cumsum([0, *sizes])
    out = np.empty(len(sizes), object)
    out[:] = [data[a:b] for a, b in itertools.pairwise(ends)]
    return out


def _of_bytes(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)
