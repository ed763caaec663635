"""XED (Öhman et al. 2020) as TFDS: film subtitles with Plutchik's emotions, English and Finnish."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import XED8
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = XED8.names
FOLDS = 5


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`code`: the language as the names of the files have it."""

    code: str = "en"


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5: train, validation and test share no sentence.

    Raises:
      ValueError: a fold that does not exist.
    """
    return folds_lib.expressions(fold, FOLDS, "XED")


class Builder(ManualBuilder):
    """Splits fold1 to fold5 by the hash of the sentence; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Annotated sentences of both languages."}
    BUILDER_CONFIGS = [
        Config(name="english", description="English subtitles."),
        Config(name="finnish", description="Finnish subtitles.", code="fi"),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put en-annotated.tsv or fi-annotated.tsv of the folder AnnotatedData of "
        "github.com/Helsinki-NLP/XED into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"multilabel": EMOTIONS})
        return self.described(
            features("text multilabel clip_id", said),
            said,
            description="XED: subtitles with one or more of Plutchik's eight emotions.",
            homepage="https://github.com/Helsinki-NLP/XED",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        name = f"{self.builder_config.code}-annotated.tsv"
        path = self.root(dl_manager, [name]) / name
        options: dict[str, Any] = {"head": False, "delimiter": "\t", "quoted": False}
        rows = list(tables.read(path, ("text", "labels"), unique="text", **options))
        fold_of = folds_lib.of_groups({row["text"]: row["text"] for row in rows}, FOLDS)
        numbered = list(enumerate(rows, 1))
        return {
            f"fold{fold}": self._generate_examples(
                [(number, row) for number, row in numbered if fold_of[row["text"]] == fold]
            )
            for fold in range(1, FOLDS + 1)
        }

    def _generate_examples(
        self, rows: Sequence[tuple[int, tables.Row]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for number, row in rows:
            name = f"{self.builder_config.code}{number:05}"
            yield (
                name,
                {
                    "text": row["text"].encode(),
                    "multilabel": several(row),
                    "clip_id": name.encode(),
                },
            )


def several(row: tables.Row) -> np.ndarray:
    """The numbers of a line, such as "1, 4, 7", as zeros and ones of the eight names.

    Raises:
      ValueError: a number that is not 1 to 8.
    """
    hot = np.zeros(len(EMOTIONS), np.float32)
    for part in row["labels"].split(","):
        if part.strip() not in tuple("12345678"):
            raise ValueError(f"{row.where}: label {part.strip()!r} is not one of 1 to 8")
        hot[int(part) - 1] = 1
    return hot


def make_dummy(folder: pathlib.Path) -> None:
    """Write twenty made-up lines a language."""
    folder.mkdir(parents=True, exist_ok=True)
    for code in ("en", "fi"):
        lines = [f'Line "{i}", päivää .\t{i % 8 + 1}, {(i + 3) % 8 + 1}' for i in range(20)]
        (folder / f"{code}-annotated.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
