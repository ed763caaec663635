"""ArtPhoto (Machajdik & Hanbury 2010) as TFDS: art photographs with Mikels' emotions."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import MIKELS8
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictured, pictures
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MIKELS8.names
FOLDS = 5
NOT_PICTURES = ("ReadMe.rtf",)  # the one other file of the archive
# How the files' names say sadness; the others are the emotion's own name.
WORDS = {**{name: name for name in EMOTIONS}, "sad": "sadness"}


def folds(fold: int) -> dict[str, str]:
    """Split expressions: test is the fold, validation the next one, train the rest (ours).

    Raises:
      ValueError: a fold that does not exist.
    """
    return folds_lib.expressions(fold, FOLDS, "ArtPhoto")


class Builder(ManualBuilder):
    """Splits fold1 to fold5 by the hash of the file's name: ours, none is published."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures and labels."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get testImages_artphoto.zip of imageemotion.org and name the folder of its .jpg files."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("image emotion clip_id", said),
            said,
            description="ArtPhoto: 806 photographs by artists, eight emotions.",
            homepage="https://www.imageemotion.org",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = items(self.root(dl_manager))
        fold_of = folds_lib.of_groups({i.name: i.name for i in found}, FOLDS)
        parts = {
            f"fold{f}": [i for i in found if fold_of[i.name] == f] for f in range(1, FOLDS + 1)
        }
        kept = pictured.checked(parts, self._allowed)
        return {split: self._generate_examples(some) for split, some in kept.items()}

    def _generate_examples(self, some: list[pictured.Item]) -> Any:
        return pictured.examples(some)


def items(root: pathlib.Path) -> list[pictured.Item]:
    """The pictures "<emotion>_<number>.jpg" of a folder, in order of name.

    Raises:
      ValueError: no picture, or a file of another name; lists them.
    """
    files = sorted(p for p in root.iterdir() if not p.name.startswith("."))
    files = [p for p in files if p.name not in NOT_PICTURES]
    odd = [p.name for p in files if p.stem.split("_")[0] not in WORDS or p.suffix != ".jpg"]
    if odd or not files:
        raise ValueError(f"{root} holds {odd or 'nothing'}, expected <emotion>_<number>.jpg")
    labels = [EMOTIONS.index(WORDS[p.stem.split("_")[0]]) for p in files]
    return [
        pictured.Item(p, p.name, {"emotion": label}) for p, label in zip(files, labels, strict=True)
    ]


def make_dummy(folder: pathlib.Path) -> None:
    """Write three small pictures an emotion, and the archive's other file."""
    words = [word for word in WORDS if word != "sadness"]
    for label, word in enumerate(words):
        for i in range(3):
            pictures.draw(folder / f"{word}_{i + 1:04}.jpg", 10 * label + i)
    (folder / NOT_PICTURES[0]).write_text("{\\rtf1}", encoding="utf-8")
