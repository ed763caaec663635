"""MSP-IMPROV's label file, Evalution.txt (sic), checked line by line."""

import pathlib
import re
from dataclasses import dataclass

import numpy as np

from affectjax.affect import vad
from tfds_builders import tables

FILE = "Evalution.txt"
# The majority's letter; O another emotion, X no agreement: neither is one of the four.
LETTERS = {"A": "anger", "H": "happiness", "N": "neutral", "S": "sadness", "O": "", "X": ""}
SCENARIOS = {
    "P": "natural, before and after",
    "R": "read target",
    "S": "improvised",
    "T": "improvised target",
}
SESSIONS = range(1, 7)
_NAME = (
    r"(?:UTD|MSP)-IMPROV-(?P<name>S(?P<sentence>\d\d)(?P<meant>[A-Z])-"
    r"(?P<sex>[FM])(?P<session>0[1-6])-(?P<scenario>[PRST])-[FM]{2}\d+)\.avi"
)
_VALUE = r"\s*(?:[\d.]+|NaN)\s*"
_LINE = re.compile(
    rf"{_NAME};\s*(?P<letter>\w+)\s*;\s*A:(?P<a>{_VALUE});\s*V:(?P<v>{_VALUE});"
    rf"\s*D:(?P<d>{_VALUE});\s*(?:N:(?P<n>{_VALUE});)?\s*"
)


@dataclass(frozen=True)
class Turn:
    """A rated turn: subject 1 to 12 (a session's woman before its man), VAD in [-1, 1].

    `natural`: 1 to 5, NaN where it was not rated; `vad` is NaN throughout where no dimension was.
    """

    name: str
    session: int
    sentence: str
    scenario: str
    subject: int
    letter: str
    vad: np.ndarray
    natural: float


def read(path: pathlib.Path) -> list[Turn]:
    """The turns: lines "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:3.0; V:4.0; D:2.9 ; N:4.0;".

    The lines of the single raters, which follow each turn, are passed over.

    Raises:
      ValueError: a turn's line of another form, another letter, a mean outside 1 to 5, some but not
        all dimensions, a turn twice, or none at all; names the line.
    """
    found: dict[str, Turn] = {}
    for number, line in enumerate(tables.decoded(path).splitlines(), 1):
        if ".avi;" not in line:
            continue
        where = f"{path}, line {number}"
        turn = _turn(line.strip(), where)
        if turn.name in found:
            raise ValueError(f"{where}: {turn.name} is there twice")
        found[turn.name] = turn
    if not found:
        raise ValueError(f"{path} holds no line such as UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:3.0;")
    return list(found.values())


def _turn(line: str, where: str) -> Turn:
    told = _LINE.fullmatch(line)
    if not told:
        raise ValueError(f"{where}: {line[:90]!r} is not <name>.avi; N; A:3.0; V:4.0; D:2.9;")
    if told["letter"] not in LETTERS:
        raise ValueError(f"{where}: {told['letter']!r} is not one of {', '.join(LETTERS)}")
    values = np.array([float(told[d]) for d in "vad"])
    if np.isnan(values).any() and not np.isnan(values).all():
        raise ValueError(f"{where}: some dimensions are rated and some are not: {values}")
    try:
        unit = values if np.isnan(values).all() else vad.SAM5.to_unit(values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    session = int(told["session"])
    return Turn(
        name=told["name"],
        session=session,
        sentence=f"S{told['sentence']}{told['meant']}",
        scenario=told["scenario"],
        subject=2 * session - (told["sex"] == "F"),  # F01 and M01 share the first session
        letter=told["letter"],
        vad=unit.astype(np.float32),
        natural=float(told["n"] or "nan"),
    )


def sound_of(root: pathlib.Path, turn: Turn) -> pathlib.Path:
    """Where a turn's .wav lies: below Audio/, as downloaded, or beside the films."""
    place = f"session{turn.session}/{turn.sentence}/{turn.scenario}/MSP-IMPROV-{turn.name}.wav"
    below = root / "Audio" / place
    return below if below.is_file() else root / place
