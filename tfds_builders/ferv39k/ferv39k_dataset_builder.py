"""FERV39k (Wang et al. 2022) as TFDS: clips of 22 kinds of scene with one of seven emotions."""

import pathlib
from collections.abc import Mapping
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import FERV7
from tfds_builders import clips, pictures, tables

EMOTIONS = FERV7.names
WORDS = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")  # of the lists
LISTS, CLIPS = "4_setups/All_scenes", "2_ClipsforFaceCrop"
SPLITS = {"train": "train_All.csv", "test": "test_All.csv"}


class Builder(clips.ClipBuilder):
    """The published splits train and test of all scenes together."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Cropped faces and the single label."}
    BUILDER_CONFIGS = clips.configs("The cropped faces of each clip.")
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for FERV39k at wangyanckxx.github.io/Proj_CVPR2022_FERV39k and unpack 4_setups/ and "
        "2_ClipsforFaceCrop/."
    )
    EMOTIONS, LISTS, CLIPS = EMOTIONS, LISTS, CLIPS
    DESCRIPTION = "FERV39k: 38,935 clips, seven emotions."
    HOMEPAGE = "https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html"

    def parts(self, root: pathlib.Path) -> Mapping[str, clips.Labels]:
        """The clips of each split; none is in both."""
        found = {split: labels_of(root / LISTS / name) for split, name in SPLITS.items()}
        if both := sorted(set(found["train"]) & set(found["test"])):
            raise ValueError(f"{root / LISTS}: {len(both)} clips train and test, such as {both[0]}")
        return found


def labels_of(path: pathlib.Path) -> dict[str, int]:
    """Clip -> index in EMOTIONS, of a list of lines "Action/Sad/0010 Sad".

    Raises:
      ValueError: a line of another form, a clip twice, another emotion, or a folder that says
        another emotion than the label.
    """
    options: dict[str, Any] = {"head": False, "delimiter": " ", "quoted": False}
    labels = {}
    for row in tables.read(path, ("clip", "emotion"), unique="clip", **options):
        label, parts = row.one_of("emotion", WORDS), row["clip"].split("/")
        if len(parts) != 3 or ".." in parts:
            raise ValueError(f"{row.where}: {row['clip']!r} is not <scene>/<emotion>/<number>")
        if parts[1] != row["emotion"]:
            raise ValueError(f"{row.where}: {row['clip']} is labelled {row['emotion']}")
        labels[row["clip"]] = label
    return labels


def make_dummy(folder: pathlib.Path) -> None:
    """Write 14 clips of two frames in two scenes, half of them for each split."""
    for split, name in SPLITS.items():
        lines = []
        for i, word in enumerate(WORDS):
            clip = f"{('Action', 'Daily')[i % 2]}/{word}/{10 * (split == 'test') + i:04}"
            for frame in range(2):
                pictures.draw(folder / CLIPS / clip / f"{frame:02}.jpg", i)
            lines.append(f"{clip} {word}")
        path = folder / LISTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
