"""EmoSet-118K (Yang et al. 2023) as TFDS: pictures with Mikels' emotions and six attributes."""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import MIKELS8
from affectjax.data import schema
from tfds_builders import media, pictures, tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = MIKELS8.names
SPLITS = {"train": "train.json", "validation": "val.json", "test": "test.json"}
OWN = {
    "brightness": "0.0 to 1.0 in steps of 0.1; -1 where it was not annotated",
    "colorfulness": "0.0 to 1.0 in steps of 0.1; -1 where it was not annotated",
    "scene": "name of the scene; empty where it was not annotated",
    "facial_expression": "angry, disgust, fear, happy, sad or surprise; empty where not annotated",
    "human_action": "name of the action; empty where it was not annotated",
    "objects": "names of the objects; none where they were not annotated",
}


@dataclass(frozen=True)
class Item:
    """A line of a list: emotion, id, and where picture and annotation lie."""

    emotion: str
    name: str
    image: pathlib.Path
    annotation: pathlib.Path


class Builder(ManualBuilder):
    """The published splits train, validation and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures, emotions, attributes."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get EmoSet-118K by vcc.tech/EmoSet and unpack it: train.json, val.json, test.json, "
        "image/ and annotation/."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        own: dict[str, Any] = dict.fromkeys(("brightness", "colorfulness"), np.float32)
        own |= {key: text() for key in ("scene", "facial_expression", "human_action")}
        own["objects"] = tfds.features.Tensor(shape=(None,), dtype=np.object_)
        return self.described(
            {**features("image emotion clip_id", said), **own},
            said,
            description="EmoSet-118K: 118,102 pictures, eight emotions, six attributes.",
            homepage="https://vcc.tech/EmoSet",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, (*SPLITS.values(), "image", "annotation"))
        found = {split: items(root / name) for split, name in SPLITS.items()}
        everything = [item for some in found.values() for item in some]
        media.refuse_damaged({i.image: pictures.fault(i.image) for i in everything}, self._allowed)
        return {
            split: self._generate_examples([i for i in some if i.image.stem not in self._allowed])
            for split, some in found.items()
        }

    def _generate_examples(self, some: Sequence[Item]) -> Any:
        return self.spread(some, example)


def example(item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of a line of a list."""
    labels, image = attributes(item.annotation), pictures.read(item.image)
    told = {"image": image, "emotion": item.emotion, "clip_id": item.name.encode()}
    yield item.name, {**told, **labels}


def items(path: pathlib.Path) -> list[Item]:
    """The lines [emotion, id, picture, annotation] of a list.

    Raises:
      ValueError: no JSON, a line of another form, another emotion, a path that leaves the folder,
        or an id twice.
    """
    try:
        lines = json.loads(tables.decoded(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON, perhaps cut off: {error}") from error
    found: dict[str, Item] = {}
    for number, line in enumerate(lines):
        if not (
            isinstance(line, list) and len(line) == 4 and all(isinstance(x, str) for x in line)
        ):
            raise ValueError(f"{path}, entry {number}: {line!r} is not [emotion, id, image, json]")
        emotion, name, image, annotation = line
        if emotion not in EMOTIONS:
            raise ValueError(
                f"{path}, entry {number}: {emotion!r} is not one of {', '.join(EMOTIONS)}"
            )
        inside = [(path.parent / part).resolve() for part in (image, annotation)]
        if not all(place.is_relative_to(path.parent.resolve()) for place in inside):
            raise ValueError(f"{path}, entry {number}: {image!r} or {annotation!r} leads outside")
        if name in found:
            raise ValueError(f"{path}, entry {number}: id {name!r} is there twice")
        found[name] = Item(emotion, name, path.parent / image, path.parent / annotation)
    return list(found.values())


def attributes(path: pathlib.Path) -> dict[str, Any]:
    """The six attributes of an annotation; a key that is absent was not annotated.

    Raises:
      ValueError: absent, no JSON, or a value of another kind; names the file.
    """
    try:
        told: Mapping[str, Any] = json.loads(tables.decoded(path))
        numbers = {k: float(told.get(k, -1)) for k in ("brightness", "colorfulness")}
        # Names are stripped: one of the list of actions ends in a blank.
        words = {
            k: str(told.get(k, "")).strip().encode()
            for k in ("scene", "facial_expression", "human_action")
        }
        objects = [str(name).strip().encode() for name in told.get("object", [])]
    except (ValueError, TypeError, AttributeError, FileNotFoundError) as error:
        raise ValueError(f"{path} is absent or damaged: {error}") from error
    bad = {k: v for k, v in numbers.items() if v != -1 and not 0 <= v <= 1}
    if bad:
        raise ValueError(f"{path}: {bad} is not in [0, 1]")
    floats = {k: np.float32(v) for k, v in numbers.items()}
    return {**floats, **words, "objects": np.array(objects, object)}


def make_dummy(folder: pathlib.Path) -> None:
    """Write two small pictures a class and split, one with attributes and one without."""
    for split, file in SPLITS.items():
        lines = []
        for label, emotion in enumerate(EMOTIONS):
            for i in range(2):
                name = f"{emotion}_{split}{i}"
                image, annotation = (
                    f"image/{emotion}/{name}.jpg",
                    f"annotation/{emotion}/{name}.json",
                )
                pictures.draw(folder / image, 10 * label + i)
                told: dict[str, Any] = {"image_id": name, "emotion": emotion}
                if i:
                    told |= {"brightness": 0.3, "colorfulness": 1.0, "scene": "beach"}
                    told |= {"human_action": "boxing ", "object": ["Dog", "Ball"]}
                (folder / annotation).parent.mkdir(parents=True, exist_ok=True)
                (folder / annotation).write_text(json.dumps(told), encoding="utf-8")
                lines.append([emotion, name, image, annotation])
        (folder / file).write_text(json.dumps(lines), encoding="utf-8")
