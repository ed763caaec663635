"""FI, Flickr and Instagram (You et al. 2016) as TFDS: web pictures with Mikels' emotions."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import MIKELS8
from affectjax.data import schema
from tfds_builders import class_folders
from tfds_builders import folds as folds_lib
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MIKELS8.names
SHARES = {"train": 80, "validation": 5, "test": 15}


class Builder(ManualBuilder):
    """Splits train, validation and test by the hash of the file's name: ours, none is published."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures and labels."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask the authors for FI and put one folder a class into the manual directory: "
        f"{', '.join(EMOTIONS)}."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("image emotion clip_id", said),
            said,
            description="FI: about 23,000 pictures of Flickr and Instagram, eight emotions.",
            homepage="https://qzyou.github.io",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = class_folders.items(self.root(dl_manager), EMOTIONS, self._allowed)
        split_of = folds_lib.by_share([f"{p.parent.name}/{p.name}" for p, _ in found], SHARES)
        return {
            split: self._generate_examples(
                [(p, label) for p, label in found if split_of[f"{p.parent.name}/{p.name}"] == split]
            )
            for split in SHARES
        }

    def _generate_examples(self, found: class_folders.Items) -> Any:
        return class_folders.examples(found)


def make_dummy(folder: pathlib.Path) -> None:
    """Write five small pictures a class."""
    class_folders.draw(folder, EMOTIONS, 5, ".jpg")
