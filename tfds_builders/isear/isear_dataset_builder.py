"""ISEAR (Scherer & Wallbott 1994) as TFDS: situations in which people felt an emotion."""

import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import ISEAR7
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

FILE, FOLDS = "isear.csv", 5
COLUMNS = (
    *("ID", "CITY", "COUN", "SUBJ", "SEX", "AGE", "RELI", "PRAC", "FOCC", "MOCC", "FIEL", "EMOT"),
    *("WHEN", "LONG", "INTS", "ERGO", "TROPHO", "TEMPER", "EXPRES", "MOVE", "EXP1", "EXP2"),
    *("EXP10", "PARAL", "CON", "EXPC", "PLEA", "PLAN", "FAIR", "CAUS", "COPING", "MORL", "SELF"),
    *("RELA", "VERBAL", "NEUTRO", "Field1", "Field3", "Field2", "MYKEY", "SIT", "STATE", ""),
)
TEXT, AFTER = COLUMNS.index("SIT"), 2  # the text may hold the separator; two cells follow it
OWN = {
    "intensity": "1 not very to 4 very intense; 0 where not said",
    "answered": "0 where the text only says that there is no answer, else 1",
}
_BREAK = re.compile(r"\s*á\s+")  # where a line of the questionnaire's file ended
_NONE = re.compile(r"^\W*no response\W*$", re.IGNORECASE)


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5 of ours, whole people: none is published."""
    return folds_lib.expressions(fold, FOLDS, "ISEAR")


class Builder(ManualBuilder):
    """Five folds of whole people, ours; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Situations, emotions, intensity."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put isear.csv into the manual directory: the table of the ISEAR databank as text with | "
        "between the cells, such as github.com/sinmaniphel/py_isear_dataset has it (the databank "
        "itself: unige.ch/cisa, research material)."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": ISEAR7.names}, own=OWN)
        return self.described(
            {**features("text emotion subject clip_id", said), **dict.fromkeys(OWN, np.int64)},
            said,
            description="ISEAR: 7,666 situations told by 1,096 people of 37 countries.",
            homepage="https://www.unige.ch/cisa/research/materials-and-online-research/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = rows(self.root(dl_manager, [FILE]) / FILE)
        fold_of = folds_lib.of_groups({r["MYKEY"]: r["ID"] for r in found}, FOLDS)
        return {
            f"fold{f}": self._generate_examples([r for r in found if fold_of[r["MYKEY"]] == f])
            for f in range(1, FOLDS + 1)
        }

    def _generate_examples(
        self, found: Sequence[tables.Row]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in found:
            told = plain(row["SIT"])
            yield (
                row["MYKEY"],
                {
                    "text": told.encode(),
                    "emotion": row.whole("EMOT", 1, len(ISEAR7)) - 1,
                    "intensity": row.whole("INTS", 0, 4),
                    "answered": int(not _NONE.match(told)),
                    "subject": row.whole("ID"),
                    "clip_id": row["MYKEY"].encode(),
                },
            )


def rows(path: pathlib.Path) -> list[tables.Row]:
    """The lines of the table; the situation may hold the separator and loose quotation marks.

    Raises:
      ValueError: not UTF-8, another head line, a line of another length, a situation twice, a
        number and a name of the emotion that differ, or no line.
    """
    lines = tables.decoded(path).splitlines()
    if not lines or lines[0] != "|".join(COLUMNS):
        raise ValueError(f"{path} is another version: its head line is {lines[:1]}")
    out: dict[str, tables.Row] = {}
    for number, line in enumerate(lines[1:], 2):
        cells, where = line.split("|"), f"{path}, line {number}"
        if len(cells) < len(COLUMNS):
            raise ValueError(f"{where}: {len(cells)} cells, expected {len(COLUMNS)}")
        told = "|".join(cells[TEXT:-AFTER])
        row = tables.Row(_named([*cells[:TEXT], told, *cells[-AFTER:]]), where)
        if ISEAR7.names[row.whole("EMOT", 1, len(ISEAR7)) - 1] != row["Field1"]:
            raise ValueError(f"{where}: EMOT {row['EMOT']} is not {row['Field1']!r}")
        if row["MYKEY"] in out:
            raise ValueError(
                f"{where}: MYKEY {row['MYKEY']} is already in {out[row['MYKEY']].where}"
            )
        out[row["MYKEY"]] = row
    if not out:
        raise ValueError(f"{path} holds no situation")
    return list(out.values())


def plain(cell: str) -> str:
    r"""A situation without the marks of line ends, escapes and quotes that the table left in it.

    >>> plain('We spoke á \\the same language\\"- meaning')
    'We spoke the same language- meaning'
    """
    told = _BREAK.sub(" ", cell).replace('\\"', "").replace("\\", "").replace('"', "")
    return " ".join(told.replace("|", " ").split())


def _named(cells: Sequence[str]) -> dict[str, str]:
    return dict(zip(COLUMNS, cells, strict=True))


def make_dummy(folder: pathlib.Path) -> None:
    """Write six made-up people with a situation of each emotion, one with loose quotes."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["|".join(COLUMNS)]
    for person in range(6):
        for e, emotion in enumerate(ISEAR7.names, 1):
            cells = dict.fromkeys(COLUMNS, "1")
            told = f'When I read line {e} á and \\then|another\\" of it.'
            cells |= {"ID": f"{11001 + person}", "EMOT": f"{e}", "Field1": emotion, "": ""}
            cells |= {"MYKEY": f"{person:04}{e}", "SIT": told if e > 1 else "[ No response.]"}
            lines.append("|".join(cells.values()))
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
