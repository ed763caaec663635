"""GoEmotions (Demszky et al. 2020) as TFDS: Reddit comments, 27 emotions and neutral."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import GOEMOTIONS28
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = GOEMOTIONS28.names
SPLITS = {"train": "train", "validation": "dev", "test": "test"}
NAMES_FILES = ("emotions.txt", "labels.txt")  # of the authors, and of the usual copies
RAW_COLUMNS = (
    *("text", "id", "author", "subreddit", "link_id", "parent_id", "created_utc", "rater_id"),
    "example_very_unclear",
    *EMOTIONS,
)
RAW = tuple(f"full_dataset/goemotions_{part}.csv" for part in (1, 2, 3))


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`raters`: also store how many raters chose each emotion, from the raw files."""

    raters: bool = False


class Builder(ManualBuilder):
    """The published splits train, validation (called dev in the files) and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Multi-label splits; counts of the raters."}
    BUILDER_CONFIGS = [
        Config(name="simplified", description="Labels that two raters or more chose."),
        Config(name="raters", description="The same comments, and every rater.", raters=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put train.tsv, dev.tsv, test.tsv and emotions.txt of github.com/google-research/"
        "google-research, folder goemotions/data, into the manual directory; for the config "
        "raters also full_dataset/goemotions_1.csv to _3.csv."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        keys = "text multilabel clip_id"
        own = {}
        if self.builder_config.raters:
            keys += " votes"
            own = {"raters": "people who labelled it", "unclear": "of whom said: very unclear"}
        said = schema.metadata(names={"multilabel": EMOTIONS, "votes": EMOTIONS}, own=own)
        return self.described(
            {**features(keys, said), **dict.fromkeys(own, np.int64)},
            said,
            description="GoEmotions: 54,263 comments with 27 emotions or neutral, several at once.",
            homepage="https://github.com/google-research/google-research/tree/master/goemotions",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        raw = RAW if self.builder_config.raters else ()
        root = self.root(dl_manager, [*(f"{told}.tsv" for told in SPLITS.values()), *raw])
        check_names(root)
        rows = {
            split: list(
                tables.read(
                    root / f"{told}.tsv",
                    ("text", "labels", "id"),
                    head=False,
                    delimiter="\t",
                    quoted=False,
                    unique="id",
                )
            )
            for split, told in SPLITS.items()
        }
        ballots = count_raters(root) if raw else {}
        return {s: self._generate_examples(found, ballots) for s, found in rows.items()}

    def _generate_examples(
        self, rows: Sequence[tables.Row], ballots: Mapping[str, "Ballots"]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            example: dict[str, Any] = {
                "text": row["text"].encode(),
                "multilabel": several(row),
                "clip_id": row["id"].encode(),
            }
            if self.builder_config.raters:
                if row["id"] not in ballots:
                    raise ValueError(f"{row.where}: comment {row['id']} is in none of {RAW}")
                told = ballots[row["id"]]
                example |= {"votes": told.votes, "raters": told.raters, "unclear": told.unclear}
            yield row["id"], example


@dataclass
class Ballots:
    """Counts over the raters of a comment; a rater may choose several emotions, or none."""

    votes: np.ndarray
    raters: int = 0
    unclear: int = 0


def check_names(root: pathlib.Path) -> None:
    """Raise where the file of names is absent or names other emotions, or in another order."""
    path = next((root / name for name in NAMES_FILES if (root / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(f"{root} lacks {' (or '.join(NAMES_FILES)}), the names of the ids")
    told = tuple(tables.decoded(path).split())
    if told != EMOTIONS:
        first = next((i for i, (a, b) in enumerate(zip(told, EMOTIONS, strict=False)) if a != b), 0)
        raise ValueError(
            f"{path} is another version: {len(told)} names, of which number {first} is "
            f"{told[first : first + 1]}; expected {len(EMOTIONS)}, and {EMOTIONS[first]!r}"
        )


def several(row: tables.Row) -> np.ndarray:
    """The ids of a line, such as "4,27", as zeros and ones of the 28 names."""
    hot = np.zeros(len(EMOTIONS), np.float32)
    for part in row["labels"].split(","):
        if not part.isdigit() or int(part) >= len(EMOTIONS):
            raise ValueError(f"{row.where}: label {part!r} is not one of 0 to {len(EMOTIONS) - 1}")
        hot[int(part)] = 1
    return hot


def count_raters(root: pathlib.Path) -> dict[str, Ballots]:
    """Comment -> counts, from the raw files; who wrote and who rated is not kept.

    Raises:
      ValueError: another version of the files, a rater twice for a comment, or a cell that is not
        what the authors write.
    """
    found: dict[str, Ballots] = {}
    seen: dict[tuple[str, str], str] = {}
    for name in RAW:
        for row in tables.read(root / name, RAW_COLUMNS):
            ballot = (row["id"], row["rater_id"])
            first = seen.setdefault(ballot, row.where)
            if first != row.where:
                raise ValueError(f"{row.where}: comment and rater {ballot} are also in {first}")
            told = found.setdefault(row["id"], Ballots(np.zeros(len(EMOTIONS), np.int32)))
            told.votes += np.array([row.whole(e, 0, 1) for e in EMOTIONS], np.int32)
            told.raters += 1
            told.unclear += row.one_of("example_very_unclear", ("False", "True"))
    return found


def make_dummy(folder: pathlib.Path) -> None:
    """Write ten made-up comments a split, and three raters of each."""
    (folder / "full_dataset").mkdir(parents=True, exist_ok=True)
    (folder / "emotions.txt").write_text("\n".join(EMOTIONS), encoding="utf-8")
    raw: list[list[str]] = [[], [], []]
    for told in SPLITS.values():
        lines = []
        for i in range(10):
            name, labels = f"{told}{i}", {i, (3 * i) % 28}
            lines.append(f'He said "{i}" – ok\t{",".join(map(str, sorted(labels)))}\t{name}')
            for rater in range(3):
                chosen = labels if rater else {27}
                cells = ",".join(str(int(e in chosen)) for e in range(28))
                head = f'"He said ""{i}"" – ok",{name},somebody,sub,t3_x,t3_x,1.5e9,{rater}'
                raw[rater].append(f"{head},False,{cells}")
        (folder / f"{told}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, lines in zip(RAW, raw, strict=True):
        (folder / name).write_text("\n".join([",".join(RAW_COLUMNS), *lines]), encoding="utf-8")
