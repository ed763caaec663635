"""`labels.csv` of a user's own folder: which columns it may have, read and checked line by line."""

import csv
import dataclasses
import difflib
import pathlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from affectjax.affect import vad
from tfds_builders import folds, tables

FILE = "labels.csv"
SPLITS = ("train", "validation", "test")
PLAIN = ("file", "split", "subject", "emotion", "text")
VOTES = "votes_"
FOLDS = 5  # made of subjects where nobody says which clip is for what
_RATED = re.compile(r"(valence|arousal|dominance)(?:_(-?\d+)_(-?\d+))?")
_HELP = (
    f"columns may be {', '.join(PLAIN)}, valence, arousal, dominance (or valence_1_9 and so on, "
    f"with the ends of another scale than -1 to 1) and {VOTES}<emotion>"
)


@dataclass(frozen=True)
class Clip:
    """A line of the table; what the table has no column of is None.

    `vad` is in [-1, 1], NaN where the dimension was not rated; `votes` in the order of the
    emotions; `emotion` and `subject` are numbers.
    """

    file: str
    split: str
    subject: int | None
    emotion: int | None
    vad: tuple[float, ...] | None
    votes: tuple[int, ...] | None
    text: str | None


@dataclass(frozen=True)
class Table:
    """All lines, and what they have in common.

    Attributes:
      emotions: names in index order, alphabetical; none where there is no such column.
      scale, rated: of valence, arousal and dominance, None and () where there are none.
      voted, texts, subjects: whether there are such columns.
    """

    clips: tuple[Clip, ...]
    emotions: tuple[str, ...] = ()
    scale: vad.Scale | None = None
    rated: tuple[str, ...] = ()
    voted: bool = False
    texts: bool = False
    subjects: bool = False

    def splits(self) -> dict[str, list[Clip]]:
        """The clips of each split, in the order of the table."""
        found: dict[str, list[Clip]] = {}
        for clip in self.clips:
            found.setdefault(clip.split, []).append(clip)
        return dict(sorted(found.items()))


def read(folder: pathlib.Path) -> Table:
    """The table of a folder.

    Without a column `split`, the clips are dealt into `fold1`, `fold2` ... by subject.

    Raises:
      FileNotFoundError: no labels.csv.
      ValueError: an unknown column, a cell that its column does not allow, a file twice, a subject
        in two splits, or nothing that says which clips belong together. Names file and line.
    """
    path = folder / FILE
    columns = _columns(path)
    rows = list(tables.read(path, columns, unique="file"))
    scale, rated = _scale(path, columns)
    emotions = _emotions(path, columns, rows)
    subjects = sorted({_filled(row, "subject") for row in rows}) if "subject" in columns else []
    unplaced = [
        Clip(
            file=_file(row),
            split="",
            subject=subjects.index(row["subject"]) if subjects else None,
            emotion=row.one_of("emotion", emotions) if "emotion" in columns else None,
            vad=_vad(row, scale, columns) if scale else None,
            votes=_votes(row, emotions, columns) if _voted(columns) else None,
            text=row["text"] if "text" in columns else None,
        )
        for row in rows
    ]
    parts = _parts(path, columns, rows)  # after the cells, whose faults are nearer the user
    places = zip(unplaced, rows, strict=True)
    clips = tuple(dataclasses.replace(clip, split=parts[row["file"]]) for clip, row in places)
    _check_apart(path, clips)
    return Table(
        clips=clips,
        emotions=emotions,
        scale=scale,
        rated=rated,
        voted=_voted(columns),
        texts="text" in columns,
        subjects=bool(subjects),
    )


def expressions(table: Table, fold: int) -> dict[str, str]:
    """Split expressions train, validation and test: the column `split`, or fold 1.. of subjects.

    Raises:
      ValueError: a split is missing, the fold is not there, or an emotion has no training clip.
    """
    splits = table.splits()
    if "fold1" in splits:
        told = folds.expressions(fold, len(splits), "the folder")
    else:
        if fold != 1:
            raise ValueError(f"fold={fold}: {FILE} has a column split, which is fold 1")
        if missing := [name for name in SPLITS if name not in splits]:
            raise ValueError(
                f"{FILE}: no clip is marked {' or '.join(missing)} in the column split; all of "
                f"{', '.join(SPLITS)} are needed (validation chooses the checkpoint)"
            )
        told = {name: name for name in SPLITS}
    learnt = {c.emotion for part in told["train"].split("+") for c in splits[part]}
    if absent := [n for i, n in enumerate(table.emotions) if i not in learnt and not table.voted]:
        raise ValueError(
            f"{FILE}: no training clip shows {', '.join(absent)} (train is {told['train']}): add "
            "clips, or take the emotion out"
        )
    return told


def _columns(path: pathlib.Path) -> list[str]:
    """The names in the first line, all known."""
    lines = tables.decoded(path).splitlines()
    columns = next(csv.reader(lines[:1]), [])
    twice = sorted({c for c in columns if columns.count(c) > 1})
    unknown = [c for c in columns if not _known(c)]
    if twice or unknown:
        names = [*PLAIN, *vad.DIMENSIONS, VOTES]
        near = [n for c in unknown for n in difflib.get_close_matches(c, names, 1)]
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        what = f"columns twice: {twice}" if twice else f"unknown columns {unknown}{hint}"
        raise ValueError(f"{path}, line 1: {what}; {_HELP}. Take others out")
    if "file" not in columns:
        raise ValueError(f"{path}, line 1: no column file; {_HELP}")
    if "emotion" not in columns and not any(map(_RATED.fullmatch, columns)):
        raise ValueError(f"{path}, line 1: neither emotion nor valence and arousal; {_HELP}")
    return columns


