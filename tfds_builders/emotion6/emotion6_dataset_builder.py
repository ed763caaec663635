"""Emotion6 (Peng et al. 2015) as TFDS: web pictures with shares of seven emotions, and VA."""

import pathlib
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import CORNELL7, EMOTION6
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features

FILE = "ground_truth.txt"
COLUMNS = (
    *("[image_filename]", "[valence]", "[arousal]"),
    *(f"[prob. {name}]" for name in CORNELL7.names),
)
SHARES = {"train": 70, "validation": 10, "test": 20}


class Builder(ManualBuilder):
    """Splits train, validation and test by the hash of the file's name: ours, none is published.

    `emotion` is the word that found the picture (its folder), `distribution` what people felt.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures, shares of emotions, valence and arousal."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Get Emotion6 by chenlab.ece.cornell.edu/downloads.html and unpack it: {FILE} and images/ "
        "in the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        names = {"emotion": EMOTION6.names, "distribution": CORNELL7.names}
        said = schema.metadata(names=names, scale=vad.SAM9, rated=("valence", "arousal"))
        return self.described(
            features("image emotion distribution vad clip_id", said),
            said,
            description="Emotion6: 1,980 pictures, shares of seven emotions, valence, arousal.",
            homepage="http://chenlab.ece.cornell.edu/downloads.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = items(self.root(dl_manager, (FILE, "images")))
        split_of = folds_lib.by_share([i.name for i in found], SHARES)
        parts = {split: [i for i in found if split_of[i.name] == split] for split in SHARES}
        kept = pictured.checked(parts, self._allowed)
        return {split: self._generate_examples(some) for split, some in kept.items()}

    def _generate_examples(self, some: list[pictured.Item]) -> Any:
        return pictured.examples(some)


def items(root: pathlib.Path) -> list[pictured.Item]:
    """The lines "disgust/1.jpg  2.5  3.8  0.133333 ..." of the table, with tabs between.

    Raises:
      ValueError: another version of the table, a picture twice, another folder, a rating outside 1
        to 9, or shares that do not sum to 1.
    """
    found = []
    options: dict[str, Any] = {"delimiter": "\t", "quoted": False, "unique": COLUMNS[0]}
    for row in tables.read(root / FILE, COLUMNS, **options):
        name = row[COLUMNS[0]]
        word = name.split("/")[0]
        if word not in EMOTION6.names:
            raise ValueError(f"{row.where}: {name!r} is in no folder of {EMOTION6.names}")
        shares = np.array([row.number(column, 0, 1) for column in COLUMNS[3:]])
        if abs(shares.sum() - 1) > 1e-3:
            raise ValueError(f"{row.where}: the shares of {name} sum to {shares.sum():.4f}, not 1")
        native = np.array([row.number(column, 1, 9) for column in COLUMNS[1:3]])
        labels = {
            "emotion": EMOTION6.index(word),
            "distribution": (shares / shares.sum()).astype(np.float32),
            "vad": np.array([*np.asarray(vad.SAM9.to_unit(native)), np.nan], np.float32),
        }
        place = pictured.inside(root / "images", name, row.where)
        found.append(pictured.Item(place, name, labels))
    return found


def make_dummy(folder: pathlib.Path) -> None:
    """Write four small pictures an emotion and their table."""
    lines = ["\t".join(COLUMNS)]
    for label, word in enumerate(EMOTION6.names):
        for i in range(4):
            name = f"{word}/{i + 1}.jpg"
            pictures.draw(folder / "images" / name, 10 * label + i)
            shares = np.full(7, 0.0666667)
            shares[label] = 1 - 6 * 0.0666667
            told = "\t".join(f"{share:.6g}" for share in shares)
            lines.append(f"{name}\t{1 + label + i / 2}\t{9 - label}\t{told}")
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
