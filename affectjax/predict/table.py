"""The records of --mode=predict as CSV, for R, pandas, SPSS and spreadsheets."""

import csv
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

ENDS = ("low", "high")
SIDES = {"face": ("left", "top", "width", "height"), "person": ("left", "top", "right", "bottom")}


def write(path: pathlib.Path, records: Sequence[Mapping[str, Any]]) -> None:
    """A row a record, in order; a column for each thing said of any of them, empty where it is not.

    Columns are called as `pandas.json_normalize` calls those of the .jsonl: `vad.valence`.
    """
    rows = [dict(flat(record)) for record in records]
    columns = dict.fromkeys(key for row in sorted(rows, key=len, reverse=True) for key in row)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns])
        writer.writeheader()
        writer.writerows(rows)


def flat(said: Mapping[str, Any], under: str = "") -> list[tuple[str, Any]]:
    """(column, value) of all that a record says.

    Names are joined by "; ", ends of intervals and sides of boxes have columns of their own.

    >>> flat({"face": None, "likely": ["sad", "calm"], "interval": {"valence": [-0.1, 0.2]}})
    [('likely', 'sad; calm'), ('interval.valence.low', -0.1), ('interval.valence.high', 0.2)]
    >>> flat({"face": [3.0, 4.0, 5.0, 6.0]})[:2]
    [('face.left', 3.0), ('face.top', 4.0)]
    """
    out: list[tuple[str, Any]] = []
    for key, value in said.items():
        column = f"{under}{key}"
        names = SIDES.get(key, ENDS)
        if isinstance(value, Mapping):
            out += flat(value, f"{column}.")
        elif not isinstance(value, list):
            out += [] if value is None else [(column, value)]
        elif all(isinstance(x, str) for x in value):
            out.append((column, "; ".join(value)))
        elif len(value) == len(names) and all(isinstance(x, float) for x in value):
            out += [(f"{column}.{name}", x) for name, x in zip(names, value, strict=True)]
        else:
            out.append((column, json.dumps(value, ensure_ascii=False)))
    return out