def _known(column: str) -> bool:
    is_vote = column.startswith(VOTES) and column != VOTES
    return column in PLAIN or is_vote or bool(_RATED.fullmatch(column))


def _scale(path: pathlib.Path, columns: Sequence[str]) -> tuple[vad.Scale | None, tuple[str, ...]]:
    """The one scale of the rated dimensions, and which they are."""
    found = [match for match in map(_RATED.fullmatch, columns) if match]
    if not found:
        return None, ()
    rated = tuple(d for d in vad.DIMENSIONS if d in [match[1] for match in found])
    ends = {(int(m[2] or -1), int(m[3] or 1)) for m in found}
    if len(found) > len(rated) or len(ends) > 1:
        raise ValueError(f"{path}, line 1: {[m[0] for m in found]} must be one scale, each once")
    if rated not in (vad.DIMENSIONS[:2], vad.DIMENSIONS):
        raise ValueError(
            f"{path}, line 1: {', '.join(rated)} alone; valence and arousal go together"
        )
    low, high = ends.pop()
    if low >= high:
        raise ValueError(f"{path}, line 1: the scale {low} to {high} has no length")
    return vad.Scale(f"{low} to {high}", low, high, FILE), rated


def _emotions(
    path: pathlib.Path, columns: Sequence[str], rows: Sequence[tables.Row]
) -> tuple[str, ...]:
    """The names of the column emotion and of the votes, alphabetical."""
    voted = {c.removeprefix(VOTES) for c in columns if c.startswith(VOTES)}
    if "emotion" not in columns:
        if voted:
            raise ValueError(f"{path}, line 1: {VOTES}... need a column emotion beside them")
        return ()
    shown = {_filled(row, "emotion") for row in rows}
    if voted and (without := sorted(shown - voted)):
        raise ValueError(f"{path}: there are votes, but no column {VOTES}{without[0]}")
    names = tuple(sorted(shown | voted))
    if len(names) < 2:
        raise ValueError(f"{path}: every emotion is {names[0]!r}: there is nothing to learn")
    return names


def _parts(
    path: pathlib.Path, columns: Sequence[str], rows: Sequence[tables.Row]
) -> Mapping[str, str]:
    """The split of each file."""
    if "split" in columns:
        return {row["file"]: SPLITS[row.one_of("split", SPLITS)] for row in rows}
    if "subject" not in columns:
        raise ValueError(
            f"{path}, line 1: neither split nor subject: without one of them the same person would "
            "be in training and in test. Add a column subject (any name for each person), or split "
            f"({', '.join(SPLITS)})"
        )
    groups = {row["file"]: _filled(row, "subject") for row in rows}
    count = min(FOLDS, len(set(groups.values())))
    if count < 3:
        raise ValueError(
            f"{path}: {count} subjects; training, validation and test need three, or a column split"
        )
    return {file: f"fold{fold}" for file, fold in folds.of_groups(groups, count).items()}


def _file(row: tables.Row) -> str:
    """The cell `file`: a path below the folder."""
    path = pathlib.PurePosixPath(_filled(row, "file"))
    if path.is_absolute() or ".." in path.parts or "\\" in row["file"]:
        raise ValueError(
            f"{row.where}: file {row['file']!r} must be a path below the folder of {FILE}, with /"
        )
    return str(path)


def _vad(row: tables.Row, scale: vad.Scale, columns: Sequence[str]) -> tuple[float, ...]:
    out = dict.fromkeys(vad.DIMENSIONS, float("nan"))
    for column in columns:
        if match := _RATED.fullmatch(column):
            native = row.number(column, scale.low, scale.high)
            out[match[1]] = float(np.asarray(scale.to_unit(np.array(native))))
    return tuple(out.values())


def _votes(row: tables.Row, emotions: Sequence[str], columns: Sequence[str]) -> tuple[int, ...]:
    votes = tuple(row.whole(VOTES + name) if VOTES + name in columns else 0 for name in emotions)
    if not sum(votes):
        raise ValueError(f"{row.where}: nobody voted; take the clip out, or all votes")
    return votes


def _voted(columns: Sequence[str]) -> bool:
    return any(c.startswith(VOTES) for c in columns)


def _filled(row: tables.Row, column: str) -> str:
    if not row[column].strip():
        raise ValueError(f"{row.where}: {column} is empty")
    return row[column]


def _check_apart(path: pathlib.Path, clips: Sequence[Clip]) -> None:
    """Raise ValueError where a subject is in two splits."""
    where: dict[int, Clip] = {}
    for clip in clips:
        if clip.subject is None:
            continue
        first = where.setdefault(clip.subject, clip)
        if first.split != clip.split:
            raise ValueError(
                f"{path}: one subject is in two splits, with {first.file} in {first.split} and "
                f"{clip.file} in {clip.split}: scores would be of people known from training"
            )
