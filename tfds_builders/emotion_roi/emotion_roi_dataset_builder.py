"""EmotionROI (Peng et al. 2016) as TFDS: Emotion6's pictures and where the emotion comes from."""

import pathlib
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import EMOTION6
from affectjax.data import schema
from tfds_builders import media, pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = EMOTION6.names
SPLITS = {"train": "training.txt", "test": "testing.txt"}
LISTS = "training_testing_split"
OWN = {"stimuli_map": "grey picture of the same size: share of raters who marked the pixel"}


class Builder(ManualBuilder):
    """The published splits train and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures, emotions, stimuli maps."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get EmotionROI.zip by chenlab.ece.cornell.edu/downloads.html and unpack it: images/, "
        f"ground_truth/ and {LISTS}/ in the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        return self.described(
            {**features("image emotion clip_id", said), "stimuli_map": text()},
            said,
            description="EmotionROI: 1,980 pictures, six emotions, maps of what evokes them.",
            homepage="http://chenlab.ece.cornell.edu/downloads.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, ("images", "ground_truth", LISTS))
        found = {split: items(root, root / LISTS / name) for split, name in SPLITS.items()}
        both = {i.name for i in found["train"]} & {i.name for i in found["test"]}
        if both:
            raise ValueError(f"{root / LISTS}: {sorted(both)[0]} is in training and in testing")
        maps = [root / "ground_truth" / i.name for some in found.values() for i in some]
        media.refuse_damaged({path: pictures.fault(path) for path in maps}, self._allowed)
        found = pictured.checked(found, self._allowed)
        return {split: self._generate_examples(root, some) for split, some in found.items()}

    def _generate_examples(self, root: pathlib.Path, some: list[pictured.Item]) -> Any:
        for name, example in pictured.examples(some):
            yield name, {**example, "stimuli_map": pictures.read(root / "ground_truth" / name)}


def items(root: pathlib.Path, path: pathlib.Path) -> list[pictured.Item]:
    """The lines "anger/1.jpg" of a list.

    Raises:
      ValueError: a line of another form, another emotion, or a picture twice.
    """
    found = []
    for row in tables.read(path, ("name",), head=False, quoted=False, unique="name"):
        emotion, _, file = row["name"].partition("/")
        if emotion not in EMOTIONS or not file:
            raise ValueError(f"{row.where}: {row['name']!r} is not <emotion>/<file>; {EMOTIONS}")
        place = pictured.inside(root / "images", row["name"], row.where)
        labels = {"emotion": EMOTIONS.index(emotion)}
        found.append(pictured.Item(place, row["name"], labels))
    return found


def make_dummy(folder: pathlib.Path) -> None:
    """Write three small pictures an emotion, their maps, and the lists (two train, one tests)."""
    lists: dict[str, list[str]] = {split: [] for split in SPLITS}
    for label, emotion in enumerate(EMOTIONS):
        for i in range(3):
            name = f"{emotion}/{i + 1}.jpg"
            pictures.draw(folder / "images" / name, 10 * label + i)
            pictures.draw(folder / "ground_truth" / name, 100 + label)
            lists["test" if i == 2 else "train"].append(name)
    (folder / LISTS).mkdir(parents=True, exist_ok=True)
    for split, names in lists.items():
        (folder / LISTS / SPLITS[split]).write_text("\n".join(names) + "\n", encoding="utf-8")
