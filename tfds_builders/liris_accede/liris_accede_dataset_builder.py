"""LIRIS-ACCEDE (Baveye et al. 2015) as TFDS: excerpts of films and the affect they evoke."""

import functools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from affectjax.predict import media as films
from tfds_builders import faces, media, pictured, tables
from tfds_builders.manual import ManualBuilder, features

FPS, SIDE = 5.0, 160  # pictures a second, and pixels of their shorter side
RANKING, SETS = "annotations/ACCEDEranking.txt", "annotations/ACCEDEsets.txt"
COLUMNS = (
    *("id", "name", "valenceRank", "arousalRank", "valenceValue", "arousalValue"),
    *("valenceVariance", "arousalVariance"),
)
SPLITS = {"train": 1, "validation": 2, "test": 0}  # numbers of the column set
OWN = {
    "valence_rank": "place among all excerpts, 0 the least pleasant",
    "arousal_rank": "place among all excerpts, 0 the calmest",
    "variance": "of valence and arousal, in the native scale squared, as published",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`media`: store pictures and sound."""

    media: bool = True


class Builder(ManualBuilder):
    """The published sets: train (learning), validation and test, which share no film."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Ranks, values, variances, pictures, sound."}
    BUILDER_CONFIGS = [
        Config(name="clips", description=f"Pictures at {FPS:g} Hz, and sound."),
        Config(name="labels", description="The tables alone.", media=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for LIRIS-ACCEDE (discrete) at liris-accede.ec-lyon.fr and put annotations/ "
        "(ACCEDEranking.txt, ACCEDEsets.txt) and data/ (ACCEDE00000.mp4 ...) into the manual "
        "directory."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        rated = ("valence", "arousal")
        said = schema.metadata(scale=vad.SAM5, rated=rated, own=OWN)
        keys = "vad clip_id" + " frames fps audio" * self.builder_config.media
        variance = tfds.features.Tensor(shape=(2,), dtype=np.float32)
        return self.described(
            {
                **features(keys, said),
                "valence_rank": np.int64,
                "arousal_rank": np.int64,
                "variance": variance,
            },
            said,
            description="LIRIS-ACCEDE: 9,800 excerpts of 160 films, ranked by pairs.",
            homepage="https://liris-accede.ec-lyon.fr",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        config = self.builder_config
        root = self.root(dl_manager, [RANKING, SETS, *["data"] * config.media])
        found = excerpts(root)
        if config.media:
            paths = [film_of(root, row) for some in found.values() for row in some]
            check = functools.partial(media.film_fault, sound=True, video=True)
            media.refuse_damaged({path: check(path) for path in paths}, self._allowed)
        kept = {
            split: [row for row in some if film_of(root, row).stem not in self._allowed]
            for split, some in found.items()
        }
        make = functools.partial(example, str(root), config.media)
        return {split: self._generate_examples(some, make) for split, some in kept.items()}

    def _generate_examples(self, some: Sequence[tables.Row], make: Any) -> Any:
        return self.spread(some, make)


def excerpts(root: pathlib.Path) -> dict[str, list[tables.Row]]:
    """The rows of the ranking, by split.

    Raises:
      ValueError: other columns, an excerpt twice, in one table alone, or in another set than 0
        to 2.
    """
    split_of: dict[str, str] = {}
    numbers = {str(number): split for split, number in SPLITS.items()}
    for row in tables.read(root / SETS, ("id", "name", "set"), delimiter="\t", unique="name"):
        split_of[row["name"]] = numbers[list(numbers)[row.one_of("set", list(numbers))]]
    found: dict[str, list[tables.Row]] = {split: [] for split in SPLITS}
    for row in tables.read(root / RANKING, COLUMNS, delimiter="\t", unique="name"):
        if row["name"] not in split_of:
            raise ValueError(f"{row.where}: {row['name']} is not in {root / SETS}")
        found[split_of.pop(row["name"])].append(row)
    if split_of:
        raise ValueError(f"{root / SETS}: {next(iter(split_of))} is not in {root / RANKING}")
    return found


def film_of(root: pathlib.Path, row: tables.Row) -> pathlib.Path:
    """Where the film of an excerpt lies."""
    return pictured.inside(root / "data", row["name"], row.where)


def example(root: str, stored: bool, row: tables.Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of an excerpt, a function of its arguments alone, so that Beam can send it.

    Raises:
      ValueError: a value outside 1 to 5, or a film without a picture; names the line or file.
    """
    native = np.array([row.number(f"{d}Value", 1, 5) for d in ("valence", "arousal")])
    told: dict[str, Any] = {
        "vad": np.array([*vad.SAM5.to_unit(native), np.nan], np.float32),
        "valence_rank": row.whole("valenceRank"),
        "arousal_rank": row.whole("arousalRank"),
        "variance": np.array(
            [row.number(f"{d}Variance", 0) for d in ("valence", "arousal")], np.float32
        ),
        "clip_id": pathlib.PurePath(row["name"]).stem.encode(),
    }
    if stored:
        path = film_of(pathlib.Path(root), row)
        jpegs = [faces.jpeg(media.shrunk(picture, SIDE)) for _, picture in films.frames(path, FPS)]
        if not jpegs:
            raise ValueError(f"{path} holds no picture")
        told |= {"frames": np.array(jpegs, object), "fps": np.float32(FPS)}
        told["audio"] = media.film_sound(path)
    yield told["clip_id"].decode(), told


def make_dummy(folder: pathlib.Path) -> None:
    """Write six half-second films with sound, and the tables."""
    ranking, sets = ["\t".join(COLUMNS)], ["id\tname\tset"]
    for i in range(6):
        name = f"ACCEDE{i:05}.mp4"
        media.draw_film(folder / "data" / name, i, codec="mpeg4", sound=True)
        ranking.append(f"{i}\t{name}\t{i}\t{5 - i}\t{1 + 0.8 * i:.2f}\t{5 - 0.8 * i:.2f}\t0.1\t0.2")
        sets.append(f"{i}\t{name}\t{(1, 1, 2, 0, 0, 2)[i]}")
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    (folder / RANKING).write_text("\n".join(ranking) + "\n", encoding="utf-8")
    (folder / SETS).write_text("\n".join(sets) + "\n", encoding="utf-8")
