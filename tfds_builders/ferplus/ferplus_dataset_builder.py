"""FER+ (Barsoum et al. 2016) as TFDS: ten votes on each face of FER2013."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import pictures, tables
from tfds_builders.ferplus import rules
from tfds_builders.ferplus.rules import EMOTIONS, NAMES
from tfds_builders.manual import ManualBuilder, features

SPLITS = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}
VOTE_COLUMNS = ("Usage", "Image name", *NAMES)
PIXEL_COLUMNS = ("emotion", "pixels", "Usage")
SIDE, RATERS = 48, 10
OWN = {"row": "number of the row in both tables, from 0"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`images`: read the pixels, too. `rule`: what is kept, majority, shares, or all rows."""

    images: bool = True
    rule: str = "majority"


class Builder(ManualBuilder):
    """The published splits train, validation (PublicTest) and test (PrivateTest)."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Votes, the rules of majority and of shares, pixels."}
    BUILDER_CONFIGS = [
        Config(name="majority", description="Faces that more than half agree on."),
        Config(name="shares", description="Faces kept by the probability rule.", rule="shares"),
        Config(name="majority_labels", description="majority without pixels.", images=False),
        Config(name="all_labels", description="All 35,887 rows.", images=False, rule="all"),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put fer2013new.csv of github.com/microsoft/FERPlus and, for pixels, fer2013.csv of "
        "Kaggle's Challenges in Representation Learning into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        keys = {"majority": "emotion votes", "shares": "distribution votes", "all": "emotion"}
        said = schema.metadata(
            names=dict.fromkeys(("emotion", "votes", "distribution"), EMOTIONS)
            | {"votes_all": NAMES},
            own=OWN,
            unlabelled=config.rule == "all",
        )
        wanted = f"{keys[config.rule]} votes_all clip_id" + " image" * config.images
        return self.described(
            {**features(wanted, said), "row": np.int64},
            said,
            description="FER+: 35,887 grey faces of 48 x 48, ten votes each.",
            homepage="https://github.com/microsoft/FERPlus",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        images = self.builder_config.images
        root = self.root(dl_manager, ["fer2013new.csv", *["fer2013.csv"] * images])
        votes = list(tables.read(root / "fer2013new.csv", VOTE_COLUMNS))
        pixels = list(tables.read(root / "fer2013.csv", PIXEL_COLUMNS)) if images else []
        if images and [row["Usage"] for row in votes] != [row["Usage"] for row in pixels]:
            raise ValueError(
                f"{root}: fer2013new.csv has {len(votes)} rows and fer2013.csv {len(pixels)}, or "
                "their Usage differs; the two go together row by row, so take both unsorted"
            )
        for row in votes:
            row.one_of("Usage", [*SPLITS.values()])
        return {
            split: self._generate_examples(votes, pixels, told) for split, told in SPLITS.items()
        }

    def _generate_examples(
        self, votes: Sequence[tables.Row], pixels: Sequence[tables.Row], usage: str
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for number, row in enumerate(votes):
            if row["Usage"] != usage:
                continue
            counts = np.array([row.whole(name, 0, RATERS) for name in NAMES], np.int32)
            labels = _labels(counts, self.builder_config.rule)
            if labels is None:
                continue  # the rule drops it: listed in the card
            name = row["Image name"] or f"row{number:05}"  # faces that are none have no name
            example = {**labels, "votes_all": counts, "row": number, "clip_id": name.encode()}
            if self.builder_config.images:
                example["image"] = pictures.png(face(pixels[number]))
            yield name, example


def _labels(counts: np.ndarray, rule: str) -> dict[str, Any] | None:
    """The keys that depend on the rule; None for a face that it drops."""
    if rule == "shares":
        target = rules.shares(counts)
        if target is None:
            return None
        return {"distribution": target.astype(np.float32), "votes": counts[:8]}
    winner = rules.majority(counts)
    if rule == "all":
        return {"emotion": winner if winner < len(EMOTIONS) else -1}
    return {"emotion": winner, "votes": counts[:8]} if winner < len(EMOTIONS) else None


def face(row: tables.Row) -> np.ndarray:
    """The (48, 48) uint8 of a row of fer2013.csv.

    Raises:
      ValueError: not 2,304 numbers of 0 to 255; names the line.
    """
    try:
        values = np.array(row["pixels"].split(), np.int64)
    except ValueError as error:
        raise ValueError(f"{row.where}: pixels are not whole numbers: {error}") from None
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise ValueError(
            f"{row.where}: {values.size} pixels, expected {SIDE * SIDE} of 0 to 255; the line is "
            "cut off or damaged"
        )
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def make_dummy(folder: pathlib.Path) -> None:
    """Write 30 made-up faces and their votes in the two official tables."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    votes, faces = [",".join(VOTE_COLUMNS)], [",".join(PIXEL_COLUMNS)]
    for i in range(30):
        usage = [*SPLITS.values()][i // 10]
        counts = np.zeros(10, int)
        counts[i % 10] += 7
        counts[(i + 1) % 10] += 3
        name = "" if i % 10 == 9 else f"fer{i:07}.png"
        votes.append(f"{usage},{name},{','.join(map(str, counts))}")
        grey = " ".join(map(str, rng.integers(0, 256, SIDE * SIDE)))
        faces.append(f"{i % 7},{grey},{usage}")
    (folder / "fer2013new.csv").write_text("\n".join(votes) + "\n", encoding="utf-8")
    (folder / "fer2013.csv").write_text("\n".join(faces) + "\n", encoding="utf-8")
