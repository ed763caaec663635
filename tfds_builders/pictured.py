"""Sets of pictures whose labels stand in a table: check every file once, then store each item."""

import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfds_builders import media, pictures


@dataclass(frozen=True)
class Item:
    """A picture, its clip_id (unique in the dataset) and what is stored beside it."""

    path: pathlib.Path
    name: str
    labels: Mapping[str, Any] = field(default_factory=dict)


def checked(found: Mapping[str, Sequence[Item]], allowed: Collection[str]) -> dict[str, list[Item]]:
    """The items of each split whose pictures are whole.

    Raises:
      ValueError: absent or damaged pictures that are not `allowed` to be left out, all listed.
    """
    paths = dict.fromkeys(item.path for items in found.values() for item in items)
    media.refuse_damaged({path: pictures.fault(path) for path in paths}, allowed)
    return {s: [i for i in items if i.path.stem not in allowed] for s, items in found.items()}


def examples(items: Sequence[Item], key: str = "image") -> Iterator[tuple[str, dict[str, Any]]]:
    """The picture under `key`, clip_id and the labels of each item."""
    return (example for item in items for example in one(item, key))


def one(item: Item, key: str = "image") -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of one item, a function of it alone, which Beam can send."""
    picture = pictures.read(item.path)
    yield item.name, {key: picture, "clip_id": item.name.encode(), **item.labels}


def inside(root: pathlib.Path, name: str, where: str) -> pathlib.Path:
    """The file `name` below `root`.

    Raises:
      ValueError: a name that leads outside of `root`, such as "../x" or "/x"; says `where`.
    """
    path = (root / name).resolve()
    if not name or not path.is_relative_to(root.resolve()):
        raise ValueError(f"{where}: {name!r} leads outside of {root}")
    return root / name
