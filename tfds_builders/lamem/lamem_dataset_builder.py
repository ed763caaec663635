"""LaMem (Khosla et al. 2015) as TFDS: pictures and how well people remember them."""

import pathlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features

SPLITS = {"train": "train", "validation": "val", "test": "test"}
NUMBERS = range(1, 6)
OWN = {"memorability": "0 to 1: hits of a memory game, corrected for the time between repeats"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`number`: which of the five published splits."""

    number: int = 1


class Builder(ManualBuilder):
    """A config for each of the five published splits, each with train, validation and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures and memorability."}
    BUILDER_CONFIGS = [
        Config(name=f"split{n}", description=f"Published split {n} of 5.", number=n)
        for n in NUMBERS
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Unpack lamem.tar.gz of memorability.csail.mit.edu: images/ and splits/ in the manual "
        "directory."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(own=OWN)
        return self.described(
            {**features("image clip_id", said), "memorability": np.float32},
            said,
            description="LaMem: 58,741 pictures with memorability scores.",
            homepage="http://memorability.csail.mit.edu",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, ("images", "splits"))
        number = self.builder_config.number
        found = {s: items(root, f"{told}_{number}.txt") for s, told in SPLITS.items()}
        where: dict[str, str] = {}
        for split, some in found.items():
            for item in some:
                if where.setdefault(item.name, split) != split:
                    raise ValueError(
                        f"{root / 'splits'}, split {number}: {item.name} is in {where[item.name]} "
                        f"and in {split}"
                    )
        found = pictured.checked(found, self._allowed)
        return {split: self._generate_examples(some) for split, some in found.items()}

    def _generate_examples(self, some: list[pictured.Item]) -> Any:
        return self.spread(some, pictured.one)


def items(root: pathlib.Path, name: str) -> list[pictured.Item]:
    """The lines "00000001.jpg 0.843" of a list of `splits/`.

    Raises:
      ValueError: a line of another form, a score outside 0 to 1, or a picture twice.
    """
    options: dict[str, Any] = {"head": False, "delimiter": " ", "quoted": False}
    return [
        pictured.Item(
            pictured.inside(root / "images", row["name"], row.where),
            row["name"],
            {"memorability": np.float32(row.number("score", 0, 1))},
        )
        for row in tables.read(root / "splits" / name, ("name", "score"), unique="name", **options)
    ]


def make_dummy(folder: pathlib.Path) -> None:
    """Write ten small pictures and five splits of 6, 2 and 2."""
    (folder / "splits").mkdir(parents=True, exist_ok=True)
    for i in range(10):
        pictures.draw(folder / "images" / f"{i + 1:08}.jpg", i)
    for number in NUMBERS:
        order = [(i + 2 * number) % 10 for i in range(10)]
        for told, part in zip(SPLITS.values(), (order[:6], order[6:8], order[8:]), strict=True):
            lines = [f"{i + 1:08}.jpg {0.5 + i / 20:.6f}" for i in part]
            path = folder / "splits" / f"{told}_{number}.txt"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
