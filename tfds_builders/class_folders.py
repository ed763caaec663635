"""Sets whose labels are the folders that the pictures lie in."""

import pathlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tfds_builders import media, pictures

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")
Items = list[tuple[pathlib.Path, int]]


def items(root: pathlib.Path, folders: Sequence[str], allowed: Collection[str] = ()) -> Items:
    """Every picture below the class folders of `root`, in order of name, with its class.

    Raises:
      FileNotFoundError: a class folder is absent.
      ValueError: a folder that is no class, an empty one, a file that is no picture by its name,
        or damaged pictures that are not `allowed` to be left out; all listed.
    """
    absent = [name for name in folders if not (root / name).is_dir()]
    if absent:
        raise FileNotFoundError(f"{root} lacks the class folders {', '.join(absent)}")
    others = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name not in folders)
    if others:
        raise ValueError(f"{root} has folders that are no class: {', '.join(others)}")
    found: Items = []
    for label, name in enumerate(folders):
        files = sorted(p for p in (root / name).iterdir() if not p.name.startswith("."))
        odd = [p.name for p in files if p.suffix.lower() not in ENDINGS]
        if odd or not files:
            raise ValueError(f"{root / name} holds {odd or 'nothing'}, not only pictures")
        found += [(path, label) for path in files]
    media.refuse_damaged({path: pictures.fault(path) for path, _ in found}, allowed)
    return [(path, label) for path, label in found if path.stem not in allowed]


def examples(found: Items, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """image, emotion and clip_id ("<prefix><class>/<file>") of each item."""
    for path, label in found:
        name = f"{prefix}{path.parent.name}/{path.name}"
        yield (
            name,
            {"image": pictures.read(path), "emotion": label, "clip_id": name.encode()},
        )


def draw(root: pathlib.Path, folders: Sequence[str], count: int, ending: str) -> None:
    """Write `count` small pictures a class; for dummies."""
    for label, name in enumerate(folders):
        for i in range(count):
            pictures.draw(root / name / f"{name.lower()}_{i:04}{ending}", 10 * label + i)
