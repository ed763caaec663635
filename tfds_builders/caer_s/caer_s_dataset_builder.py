"""CAER-S (Lee et al. 2019) as TFDS: frames of television series, emotion in its context."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import CAERS7
from affectjax.data import schema
from tfds_builders import class_folders
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = CAERS7.names
# The folders of the official archive, in the order of EMOTIONS.
FOLDERS = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")


class Builder(ManualBuilder):
    """The published splits train and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Frames and labels."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for CAER-S at caer-dataset.github.io and unpack it: train/<Emotion>/*.png and "
        "test/<Emotion>/*.png in the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("image emotion clip_id", said),
            said,
            description="CAER-S: about 70,000 frames of 79 television series, seven emotions.",
            homepage="https://caer-dataset.github.io",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, ("train", "test"))
        found = {
            s: class_folders.items(root / s, FOLDERS, self._allowed) for s in ("train", "test")
        }
        return {s: self._generate_examples(items, f"{s}/") for s, items in found.items()}

    def _generate_examples(self, found: class_folders.Items, prefix: str) -> Any:
        return class_folders.examples(found, prefix)


def make_dummy(folder: pathlib.Path) -> None:
    """Write three small frames a class and split."""
    for split in ("train", "test"):
        class_folders.draw(folder / split, FOLDERS, 3, ".png")
