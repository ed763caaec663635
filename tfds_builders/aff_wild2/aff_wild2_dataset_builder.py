"""Aff-Wild2 (Kollias & Zafeiriou 2019) as TFDS: aligned faces of web videos, three tracks."""

import functools
import os
import pathlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import AFFWILD8
from affectjax.data import schema
from tfds_builders import left_out, media, pictures, tables
from tfds_builders.manual import ManualBuilder, features, text

SPLITS = {"train": "Train_Set", "validation": "Validation_Set"}
UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
FACES = "cropped_aligned"
OWN = {"video": "name of the annotation, with _left or _right where two people are annotated"}
# Head line of the files of each track (expr is matched by its beginning: "Other" came later).
HEADS = {
    "va": ("valence,arousal",),
    "expr": (
        "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other",
        "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise",
    ),
    "au": (",".join(f"AU{unit}" for unit in UNITS),),
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`track`: va, expr or au; `folders`: what its folder is called in the editions."""

    track: str
    folders: tuple[str, ...]


class Builder(ManualBuilder):
    """The published splits train and validation; an example is a frame with an annotation."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Aligned faces of the three tracks."}
    BUILDER_CONFIGS = [
        Config(
            name="va",
            description="Valence and arousal.",
            track="va",
            folders=("VA_Estimation_Challenge", "VA_Set"),
        ),
        Config(
            name="expr",
            description="Eight expressions, the last one other.",
            track="expr",
            folders=("EXPR_Classification_Challenge", "EXPR_Recognition_Challenge", "EXPR_Set"),
        ),
        Config(
            name="au",
            description="Twelve action units.",
            track="au",
            folders=("AU_Detection_Challenge", "AU_Set"),
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for Aff-Wild2 at ibug.doc.ic.ac.uk/resources/aff-wild2 and unpack the annotations "
        "(such as VA_Estimation_Challenge/{Train_Set,Validation_Set}/) and cropped_aligned/."
    )
    SPREADS = True
    PART = 10  # videos, of about five thousand frames each

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(
            names={"emotion": AFFWILD8.names, "action_units": [f"AU{unit}" for unit in UNITS]},
            scale=vad.UNIT,
            rated=("valence", "arousal"),
            own={**OWN, "frame": "number of the frame, from 1"},
        )
        key = {"va": "vad", "expr": "emotion", "au": "action_units"}[self.builder_config.track]
        return self.described(
            {**features(f"face clip_id {key}", said), "video": text(), "frame": np.int64},
            said,
            description="Aff-Wild2: about 560 web videos annotated frame by frame.",
            homepage="https://ibug.doc.ic.ac.uk/resources/aff-wild2/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [FACES])
        config = self.builder_config
        found = [root / name for name in config.folders if (root / name).is_dir()]
        if len(found) != 1:
            raise FileNotFoundError(
                f"{root}: expected one of {', '.join(config.folders)}, found {len(found)}. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        files = {s: sorted((found[0] / name).glob("*.txt")) for s, name in SPLITS.items()}
        for split, some in files.items():
            if not some:
                raise FileNotFoundError(f"{found[0] / SPLITS[split]} holds no .txt")
        people = {s: {person_of(p.stem) for p in some} for s, some in files.items()}
        if shared := sorted(people["train"] & people["validation"]):
            raise ValueError(f"{found[0]}: {', '.join(shared[:5])} are in train and validation")
        self._tell_what_is_left_out(root, [path for some in files.values() for path in some])
        make = functools.partial(examples, str(root), config.track, self._allowed)
        return {s: self._generate_examples(some, make) for s, some in files.items()}

    def _generate_examples(self, files: Sequence[pathlib.Path], make: Any) -> Any:
        return self.spread(files, make)

    def _tell_what_is_left_out(self, root: pathlib.Path, files: Sequence[pathlib.Path]) -> None:
        """Frames without a face, and those that `allow_damaged` names, such as "1/00003"."""
        without, named = 0, dict[pathlib.Path, str]()
        for path in files:
            faces, absent = faces_of(root, self.builder_config.track, path)
            without += absent  # the detector of the authors found none
            if self._allowed:
                named |= {f: pictures.fault(f) for f in faces if name_of(f) in self._allowed}
        media.refuse_damaged(named, self._allowed, name_of)
        left_out.count(without, f"annotated frames have no face in {FACES} and were left out")


def examples(
    root: str, track: str, allowed: Collection[str], path: pathlib.Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The examples of a video's annotation, but for faces that are `allowed` to be damaged.

    Raises:
      ValueError: a damaged face; names it.
    """
    for face, labels in faces_of(pathlib.Path(root), track, path)[0].items():
        name = name_of(face)
        if name in allowed:
            continue
        if why := pictures.fault(face):
            raise ValueError(
                f"{face}: {why}. Replace it, or leave it out with allow_damaged=[{name!r}, ...]"
            )
        where = {"video": path.stem.encode(), "frame": int(face.stem), "clip_id": name.encode()}
        yield name, {"face": pictures.read(face), **labels, **where}


def faces_of(
    root: pathlib.Path, track: str, path: pathlib.Path
) -> tuple[dict[pathlib.Path, dict[str, Any]], int]:
    """Labels by face of a video's annotated frames, and how many of those have no face.

    Raises:
      FileNotFoundError: no folder of faces.
    """
    folder = root / FACES / path.stem
    if not folder.is_dir():
        raise FileNotFoundError(f"no faces of {path}: {folder}")
    there = set(os.listdir(folder))  # one look at the folder instead of one at each frame
    frames = {f"{number:05}.jpg": labels for number, labels in frames_of(path, track)}
    found = {folder / name: labels for name, labels in frames.items() if name in there}
    return found, len(frames) - len(found)


def name_of(face: pathlib.Path) -> str:
    """clip_id of a face: "<video>/00001"."""
    return f"{face.parent.name}/{face.stem}"


def person_of(stem: str) -> str:
    """The video of an annotation: its name without _left or _right."""
    return stem.removesuffix("_left").removesuffix("_right")


def frames_of(path: pathlib.Path, track: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number from 1, labels) of each annotated frame; -5 and -1 mean: not annotated.

    Raises:
      ValueError: another head line, or a line that is none of the track's; names file and line.
    """
    lines = tables.decoded(path).splitlines()
    head = lines[0].replace(" ", "") if lines else ""
    if head not in HEADS[track]:
        raise ValueError(f"{path}, line 1: {head!r} is not {HEADS[track][0]}: another track?")
    classes = len(HEADS["expr"][0].split(",")) if head == HEADS["expr"][0] else 7
    for number, line in enumerate(lines[1:], 1):
        where = f"{path}, line {number + 1}"
        try:
            values = np.array(line.split(","), np.float32)
        except ValueError:
            raise ValueError(f"{where}: {line!r} holds what is no number") from None
        labels = _labels(track, classes, values)
        if labels is None:
            raise ValueError(f"{where}: {line!r} is no annotation of the track {track}")
        if labels:
            yield number, labels


def _labels(track: str, classes: int, values: np.ndarray) -> dict[str, Any] | None:
    """Labels of a line; empty where it is not annotated, None where it is no line of the track."""
    if track == "va":
        if len(values) != 2:
            return None
        if (values == -5).any():
            return {}
        return {"vad": np.array([*values, np.nan], np.float32)} if abs(values).max() <= 1 else None
    if track == "expr":
        if len(values) != 1 or values[0] not in range(-1, classes):
            return None
        return {"emotion": int(values[0])} if values[0] >= 0 else {}
    if len(values) != len(UNITS) or not np.isin(values, (-1, 0, 1)).all():
        return None
    return {} if (values < 0).any() else {"action_units": values}


def make_dummy(folder: pathlib.Path) -> None:
    """Write three videos of five frames: a frame without face, and frames not annotated."""
    lines = {
        "va": ["0.5,-0.25", "-5,-5", "1,1", "-1,-1", "0,0"],
        "expr": ["0", "-1", "7", "3", "6"],
        "au": [",".join(["0", "1"] * 6), ",".join(["-1"] * 12), *[",".join(["1"] * 12)] * 3],
    }
    for video, split in (("1", "train"), ("2_left", "train"), ("3", "validation")):
        for number in (1, 2, 3, 5):
            pictures.draw(folder / FACES / video / f"{number:05}.jpg", number)
        for config in Builder.BUILDER_CONFIGS:
            path = folder / config.folders[0] / SPLITS[split] / f"{video}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            text_ = "\n".join([HEADS[config.track][0], *lines[config.track]])
            path.write_text(text_ + "\n", encoding="utf-8")
