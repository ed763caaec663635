"""Reading EMOTIC's Annotations.mat, and writing a small one for dummies."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import io

from affectjax.affect import vad
from affectjax.affect.labels import EMOTIC26
from tfds_builders import left_out, pictures

_NAMES = tuple(name.lower() for name in EMOTIC26.names)


@dataclass(frozen=True)
class Person:
    """One person of a scene; box as shares of the scene's width and height."""

    scene: str
    number: int
    box: np.ndarray
    categories: np.ndarray
    votes: np.ndarray
    raters: int
    vad: np.ndarray
    gender: str
    age: str


def read(path: pathlib.Path, splits: Sequence[str]) -> dict[str, list[Person]]:
    """The people of each split that have categories and VAD; how many have not is printed.

    In train one rater labelled each person; in val and test several, and the categories are the
    union of what they chose, VAD their mean, as the authors score them.

    Raises:
      ValueError: a damaged file, another structure, a category or a rating out of range.
    """
    try:
        mat = io.loadmat(path, simplify_cells=True)
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise ValueError(f"{path} is damaged or no MAT file: {error}") from error
    if absent := [split for split in splits if split not in mat]:
        raise ValueError(f"{path} is another version: it lacks {', '.join(absent)}")
    found = {}
    for split in splits:
        people = list(_people(path, split, _listed(mat[split])))
        found[split] = [person for person in people if person is not None]
        dropped = len(people) - len(found[split])
        left_out.count(
            dropped, f"people of {split} without VAD or categories left out of {len(found[split])}"
        )
    return found


def _people(path: pathlib.Path, split: str, scenes: Sequence[Any]) -> Iterator[Person | None]:
    for scene in scenes:
        try:
            name = f"{scene['folder']}/{scene['filename']}"
            if ".." in pathlib.PurePosixPath(name).parts or name.startswith("/"):
                raise ValueError(f"{name} leads outside")
            for number, told in enumerate(_listed(scene["person"])):
                yield _person(name, number, scene["image_size"], told)
        except (KeyError, TypeError, IndexError, ValueError) as error:
            where = scene.get("filename") if isinstance(scene, Mapping) else scene
            raise ValueError(f"{path}, {split}, scene {where!r}: {error!r}") from error


def _person(scene: str, number: int, size: Mapping[str, Any], told: Mapping[str, Any]) -> Any:
    several = "combined_categories" in told
    chosen = [_names_of(rater) for rater in _listed(told["annotations_categories"])]
    rated = told["combined_continuous"] if several else told["annotations_continuous"]
    native = np.array(list(rated.values())[:3] if isinstance(rated, Mapping) else [], float)
    if not any(chosen) or native.size != 3 or np.isnan(native).any():
        return None
    union = _listed(told["combined_categories"]) if several else chosen[0]
    votes = sum((_hot(names) for names in chosen), np.zeros(len(_NAMES)))
    return Person(
        scene,
        number,
        _box(told["body_bbox"], float(size["n_col"]), float(size["n_row"])),
        _hot(union).astype(np.float32),
        votes.astype(np.int32),
        len(chosen),
        np.asarray(vad.EMOTIC10.to_unit(native), np.float32),
        str(told["gender"]),
        str(told["age"]),
    )


def _names_of(rater: Any) -> list[str]:
    """The categories that a rater chose: the first field of the structure."""
    return _listed(next(iter(rater.values()))) if isinstance(rater, Mapping) else []


def _hot(names: Sequence[str]) -> np.ndarray:
    hot = np.zeros(len(_NAMES))
    for name in names:
        # One of the authors' pages spells it without the n.
        plain = str(name).lower().replace("disquitement", "disquietment")
        if plain not in _NAMES:
            raise ValueError(f"category {name!r} is not one of EMOTIC's 26")
        hot[_NAMES.index(plain)] = 1
    return hot


def _box(corners: Any, width: float, height: float) -> np.ndarray:
    """left, top, right, bottom as shares, cut to the scene."""
    left, top, right, bottom = (float(value) for value in corners)
    shares = np.array([left / width, top / height, right / width, bottom / height], np.float32)
    shares = np.clip(shares, 0, 1)
    if shares[0] >= shares[2] or shares[1] >= shares[3]:
        raise ValueError(f"box {list(corners)} has no area within {width:g} x {height:g} pixels")
    return shares


def _listed(value: Any) -> list[Any]:
    """MATLAB writes one thing and a list of one alike; an empty one is an empty array."""
    if isinstance(value, np.ndarray):
        return list(value.ravel())
    return list(value) if isinstance(value, list | tuple) else [value]


def make_dummy(folder: pathlib.Path) -> None:
    """Write small scenes and an Annotations.mat: one and two people, a NaN, several raters."""
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    mat = {}
    for s, split in enumerate(("train", "val", "test")):
        scenes = []
        for i in range(3):
            name = f"{split}_{i}.jpg"
            pictures.draw(folder / "emotic/mscoco/images" / name, 10 * s + i)
            people = [_dummy_person(split, i, j) for j in range(i % 2 + 1)]
            size = {"n_col": 16.0, "n_row": 16.0}
            scene = {"filename": name, "folder": "mscoco/images", "image_size": size}
            scenes.append({**scene, "person": _struct_array(people)})
        mat[split] = _struct_array(scenes)
    io.savemat(folder / "Annotations/Annotations.mat", mat)


def _dummy_person(split: str, scene: int, number: int) -> dict[str, Any]:
    def cell(*names: str) -> np.ndarray:
        return np.array(names, object)

    def rated(*values: float) -> dict[str, float]:
        return dict(zip(vad.DIMENSIONS, values, strict=True))

    arousal = float("nan") if (split, scene, number) == ("train", 1, 1) else 5.0
    first = {"categories": cell(EMOTIC26.names[scene].title(), "Engagement")}
    person: dict[str, Any] = {"body_bbox": np.array([-2.0, 1.0, 10.0, 15.0])}
    if split == "train":
        person |= {
            "annotations_categories": first,
            "annotations_continuous": rated(1.0 + scene, arousal, 10.0),
        }
    else:
        second = {"categories": cell("Engagement", "Doubt/Confusion")}
        person |= {
            "annotations_categories": _struct_array([first, second]),
            "combined_categories": cell(*first["categories"], "Doubt/Confusion"),
            "annotations_continuous": _struct_array([rated(4, 5, 6), rated(6, 5, 4)]),
            "combined_continuous": rated(5, 5, 5),
        }
    return {**person, "gender": "Female", "age": "Adult"}


def _struct_array(items: Sequence[Mapping[str, Any]]) -> np.ndarray:
    kind = np.dtype([(key, object) for key in items[0]])
    array = np.empty(len(items), kind)
    for i, item in enumerate(items):
        array[i] = tuple(item.values())
    return array
