"""MAFW (Liu et al. 2022) as TFDS: clips of films and television, eleven emotions, five folds."""

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import MAFW11
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictures, tables
from tfds_builders.dfew.dfew_dataset_builder import folds as published_folds
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MAFW11.names
FOLDS = 5
LISTS, CLIPS = "Train & Test Set/single/no_caption", "data/frames"


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`frames`: store the frames, too."""

    frames: bool = True


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5; the published protocol has no validation part.

    Raises:
      ValueError: a fold that does not exist.
    """
    return published_folds(fold)


class Builder(ManualBuilder):
    """Splits fold1 to fold5, what each fold tests; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Frames and the single label."}
    BUILDER_CONFIGS = [
        Config(name="frames", description="The frames and the single label."),
        Config(name="labels", description="The lists alone.", frames=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MAFW at mafw-database.github.io and unpack 'Train & Test Set/' and data/frames/."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("emotion clip_id" + " frames" * self.builder_config.frames, said),
            said,
            description="MAFW: about 9,200 clips with a single label, eleven emotions.",
            homepage="https://mafw-database.github.io/MAFW/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        frames = self.builder_config.frames
        root = self.root(dl_manager, [LISTS, *[CLIPS] * frames])
        tests, trains = (
            {f: labels_of(root / LISTS / f"set_{f}/{part}.txt") for f in range(1, FOLDS + 1)}
            for part in ("test", "train")
        )
        folds_lib.check_published(root / LISTS, tests, trains)
        return {f"fold{f}": self._generate_examples(root, tests[f]) for f in tests}

    def _generate_examples(
        self, root: pathlib.Path, labels: Mapping[str, int]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for clip, label in labels.items():
            if clip in self._allowed:
                continue
            example: dict[str, Any] = {"emotion": label, "clip_id": clip.encode()}
            if self.builder_config.frames:
                example["frames"] = pictures.frames(root / CLIPS / clip)
            yield clip, example


def labels_of(path: pathlib.Path) -> dict[str, int]:
    """Clip -> index in EMOTIONS, of a list of lines "00025.mp4 anger".

    Raises:
      ValueError: a line of another form, a clip twice, or another emotion.
    """
    options: dict[str, Any] = {"head": False, "delimiter": " ", "quoted": False}
    rows = list(tables.read(path, ("clip", "emotion"), unique="clip", **options))
    odd = [row for row in rows if not row["clip"].endswith(".mp4")]
    if odd:
        raise ValueError(f"{odd[0].where}: {odd[0]['clip']!r} is not a clip such as 00025.mp4")
    return {row["clip"].removesuffix(".mp4"): row.one_of("emotion", EMOTIONS) for row in rows}


def make_dummy(folder: pathlib.Path) -> None:
    """Write 15 clips of two frames and the lists of the five folds."""
    names = np.arange(1, 16)
    for clip in names:
        for i in range(2):
            pictures.draw(folder / CLIPS / f"{clip:05}" / f"{i + 1:05}.png", int(clip))
    for fold in range(1, FOLDS + 1):
        (folder / LISTS / f"set_{fold}").mkdir(parents=True, exist_ok=True)
        for part in ("train", "test"):
            kept = [c for c in names if ((c - 1) % FOLDS == fold - 1) == (part == "test")]
            lines = [f"{c:05}.mp4 {EMOTIONS[c % len(EMOTIONS)]}" for c in kept]
            path = folder / LISTS / f"set_{fold}" / f"{part}.txt"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
