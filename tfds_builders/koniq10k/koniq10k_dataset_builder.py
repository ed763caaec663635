"""KonIQ-10k (Hosu et al. 2020) as TFDS: web photographs and how good people find them."""

import pathlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features

FILE = "koniq10k_distributions_sets.csv"
GRADES = ("bad", "poor", "fair", "good", "excellent")  # c1 to c5
COLUMNS = ("image_name", "c1", "c2", "c3", "c4", "c5", "c_total", "MOS", "SD", "set")
SPLITS = {"train": "training", "validation": "validation", "test": "test"}
OWN = {
    "mos": "mean opinion score, 0 to 100 (the file's MOS)",
    "mos_sd": "standard deviation of the votes on 1 to 5 (the file's SD)",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`pixels`: the folder of the size to store; "" for the scores alone."""

    pixels: str = "1024x768"


class Builder(ManualBuilder):
    """The authors' split train, validation and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Pictures, scores, votes."}
    BUILDER_CONFIGS = [
        Config(name="full", description="Pictures of 1024 x 768."),
        Config(name="half", description="Pictures of 512 x 384.", pixels="512x384"),
        Config(name="scores", description="The table alone.", pixels=""),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Put {FILE} of github.com/subpic/koniq, folder metadata, and the unpacked 1024x768/ (or "
        "512x384/) of database.mmsp-kn.de into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"votes": GRADES}, own=OWN)
        keys = "votes clip_id" + " image" * bool(self.builder_config.pixels)
        return self.described(
            {**features(keys, said), "mos": np.float32, "mos_sd": np.float32},
            said,
            description="KonIQ-10k: 10,073 photographs with quality scores.",
            homepage="https://database.mmsp-kn.de/koniq-10k-database.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        pixels = self.builder_config.pixels
        root = self.root(dl_manager, [FILE, *[pixels] * bool(pixels)])
        found = items(root, pixels)
        if pixels:
            found = pictured.checked(found, self._allowed)
        return {split: self._generate_examples(some) for split, some in found.items()}

    def _generate_examples(self, some: list[pictured.Item]) -> Any:
        if self.builder_config.pixels:
            return pictured.examples(some)
        return ((i.name, {"clip_id": i.name.encode(), **i.labels}) for i in some)


def items(root: pathlib.Path, pixels: str = "") -> dict[str, list[pictured.Item]]:
    """The pictures of each split. Shares times their number are votes, whole ones.

    Raises:
      ValueError: another version of the table, a picture twice, another set, or shares that are no
        votes.
    """
    found: dict[str, list[pictured.Item]] = {split: [] for split in SPLITS}
    for row in tables.read(root / FILE, COLUMNS, unique="image_name"):
        split = list(SPLITS)[row.one_of("set", list(SPLITS.values()))]
        total = row.whole("c_total", 1)
        shares = np.array([row.number(f"c{i + 1}", 0, 1) for i in range(len(GRADES))])
        votes = np.round(shares * total)
        if votes.sum() != total or np.abs(votes / total - shares).max() > 1e-6:
            raise ValueError(f"{row.where}: c1 to c5 are not shares of {total} votes: {shares}")
        labels = {
            "votes": votes.astype(np.int32),
            "mos": np.float32(row.number("MOS", 0, 100)),
            "mos_sd": np.float32(row.number("SD", 0, 4)),
        }
        place = pictured.inside(root / (pixels or "."), row["image_name"], row.where)
        found[split].append(pictured.Item(place, row["image_name"], labels))
    return found


def make_dummy(folder: pathlib.Path) -> None:
    """Write twelve small pictures in both sizes' folders and their table."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(COLUMNS)]
    for i in range(12):
        name = f"{1000 + i}.jpg"
        votes = np.roll([1, 2, 60, 30, 7], i % 3)
        shares = ",".join(f"{v / votes.sum():.12g}" for v in votes)
        mean = float(votes @ np.arange(1, 6)) / votes.sum()
        split = ("training", "training", "validation", "test")[i % 4]
        lines.append(f"{name},{shares},{votes.sum()},{25 * (mean - 1):.6f},0.5,{split}")
        for pixels in ("1024x768", "512x384"):
            pictures.draw(folder / pixels / name, i)
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
