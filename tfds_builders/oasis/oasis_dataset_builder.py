"""OASIS (Kurdi, Lozano & Banaji 2017) as TFDS: photographs with norms of valence and arousal."""

import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import media, pictures, tables
from tfds_builders.manual import ManualBuilder, features, text

__all__ = ["Builder", "Config", "folds", "make_dummy", "norms"]

CATEGORIES = ("Animal", "Object", "Person", "Scene")
COLUMNS = (
    "",
    "Theme",
    "Category",
    "Source",
    "Valence_mean",
    "Valence_SD",
    "Valence_N",
    "Arousal_mean",
    "Arousal_SD",
    "Arousal_N",
)
IMAGES, FOLDS = 900, 5
RATED = ("valence", "arousal")
OWN = {"theme": "what the picture shows, and its number", "category": "Animal ... Scene"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`images`: none, all 900 (an absent one fails the build), or those that are there."""

    images: str = "all"


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5: train, validation and test share no theme.

    Raises:
      ValueError: a fold that does not exist.
    """
    return folds_lib.expressions(fold, FOLDS, "OASIS")


def norms(root: pathlib.Path) -> list[tables.Row]:
    """The 900 rows of OASIS.csv.

    Raises:
      ValueError: another version of the table, another number of rows, or an image twice.
    """
    rows = list(tables.read(root / "OASIS.csv", COLUMNS, unique="Theme"))
    if len(rows) != IMAGES:
        raise ValueError(f"{root / 'OASIS.csv'} has {len(rows)} images, OASIS has {IMAGES}")
    return rows


class Builder(ManualBuilder):
    """Splits fold1 to fold5, whole themes each; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Norms and photographs."}
    BUILDER_CONFIGS = [
        Config(name="images", description="All 900 photographs and their norms."),
        Config(name="images_present", description="The photographs there are.", images="present"),
        Config(name="norms", description="No photographs: norms of all 900.", images="none"),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Unpack OASIS.zip of benedekkurdi.com/#oasis: OASIS.csv and Images/ (or images/)."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.SAM7, rated=RATED, own=OWN)
        keys = "vad vad_sd vad_raters clip_id" + " image" * (self.builder_config.images != "none")
        own = {"theme": text(), "category": tfds.features.ClassLabel(names=CATEGORIES)}
        return self.described(
            {**features(keys, said), **own},
            said,
            description="OASIS: 900 photographs, valence and arousal of 100 to 108 raters each.",
            homepage="https://www.benedekkurdi.com/#oasis",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, ["OASIS.csv"])
        rows = norms(root)
        found = self._pictures(root, [row["Theme"] for row in rows])
        if self.builder_config.images != "none":
            rows = [row for row in rows if row["Theme"] in found]
        groups = {row["Theme"]: re.sub(r" \d+$", "", row["Theme"]) for row in norms(root)}
        fold_of = folds_lib.of_groups(groups, FOLDS)
        return {
            f"fold{fold}": self._generate_examples(
                [row for row in rows if fold_of[row["Theme"]] == fold], found
            )
            for fold in range(1, FOLDS + 1)
        }

    def _pictures(self, root: pathlib.Path, themes: Sequence[str]) -> dict[str, pathlib.Path]:
        """The file of each theme; raises where one is damaged, or absent and all are wanted."""
        if self.builder_config.images == "none":
            return {}
        found = {theme: _picture(root, theme) for theme in themes}
        if self.builder_config.images == "present":
            found = {theme: path for theme, path in found.items() if path.is_file()}
            print(f"{len(found)} of {len(themes)} photographs are in {root}")
        media.refuse_damaged({path: pictures.fault(path) for path in found.values()}, self._allowed)
        return {t: p for t, p in found.items() if p.stem not in self._allowed}

    def _generate_examples(
        self, rows: Sequence[tables.Row], found: Mapping[str, pathlib.Path]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            example = _labels(row)
            if self.builder_config.images != "none":
                example["image"] = pictures.read(found[row["Theme"]])
            yield row[""], example


def _picture(root: pathlib.Path, theme: str) -> pathlib.Path:
    """Where a picture lies: Images/ or images/, its spaces kept or as underscores."""
    names = (f"{theme}.jpg", f"{theme.replace(' ', '_')}.jpg")
    places = [root / folder / name for folder in ("Images", "images") for name in names]
    return next((place for place in places if place.is_file()), places[0])


def _labels(row: tables.Row) -> dict[str, Any]:
    means = np.array([row.number(f"{d}_mean", 1, 7) for d in ("Valence", "Arousal")])
    # A standard deviation on 1..7 is at most 3 (half the raters at either end), sqrt(n/(n-1)) more.
    spread = np.array([row.number(f"{d}_SD", 0, 3.1) for d in ("Valence", "Arousal")])
    raters = [row.whole(f"{d}_N", 1) for d in ("Valence", "Arousal")]
    return {
        "vad": np.array([*vad.SAM7.to_unit(means), np.nan], np.float32),
        "vad_sd": np.array([*(spread / 3), np.nan], np.float32),
        "vad_raters": np.array([*raters, 0], np.int32),
        "theme": row["Theme"].encode(),
        "category": row.one_of("Category", CATEGORIES),
        "clip_id": row[""].encode(),
    }


def make_dummy(folder: pathlib.Path, images: int = IMAGES) -> None:
    """Write a table of 900 made-up norms and the first `images` pictures, 8 x 8."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(f'"{c}"' for c in COLUMNS)]
    for i in range(IMAGES):
        theme = f"Thing{i // 4} {i % 4 + 1}"
        v, a = rng.uniform(1, 7, 2)
        lines.append(
            f'"I{i + 1}","{theme}","{CATEGORIES[i % 4]}","Drawn",{v:.4f},1.1,102,{a:.4f},1.5,101'
        )
        if i < images:
            pictures.draw(folder / "Images" / f"{theme}.jpg", i, side=8)
    (folder / "OASIS.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
