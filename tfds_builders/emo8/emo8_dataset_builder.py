"""Emo8 (Chen et al. 2024) as TFDS: pictures of five styles with Mikels' emotions."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import MIKELS8
from affectjax.data import schema
from tfds_builders import class_folders
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MIKELS8.names
FOLDERS = {"train": "train", "validation": "val", "test": "test"}


class Builder(ManualBuilder):
    """The published splits train, validation (val/) and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures and labels."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get Emo8 by the link of github.com/chincharles/u-emo and put train/, val/ and test/, each "
        "with one folder an emotion, into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("image emotion clip_id", said),
            said,
            description="Emo8: 8,930 pictures, eight emotions.",
            homepage="https://github.com/chincharles/u-emo",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, FOLDERS.values())
        found = {
            split: class_folders.items(root / name, EMOTIONS, self._allowed)
            for split, name in FOLDERS.items()
        }
        return {s: self._generate_examples(some, f"{FOLDERS[s]}/") for s, some in found.items()}

    def _generate_examples(self, found: class_folders.Items, prefix: str) -> Any:
        return class_folders.examples(found, prefix)


def make_dummy(folder: pathlib.Path) -> None:
    """Write two small pictures an emotion and split."""
    for name in FOLDERS.values():
        class_folders.draw(folder / name, EMOTIONS, 2, ".jpg")
