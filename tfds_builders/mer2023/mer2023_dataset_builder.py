"""MER2023 (Lian et al. 2023) as TFDS: clips of Chinese films and series, emotion and valence."""

import functools
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import MER6
from affectjax.data import schema
from tfds_builders import faces, media, tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MER6.names
SCALE = vad.Scale("MER2023", -5, 5, "Lian et al. 2023")
SPLITS = {"train": "train", "multi": "test1", "noise": "test2", "semi": "test3"}
WITHOUT_VALENCE = "semi"
ENDINGS = (".mp4", ".avi")
FPS, SIDE = 25.0, 160


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`, `frames`: store sound and faces, too."""

    audio: bool = False
    frames: bool = False


@dataclass(frozen=True)
class Clip:
    """A labelled clip; valence in [-1, 1], NaN where it was not given."""

    name: str
    path: pathlib.Path
    emotion: int
    valence: float


class Builder(ManualBuilder):
    """train, and the tests of the tracks: multi (MER-MULTI), noise, semi (without valence)."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Emotion, valence, sound, faces."}
    BUILDER_CONFIGS = [
        Config(name="labels", description="The tables alone."),
        Config(name="audio", description="Sound.", audio=True),
        Config(name="faces", description="Sound and faces.", audio=True, frames=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MER2023 at merchallenge.cn/datasets; put train/, test1/, test2/, test3/ and "
        "train-label.csv, test1-label.csv ... beside each other into the manual directory."
    )

    def __init__(self, *args: Any, detect: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        self._detect = detect
        super().__init__(*args, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(
            names={"emotion": EMOTIONS}, scale=SCALE, rated=("valence",), unrated=True
        )
        config = self.builder_config
        keys = "emotion vad clip_id" + " audio" * config.audio + " frames fps" * config.frames
        return self.described(
            features(keys, said),
            said,
            description="MER2023: 3,373 training clips and three labelled tests, six emotions.",
            homepage="http://merchallenge.cn/datasets",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        config = self.builder_config
        folders = [*SPLITS.values()] * (config.audio or config.frames)
        root = self.root(dl_manager, [f"{f}-label.csv" for f in SPLITS.values()] + folders)
        found = {split: clips(root, split) for split in SPLITS}
        where: dict[str, str] = {}
        for split, some in found.items():
            for clip in some:
                if where.setdefault(clip.name, split) != split:
                    raise ValueError(f"{root}: {clip.name} is in {where[clip.name]} and in {split}")
        if folders:
            check = functools.partial(media.film_fault, sound=config.audio, video=config.frames)
            paths = [clip.path for some in found.values() for clip in some]
            media.refuse_damaged({path: check(path) for path in paths}, self._allowed)
        return {split: self._generate_examples(some) for split, some in found.items()}

    def _generate_examples(self, some: Sequence[Clip]) -> Iterator[tuple[str, dict[str, Any]]]:
        detect = faces.detector(self._detect) if self.builder_config.frames else None
        for clip in some:
            if clip.path.stem in self._allowed:
                continue
            example: dict[str, Any] = {
                "emotion": clip.emotion,
                "vad": np.array([clip.valence, np.nan, np.nan], np.float32),
                "clip_id": clip.name.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = media.film_sound(clip.path)
            if detect:
                example["frames"], _ = faces.of_film(clip.path, FPS, SIDE, detect)
                example["fps"] = np.float32(FPS)
            yield clip.name, example


def clips(root: pathlib.Path, split: str) -> list[Clip]:
    """The rows name, discrete, valence of a split's table; test3 has no valence.

    Raises:
      ValueError: another version of the table, a clip twice, another emotion, a valence outside
        -5 to 5.
    """
    folder = SPLITS[split]
    columns = ["name", "discrete"] + ["valence"] * (split != WITHOUT_VALENCE)
    endings = _endings(root / folder)
    found = []
    for row in tables.read(root / f"{folder}-label.csv", columns, unique="name"):
        name = row["name"]
        if "/" in name or "\\" in name:
            raise ValueError(f"{row.where}: {name!r} is no name of a clip")
        valence = math.nan
        if split != WITHOUT_VALENCE:
            native = row.number("valence", SCALE.low, SCALE.high)
            valence = float(np.asarray(SCALE.to_unit(np.array(native))))
        path = root / folder / f"{name}{endings.get(name, '.mp4')}"
        found.append(Clip(name, path, row.one_of("discrete", EMOTIONS), valence))
    return found


def _endings(folder: pathlib.Path) -> Mapping[str, str]:
    """The ending of each film of a folder (both are in use)."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return {p.stem: p.suffix for p in paths if p.suffix in ENDINGS}


def _whole(picture: np.ndarray) -> list[np.ndarray]:
    """The picture's inner half as a face: dummies show none that a detector would find."""
    h, w = picture.shape[:2]
    return [np.array([w / 4, h / 4, w / 2, h / 2])]


DUMMY_OPTIONS = {"detect": _whole}


def make_dummy(folder: pathlib.Path) -> None:
    """Write six half-second films with sound a split, and the tables."""
    for s, (split, name) in enumerate(SPLITS.items()):
        has = split != WITHOUT_VALENCE
        lines = ["name,discrete" + ",valence" * has]
        for i, emotion in enumerate(EMOTIONS):
            clip = f"sample_{s}{i:04}"
            media.draw_film(folder / name / f"{clip}.mp4", i, codec="mpeg4", sound=True)
            lines.append(f"{clip},{emotion}" + f",{2 * i - 5}" * has)
        (folder / f"{name}-label.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
