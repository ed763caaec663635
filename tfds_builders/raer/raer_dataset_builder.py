"""RAER (Zhao et al. 2025) as TFDS: students in class, five emotions of learning."""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import RAER5
from affectjax.data import schema
from tfds_builders import pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = RAER5.names  # the numbers of the lists are one more
LISTS = {
    "train": "AcademicEmotion_train_set_5_new.txt",
    "test": "AcademicEmotion_test_set_5_new.txt",
}
FACES, BODIES = "face_detection_result.json", "body_detection_result.json"
OWN = {
    "face_boxes": "left, top, right, bottom of the face in each frame as shares, NaN where none",
    "body_box": "the same of the person in the whole clip, NaN where none",
}
Boxes = Mapping[str, Any]


@dataclass(frozen=True)
class Clip:
    """A line of a list: folder as it stands there, number of frames, label."""

    folder: str
    path: pathlib.Path
    count: int
    label: int


class Builder(ManualBuilder):
    """The published split train and test.

    `prefix` is what the paths of the lists and boxes begin with where they were made on another
    machine; it is cut off, and the rest lies below the manual directory.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Frames, labels, boxes."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Ask for RAER at github.com/zgsfer/RAER; put {', '.join(LISTS.values())}, {FACES}, "
        f"{BODIES} and the folders of frames into the manual directory."
    )

    def __init__(self, *args: Any, prefix: str = "", **kwargs: Any) -> None:
        self._prefix = prefix
        super().__init__(*args, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        own = {
            "face_boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
            "body_box": tfds.features.Tensor(shape=(4,), dtype=np.float32),
        }
        return self.described(
            {**features("frames emotion clip_id", said), **own},
            said,
            description="RAER: about 2,700 clips of 140 students, five academic emotions.",
            homepage="https://github.com/zgsfer/RAER",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, (*LISTS.values(), FACES, BODIES))
        found = {s: clips(root, root / name, self._prefix) for s, name in LISTS.items()}
        both = {c.folder for c in found["train"]} & {c.folder for c in found["test"]}
        if both:
            raise ValueError(f"{root}: {sorted(both)[0]} trains and tests")
        faces, bodies = boxes(root / FACES), boxes(root / BODIES)
        return {s: self._generate_examples(some, faces, bodies) for s, some in found.items()}

    def _generate_examples(
        self, some: Sequence[Clip], faces: Boxes, bodies: Boxes
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for clip in some:
            if clip.path.name in self._allowed:
                continue
            frames = pictures.frames(clip.path)
            if len(frames) != clip.count:
                raise ValueError(f"{clip.path}: {len(frames)} frames, its list says {clip.count}")
            files = sorted((p for p in clip.path.iterdir()), key=lambda p: int(p.stem))
            size = pictures.size(files[0])
            of_faces = faces.get(clip.folder, {})
            name = clip.folder.removeprefix(self._prefix).strip("/")
            where = f"boxes of {clip.folder}"
            yield (
                name,
                {
                    "frames": frames,
                    "emotion": clip.label,
                    "face_boxes": np.stack(
                        [shares(of_faces.get(p.name), size, where) for p in files]
                    ),
                    "body_box": shares(bodies.get(clip.folder), size, where),
                    "clip_id": name.encode(),
                },
            )


def clips(root: pathlib.Path, path: pathlib.Path, prefix: str) -> list[Clip]:
    """The lines "<folder of frames> <number> <label 1 to 5>" of a list.

    Raises:
      ValueError: a line of another form, a folder twice or outside of `root`, or another label.
    """
    columns, found = ("folder", "count", "label"), []
    options: dict[str, Any] = {"head": False, "delimiter": " ", "quoted": False}
    for row in tables.read(path, columns, unique="folder", **options):
        folder = row["folder"]
        if not folder.startswith(prefix):
            raise ValueError(f"{row.where}: {folder!r} does not begin with prefix {prefix!r}")
        if prefix == "" and folder.startswith("/"):
            raise ValueError(
                f"{row.where}: {folder!r} is a path of another machine; build with prefix=... "
                "naming the part to cut off"
            )
        place = pictured.inside(root, folder.removeprefix(prefix).strip("/"), row.where)
        label = row.whole("label", 1, len(EMOTIONS)) - 1
        found.append(Clip(folder, place, row.whole("count", 1), label))
    return found


def boxes(path: pathlib.Path) -> Boxes:
    """A file of boxes: {folder: {file: box}} of faces, {folder: box} of bodies.

    Raises:
      ValueError: no JSON, or not an object.
    """
    try:
        found = json.loads(tables.decoded(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON, perhaps cut off: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is no object of boxes by folder")
    return found


def shares(box: Any, size: tuple[int, int], where: str) -> np.ndarray:
    """[left, top, right, bottom] in pixels as shares of (width, height), cut at the borders.

    Raises:
      ValueError: not four numbers, or a box without area; says `where`.
    """
    if box is None:
        return np.full(4, np.nan, np.float32)
    try:
        values = np.asarray(box, np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape != (4,) or not np.isfinite(values).all():
        raise ValueError(f"{where}: {box!r} is not left, top, right, bottom")
    cut = np.clip(values / [*size, *size], 0, 1)
    if not (cut[0] < cut[2] and cut[1] < cut[3]):
        raise ValueError(f"{where}: {box!r} has no area in a picture of {size}")
    return cut.astype(np.float32)


def make_dummy(folder: pathlib.Path) -> None:
    """Write five clips of three frames a split, boxes of most, and the lists."""
    faces: dict[str, Any] = {}
    bodies: dict[str, Any] = {}
    for split, name in LISTS.items():
        lines = []
        for i in range(len(EMOTIONS)):
            clip = f"frames/{split}/{i:04}"
            for frame in range(3):
                pictures.draw(folder / clip / f"{frame + 1:05}.jpg", i)
            lines.append(f"{clip} 3 {i + 1}")
            faces[clip] = {f"{frame + 1:05}.jpg": [2, 2, 10.5, 12] for frame in (0, 2)}
            if i:
                bodies[clip] = [0, 1, 20, 16]  # beyond the right border
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, found in ((FACES, faces), (BODIES, bodies)):
        (folder / name).write_text(json.dumps(found), encoding="utf-8")
