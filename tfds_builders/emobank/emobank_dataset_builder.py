"""EmoBank (Buechel & Hahn 2017) as TFDS: English sentences with VAD of readers and writers."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features, text

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
PERSPECTIVES = ("reader", "writer")
COLUMNS = ("id", "split", "V", "A", "D", "text")
RATING_COLUMNS = ("id", "V", "A", "D", "stdV", "stdA", "stdD", "N")
META_COLUMNS = ("id", "document", "category", "subcategory")
OWN = {"document": "the text that the sentence is from", "category": "its genre"}


class Builder(ManualBuilder):
    """The published splits train, validation (called dev in the file) and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sentences, both perspectives, their spread and number of raters."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put emobank.csv, reader.csv, writer.csv and meta.tsv of the folder corpus/ of "
        "github.com/JULIELab/EmoBank into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.SAM5, own=OWN)
        each = [f"{key}_{p}" for key in ("vad", "vad_sd", "vad_raters") for p in PERSPECTIVES]
        return self.described(
            {
                **features(f"text vad clip_id {' '.join(each)}", said),
                "document": text(),
                "category": text(),
            },
            said,
            description="EmoBank: 10,062 sentences, VAD as readers and as writers would feel.",
            homepage="https://github.com/JULIELab/EmoBank",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        names = ["emobank.csv", "reader.csv", "writer.csv", "meta.tsv"]
        root = self.root(dl_manager, names)
        rows = list(tables.read(root / "emobank.csv", COLUMNS, unique="id"))
        ratings = {p: _by_id(root / f"{p}.csv", RATING_COLUMNS) for p in PERSPECTIVES}
        about = _by_id(root / "meta.tsv", META_COLUMNS, delimiter="\t", quoted=False)
        for name, table in {**ratings, "meta": about}.items():
            absent = sorted({row["id"] for row in rows} - set(table))
            if absent:
                raise ValueError(f"{root}: the table {name} lacks {', '.join(absent[:5])}")
        for row in rows:
            row.one_of("split", [*SPLITS.values()])
        return {
            split: self._generate_examples(
                [row for row in rows if row["split"] == told], ratings, about
            )
            for split, told in SPLITS.items()
        }

    def _generate_examples(
        self,
        rows: Sequence[tables.Row],
        ratings: Mapping[str, Mapping[str, tables.Row]],
        about: Mapping[str, tables.Row],
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            name = row["id"]
            example = {
                "text": row["text"].encode(),
                "vad": _ratings(row),
                "clip_id": name.encode(),
                "document": about[name]["document"].encode(),
                "category": about[name]["category"].encode(),
            }
            for who, table in ratings.items():
                told = table[name]
                spread = [told.number(f"std{d}", 0, 4) / 2 for d in "VAD"]
                example[f"vad_{who}"] = _ratings(told)
                example[f"vad_sd_{who}"] = np.array(spread, np.float32)
                example[f"vad_raters_{who}"] = np.full(3, told.whole("N", 1), np.int32)
            yield name, example


def _by_id(path: pathlib.Path, columns: Sequence[str], **options: Any) -> dict[str, tables.Row]:
    return {row["id"]: row for row in tables.read(path, columns, unique="id", **options)}


def _ratings(row: tables.Row) -> np.ndarray:
    native = np.array([row.number(d, 1, 5) for d in "VAD"])
    return np.asarray(vad.SAM5.to_unit(native), np.float32)


def make_dummy(folder: pathlib.Path) -> None:
    """Write twelve made-up sentences in the four official tables."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, ratings, about = [",".join(COLUMNS)], [], ["\t".join(META_COLUMNS)]
    ratings.append(",".join(f'"{c}"' for c in RATING_COLUMNS))
    for i in range(12):
        split = ("train", "dev", "test")[i % 3] if i < 6 else "train"
        v, a, d = 1 + i / 3, 2.5, 5 - i / 3
        rows.append(f'made_{i},{split},{v:.2f},{a},{d:.2f},"Sentence {i}, he said ""so""."')
        ratings.append(f'"made_{i}","{v:.2f}","{a}","{d:.2f}","0.5","0.0","0.4","5"')
        about.append(f"made_{i}\tdocument{i % 4}\tfiction\t ")
    for name, lines in (
        ("emobank.csv", rows),
        ("reader.csv", ratings),
        ("writer.csv", ratings),
        ("meta.tsv", about),
    ):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
