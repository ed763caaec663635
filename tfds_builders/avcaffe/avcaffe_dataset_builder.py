"""AVCAffe (Sarkar et al. 2023) as TFDS: remote work by video call, affect and cognitive load."""

import pathlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import AVCAFFE_AROUSAL5, AVCAFFE_VALENCE5
from affectjax.data import schema
from tfds_builders import faces, left_out, media, tables
from tfds_builders.manual import ManualBuilder, features, text

SPACES = {"arousal": AVCAFFE_AROUSAL5, "valence": AVCAFFE_VALENCE5}
LOADS = ("mental_demand", "effort", "temporal_demand")
MOST = 21  # of a load
TRUTHS, SEGMENTS, SILENT = "ground_truths", "videos/shorter_segments", "info/no_audio_files.txt"
# The participants that the authors' loader validates on; published scores are on them.
VALIDATION = (1, 2, 13, 14, 43, 44, 53, 54, 57, 58, 63, 64, 67, 68, 77, 78, 99, 100, 107, 108)
FPS, SIDE = 25.0, 160
OWN = {
    "task": "participant and task that the person rated, such as aiim001_task_1",
    **dict.fromkeys(LOADS, "0 to 21 by self-report, as in NASA-TLX"),
}
_TASK = re.compile(r"aiim(\d{3})_task_\d+")


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`target`: arousal or valence, five classes each; `frames`: store faces, too."""

    target: str = "arousal"
    frames: bool = False


class Builder(ManualBuilder):
    """The authors' train and validation participants; segments without speech are left out."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sound, faces, self-reports of the task."}
    BUILDER_CONFIGS = [
        Config(name="arousal", description="Sound; arousal of the task in five classes."),
        Config(name="valence", description="Sound; valence in five classes.", target="valence"),
        Config(name="arousal_faces", description="Also faces.", frames=True),
        Config(name="valence_faces", description="Also faces.", target="valence", frames=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for AVCAffe at borealisdata.ca (doi 10.5683/SP3/PSWY62) and name the folder with "
        "ground_truths/, info/ and videos/."
    )

    def __init__(self, *args: Any, detect: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        self._detect = detect
        super().__init__(*args, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        names = SPACES[self.builder_config.target].names
        said = schema.metadata(names={"emotion": names}, own=OWN)
        own: dict[str, Any] = {"task": text(), **dict.fromkeys(LOADS, np.int64)}
        keys = "audio emotion subject clip_id" + " frames fps" * self.builder_config.frames
        return self.described(
            {**features(keys, said), **own},
            said,
            description="AVCAffe: 58,112 segments of 106 people at work, self-reported affect.",
            homepage="https://pritamqu.github.io/AVCAffe/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        target = self.builder_config.target
        needed = [f"{TRUTHS}/{name}.txt" for name in (target, *LOADS)]
        root = self.root(dl_manager, [*needed, SEGMENTS, SILENT])
        told = labels(root, target)
        found = segments(root, told)
        silent = set(tables.decoded(root / SILENT).split())
        kept = [path for path in found if path.name not in silent]
        left_out.count(len(found) - len(kept), f"segments without speech ({SILENT}) are left out")
        video = self.builder_config.frames
        faults = {p: media.film_fault(p, sound=True, video=video) for p in kept}
        media.refuse_damaged(faults, self._allowed)
        parts: dict[str, list[pathlib.Path]] = {"train": [], "validation": []}
        for path in kept:
            held = participant(path.parts[-3]) in VALIDATION
            parts["validation" if held else "train"].append(path)
        return {s: self._generate_examples(some, told) for s, some in parts.items()}

    def _generate_examples(
        self, some: Sequence[pathlib.Path], told: Mapping[str, Mapping[str, int]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        detect = faces.detector(self._detect) if self.builder_config.frames else None
        for path in some:
            if path.stem in self._allowed:
                continue
            name, task = "/".join(path.parts[-3:]), "_".join(path.parts[-3:-1])
            example: dict[str, Any] = {
                "audio": media.film_sound(path),
                "subject": participant(path.parts[-3]),
                "task": task.encode(),
                "clip_id": name.encode(),
                **told[task],
            }
            if detect:
                example["frames"], _ = faces.of_film(path, FPS, SIDE, detect)
                example["fps"] = np.float32(FPS)
            yield name, example


def participant(folder: str) -> int:
    """Number of "aiim001".

    >>> participant("aiim054")
    54
    """
    return int(folder.removeprefix("aiim"))


def labels(root: pathlib.Path, target: str) -> dict[str, dict[str, int]]:
    """emotion (index in the target's space) and loads of each "aiim001_task_1".

    Raises:
      ValueError: a line of another form, a task twice or not in all files, another word, or a load
        outside 0 to 21.
    """
    words = [name.capitalize() for name in SPACES[target].names]
    found: dict[str, dict[str, int]] = {}
    for key, file in {"emotion": target, **{load: load for load in LOADS}}.items():
        path = root / TRUTHS / f"{file}.txt"
        seen = set()
        for row in tables.read(path, ("task", "value"), head=False, unique="task"):
            if not _TASK.fullmatch(row["task"]):
                raise ValueError(f"{row.where}: {row['task']!r} is not such as aiim001_task_1")
            value = tables.Row({"value": row["value"].strip()}, row.where)
            number = value.one_of("value", words) if key == "emotion" else value.whole("value")
            if key != "emotion" and number > MOST:
                raise ValueError(f"{row.where}: {key} {number} is not between 0 and {MOST}")
            found.setdefault(row["task"], {})[key] = number
            seen.add(row["task"])
        if odd := set(found) ^ seen:
            raise ValueError(f"{path}: {sorted(odd)[0]} is in it, or in {target}.txt, alone")
    return found


def segments(root: pathlib.Path, told: Mapping[str, Any]) -> list[pathlib.Path]:
    """The films <participant>/<task>/*.avi, in order of name.

    Raises:
      ValueError: none, or a folder without a rating.
    """
    found = sorted((root / SEGMENTS).glob("*/*/*.avi"))
    unrated = sorted({t for p in found if (t := "_".join(p.parts[-3:-1])) not in told})
    if unrated or not found:
        raise ValueError(f"{root / SEGMENTS}: {unrated[:3] or 'no *.avi'} have no rating")
    return found


def _whole(picture: np.ndarray) -> list[np.ndarray]:
    """The picture's inner half as a face: dummies show none that a detector would find."""
    h, w = picture.shape[:2]
    return [np.array([w / 4, h / 4, w / 2, h / 2])]


DUMMY_OPTIONS = {"detect": _whole}


def make_dummy(folder: pathlib.Path) -> None:
    """Write two segments of two tasks of three people (one validates), one of them silent."""
    people, silent = ("aiim001", "aiim003", "aiim004"), []
    lines: dict[str, list[str]] = {name: [] for name in (*SPACES, *LOADS)}
    for i, who in enumerate(people):
        for task in (1, 2):
            for part in range(2):
                path = folder / SEGMENTS / who / f"task_{task}" / f"{who}_task_{task}_{part}.avi"
                media.draw_film(path, i, codec="mpeg4", sound=True)
                if i == 2 and part:
                    silent.append(path.name)
            for name, space in SPACES.items():
                word = space.names[(i + task) % 5].capitalize()
                lines[name].append(f"{who}_task_{task}, {word}")
            for load in LOADS:
                lines[load].append(f"{who}_task_{task}, {7 * i + task}")
    (folder / TRUTHS).mkdir()
    for name, some in lines.items():
        (folder / TRUTHS / f"{name}.txt").write_text("\n".join(some) + "\n", encoding="utf-8")
    (folder / "info").mkdir()
    (folder / SILENT).write_text("\n".join(silent) + "\n", encoding="utf-8")
