"""MAFW (Liu et al. 2022) as TFDS: clips of films and television, eleven emotions, five folds."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import MAFW11
from tfds_builders import clips, tables

EMOTIONS = MAFW11.names
LISTS, CLIPS = "Train & Test Set/single/no_caption", "data/frames"


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5; the published protocol has no validation part.

    Raises:
      ValueError: a fold that does not exist.
    """
    return clips.folds(fold, "MAFW")


class Builder(clips.ClipBuilder):
    """Splits fold1 to fold5, what each fold tests; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Frames and the single label."}
    BUILDER_CONFIGS = clips.configs("The frames and the single label.")
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MAFW at mafw-database.github.io and unpack 'Train & Test Set/' and data/frames/."
    )
    EMOTIONS, LISTS, CLIPS = EMOTIONS, LISTS, CLIPS
    DESCRIPTION = "MAFW: about 9,200 clips with a single label, eleven emotions."
    HOMEPAGE = "https://mafw-database.github.io/MAFW/"

    def parts(self, root: pathlib.Path) -> Mapping[str, clips.Labels]:
        """What each fold tests."""
        lists = root / LISTS
        return clips.five_folds(lists, lambda part, f: labels_of(lists / f"set_{f}/{part}.txt"))


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
    """Write 15 clips of two or three frames and the lists of the five folds."""

    def write(part: str, fold: int, chosen: Sequence[str]) -> None:
        path = folder / LISTS / f"set_{fold}" / f"{part}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{c}.mp4 {EMOTIONS[int(c) % len(EMOTIONS)]}" for c in chosen]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    clips.draw(folder / CLIPS, [f"{i:05}" for i in range(1, 16)], ".png", write)
