"""EmpatheticDialogues (Rashkin et al. 2019) as TFDS: talks about situations, 32 emotions."""

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import EMPATHETIC32
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = EMPATHETIC32.names
SPLITS = {"train": "train.csv", "validation": "valid.csv", "test": "test.csv"}
COLUMNS = (
    *("conv_id", "utterance_idx", "context", "prompt", "speaker_idx", "utterance"),
    *("selfeval", "tags"),
)
OWN = {
    "conversation": "id of the talk",
    "utterance": "number within the talk, from 1; odd ones are the speaker's, even the listener's",
    "situation": "what the speaker wrote about beforehand",
    "speaker": "number of the person who writes",
}


class Builder(ManualBuilder):
    """The published splits train, validation (valid.csv) and test; an example is an utterance."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Utterances, situations, emotions."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Unpack empatheticdialogues.tar.gz of github.com/facebookresearch/EmpatheticDialogues and "
        "name the folder with train.csv, valid.csv and test.csv."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        own = {"conversation": text(), "utterance": np.int64, "situation": text()}
        return self.described(
            {**features("text emotion clip_id", said), **own, "speaker": np.int64},
            said,
            description="EmpatheticDialogues: 24,850 talks about situations, 32 emotions.",
            homepage="https://github.com/facebookresearch/EmpatheticDialogues",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, SPLITS.values())
        rows = {split: utterances(root / name) for split, name in SPLITS.items()}
        seen: dict[str, str] = {}
        for split, found in rows.items():
            for row in found:
                if seen.setdefault(row["conv_id"], split) != split:
                    raise ValueError(
                        f"{row.where}: {row['conv_id']} is also in {seen[row['conv_id']]}"
                    )
        return {split: self._generate_examples(found) for split, found in rows.items()}

    def _generate_examples(self, rows: list[tables.Row]) -> Any:
        return self.spread(rows, example)


def example(row: tables.Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of an utterance, a function of its line alone."""
    name = f"{row['conv_id']}/{row.whole('utterance_idx', 1)}"
    yield (
        name,
        {
            "text": plain(row["utterance"]),
            "emotion": row.one_of("context", EMOTIONS),
            "situation": plain(row["prompt"]),
            "conversation": row["conv_id"].encode(),
            "utterance": row.whole("utterance_idx", 1),
            "speaker": row.whole("speaker_idx"),
            "clip_id": name.encode(),
        },
    )


def utterances(path: pathlib.Path) -> list[tables.Row]:
    """The lines of a file. It is no CSV with quotes: commas in texts are written _comma_.

    Lines have eight cells, or nine where candidates of answers follow (left alone here).

    Raises:
      ValueError: another head line, a line of another length, or an utterance twice.
    """
    lines = tables.decoded(path).split("\n")
    if lines[0].strip() != ",".join(COLUMNS):
        raise ValueError(f"{path} is another version: its head line is {lines[0]!r}")
    rows: dict[tuple[str, str], tables.Row] = {}
    for number, line in enumerate(lines[1:], 2):
        cells, where = line.rstrip("\r").split(","), f"{path}, line {number}"
        if cells == [""]:
            continue
        if len(cells) not in (8, 9):
            raise ValueError(f"{where}: {len(cells)} cells, expected 8 or 9")
        key = (cells[0], cells[1])
        if key in rows:
            raise ValueError(f"{where}: {key} is already in {rows[key].where}")
        rows[key] = tables.Row(dict(zip(COLUMNS, cells, strict=False)), where)
    if not rows:
        raise ValueError(f"{path} holds no utterance")
    return list(rows.values())


def plain(cell: str) -> bytes:
    """The text of a cell.

    >>> plain("well_comma_ yes")
    b'well, yes'
    """
    return cell.replace("_comma_", ",").encode()


def make_dummy(folder: pathlib.Path) -> None:
    """Write eight made-up talks of two utterances a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for s, (split, file) in enumerate(SPLITS.items()):
        lines = [",".join(COLUMNS)]
        for i in range(8):
            emotion = EMOTIONS[(8 * s + i) % 32]
            for number in (1, 2):
                start = f"hit:{i}_conv:{split}{i},{number},{emotion}"
                more = ",one|two_comma_ three" if s else ""
                said = 'He said "no"_comma_ I left'
                lines.append(
                    f"{start},I lost it_comma_ again.,{10 * i + number},{said},5|5|5_2|2|5,{more}"
                )
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
