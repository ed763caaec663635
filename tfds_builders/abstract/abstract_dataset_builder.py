"""Abstract (Machajdik & Hanbury 2010) as TFDS: paintings with votes on Mikels' emotions."""

import pathlib
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import MIKELS8
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = MIKELS8.names
FOLDS = 5
FILE = "ABSTRACT_groundTruth.csv"
# Columns of the table in its own order, and the emotion that each one is.
COLUMNS = {
    "Amusement": "amusement",
    "Anger": "anger",
    "Awe": "awe",
    "Content": "contentment",
    "Disgust": "disgust",
    "Excitement": "excitement",
    "Fear": "fear",
    "Sad": "sadness",
}


def folds(fold: int) -> dict[str, str]:
    """Split expressions: test is the fold, validation the next one, train the rest (ours).

    Raises:
      ValueError: a fold that does not exist.
    """
    return folds_lib.expressions(fold, FOLDS, "Abstract")


class Builder(ManualBuilder):
    """Splits fold1 to fold5 by the hash of the file's name: ours, none is published.

    `emotion` is the category with most votes, -1 where two or more share the first place.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures and votes."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Get testImages_abstract.zip of imageemotion.org and name the folder with {FILE} and the "
        ".jpg files."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        names = {"emotion": EMOTIONS, "votes": EMOTIONS}
        said = schema.metadata(names=names, unlabelled=True)
        return self.described(
            features("image emotion votes clip_id", said),
            said,
            description="Abstract: 280 paintings, votes on eight emotions.",
            homepage="https://www.imageemotion.org",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [FILE])
        found = items(root)
        fold_of = folds_lib.of_groups({i.name: i.name for i in found}, FOLDS)
        parts = {
            f"fold{f}": [i for i in found if fold_of[i.name] == f] for f in range(1, FOLDS + 1)
        }
        kept = pictured.checked(parts, self._allowed)
        return {split: self._generate_examples(some) for split, some in kept.items()}

    def _generate_examples(self, some: list[pictured.Item]) -> Any:
        return pictured.examples(some)


def items(root: pathlib.Path) -> list[pictured.Item]:
    """The rows 'abstract_0001.jpg',1,0,3,... of the table, names in single quotes.

    Raises:
      ValueError: another version of the table, a picture twice, or no vote for one.
    """
    found = []
    for row in tables.read(root / FILE, ("", *COLUMNS), quote="'", unique=""):
        counts = {told: row.whole(column) for column, told in COLUMNS.items()}
        votes = np.array([counts[name] for name in EMOTIONS], np.int32)
        if not votes.any():
            raise ValueError(f"{row.where}: {row['']!r} has no vote")
        winners = np.flatnonzero(votes == votes.max())
        emotion = int(winners[0]) if len(winners) == 1 else -1
        place = pictured.inside(root, row[""], row.where)
        found.append(pictured.Item(place, row[""], {"votes": votes, "emotion": emotion}))
    return found


def make_dummy(folder: pathlib.Path) -> None:
    """Write two small pictures an emotion, one with a tie, and the table of votes."""
    heads = [f"'{name}'" for name in COLUMNS]
    lines = [",".join(["''", *heads])]
    for i in range(2 * len(COLUMNS)):
        name = f"abstract_{i + 1:04}.jpg"
        pictures.draw(folder / name, i)
        votes = [1 + 3 * (column == i // 2) + 3 * (i == 1) for column in range(len(COLUMNS))]
        if i == 1:  # the first two columns share the first place
            votes = [4, 4, *[0] * (len(COLUMNS) - 2)]
        lines.append(",".join([f"'{name}'", *map(str, votes)]))
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
