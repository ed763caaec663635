"""Reading tables of annotations: every fault is one error with file, line, value and remedy."""

import csv
import io
import math
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """The cells of a line by column, and where it stands."""

    cells: dict[str, str]
    where: str

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number of a column.

        Raises:
          ValueError: no number, or one outside low to high.
        """
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{self.where}: {column} {text!r} is not a number") from None
        if not low <= value <= high:
            raise ValueError(f"{self.where}: {column} {text} is not between {low:g} and {high:g}")
        return value

    def whole(self, column: str, low: int = 0, high: float = math.inf) -> int:
        """A whole number of a column.

        Raises:
          ValueError: no whole number, or one outside low to high.
        """
        value = self.number(column, low, high)
        if value != int(value):
            raise ValueError(f"{self.where}: {column} {self.cells[column]} is not a whole number")
        return int(value)

    def one_of(self, column: str, allowed: Sequence[str]) -> int:
        """Index of the column's value in a list.

        Raises:
          ValueError: a value that the list lacks.
        """
        text = self.cells[column]
        if text not in allowed:
            raise ValueError(f"{self.where}: {column} {text!r} is not one of {', '.join(allowed)}")
        return list(allowed).index(text)


def read(
    path: pathlib.Path,
    columns: Sequence[str],
    *,
    head: bool = True,
    delimiter: str = ",",
    quoted: bool = True,
    quote: str = '"',
    unique: str | None = None,
) -> Iterator[Row]:
    """The rows of a table with exactly these columns.

    Args:
      head: the first line names the columns, and they are compared.
      quoted: cells may stand in quotes (and hold line breaks), as in CSV.
      quote: the quotation mark.
      unique: a column in which no value may occur twice.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: not UTF-8, other columns, a line of another length, a value twice, or no row.
    """
    lines = csv.reader(
        io.StringIO(decoded(path), newline=""),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=quoted,
    )
    if head:
        _check_head(path, next(lines, []), columns)
    seen: dict[str, int] = {}
    count = 0
    for cells in _whole_lines(path, lines):
        where = f"{path}, line {lines.line_num}"
        if len(cells) != len(columns):
            raise ValueError(f"{where}: {len(cells)} cells, expected {len(columns)}: {cells}")
        row = Row(dict(zip(columns, cells, strict=True)), where)
        if unique is not None:
            first = seen.setdefault(row[unique], lines.line_num)
            if first != lines.line_num:
                raise ValueError(f"{where}: {unique} {row[unique]!r} is already in line {first}")
        count += 1
        yield row
    if not count:
        raise ValueError(f"{path} holds no row")


def decoded(path: pathlib.Path) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: not UTF-8; names the line.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: not UTF-8 ({error.reason}); was the file saved by a "
            "spreadsheet? Take the official one"
        ) from None


def _check_head(path: pathlib.Path, found: Sequence[str], columns: Sequence[str]) -> None:
    if list(found) == list(columns):
        return
    missing = [c for c in columns if c not in found]
    extra = [c for c in found if c not in columns]
    detail = "in another order" if not missing and not extra else ""
    if missing:
        detail = f"without {', '.join(map(repr, missing))}"
    if extra:
        detail += f"{' and ' if detail else ''}with {', '.join(map(repr, extra))}"
    raise ValueError(
        f"{path} is another version of the table: columns {detail}; expected {','.join(columns)}"
    )


def _whole_lines(path: pathlib.Path, lines: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            raise ValueError(f"{path}, line {getattr(lines, 'line_num', '?')}: {error}") from None
        if cells is None:
            return
        if cells:
            yield cells
