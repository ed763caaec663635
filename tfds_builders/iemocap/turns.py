"""The turns of IEMOCAP's evaluation files, checked line by line."""

import pathlib
import re
from dataclasses import dataclass

import numpy as np

from affectjax.affect import vad
from tfds_builders import tables

SESSIONS = (1, 2, 3, 4, 5)
# The majority's emotion; xxx where there is none, oth another one.
CODES = {
    "ang": "anger",
    "hap": "happiness",
    "exc": "excitement",
    "neu": "neutral",
    "sad": "sadness",
    "fru": "frustration",
    "fea": "fear",
    "sur": "surprise",
    "dis": "disgust",
    "oth": "",
    "xxx": "",
}
_LINE = re.compile(
    r"\[(?P<start>[\d.]+) - (?P<end>[\d.]+)\]\t(?P<name>\S+)\t(?P<code>\S+)\t"
    r"\[(?P<v>[\d.]+), (?P<a>[\d.]+), (?P<d>[\d.]+)\]\s*"
)
_NAME = re.compile(r"Ses0(?P<session>[1-5])[FM]_(?P<kind>impro|script)\w*_(?P<sex>[FM])\w*\d+")


@dataclass(frozen=True)
class Turn:
    """A turn: times in seconds of the dialogue, subject 1 to 10, VAD in [-1, 1].

    `cut`: a mean lay beyond the scale's end, and the end is stored.
    """

    name: str
    dialogue: str
    session: int
    subject: int
    improvised: bool
    start: float
    end: float
    code: str
    vad: np.ndarray
    cut: bool


def four(code: str) -> str:
    """Emotion of the four-class protocol, which joins happiness and excitement; "" for others.

    >>> four("exc"), four("fru")
    ('happiness', '')
    """
    return {"ang": "anger", "hap": "happiness", "exc": "happiness", "neu": "neutral"}.get(
        code, "sadness" if code == "sad" else ""
    )


def nine(code: str) -> str:
    """Emotion of a code; "" where the raters did not agree or chose another."""
    return CODES[code]


def of_session(root: pathlib.Path, session: int) -> list[Turn]:
    """The turns of a session in order of name.

    Turns whose VAD lies up to half a step beyond 1 to 5 are printed.

    Raises:
      ValueError: no file, a turn twice, a line of a turn in another form; names file and line.
    """
    folder = root / f"Session{session}/dialog/EmoEvaluation"
    files = sorted(p for p in folder.glob("*.txt") if not p.name.startswith("."))
    if not files:
        raise ValueError(f"{folder} holds no .txt")
    found: dict[str, Turn] = {}
    for path in files:
        for number, line in enumerate(tables.decoded(path).splitlines(), 1):
            if not line.startswith("["):
                continue  # head, blank lines, and the raters' single answers
            turn = _turn(f"{path}, line {number}", path.stem, line)
            if turn.session != session or turn.name in found:
                raise ValueError(f"{path}, line {number}: {turn.name} is twice or out of place")
            found[turn.name] = turn
    if cut := sorted(turn.name for turn in found.values() if turn.cut):
        print(f"session {session}: VAD beyond 1 to 5, stored as the scale's end: {', '.join(cut)}")
    return [found[name] for name in sorted(found)]


def sound_of(root: pathlib.Path, turn: Turn) -> pathlib.Path:
    """Where the sound of a turn lies."""
    place = root / f"Session{turn.session}/sentences/wav" / turn.dialogue
    return place / f"{turn.name}.wav"


def _turn(where: str, dialogue: str, line: str) -> Turn:
    cells, name = _LINE.fullmatch(line), None
    if cells:
        name = _NAME.fullmatch(cells["name"])
    if not cells or not name:
        raise ValueError(
            f"{where}: {line!r} is not [start - end], turn, emotion, [v, a, d] between tabs"
        )
    if cells["code"] not in CODES:
        raise ValueError(f"{where}: emotion {cells['code']!r} is not one of {', '.join(CODES)}")
    session = int(name["session"])
    # Means run up to half a step beyond the scale in a few turns; further out is a fault.
    native = np.array([float(cells[key]) for key in "vad"])
    if native.min() < 0.5 or native.max() > 5.5:
        raise ValueError(f"{where}: [v, a, d] {native.tolist()} lie outside 1 to 5")
    unit = vad.SAM5.to_unit(np.clip(native, 1, 5))
    return Turn(
        cells["name"],
        dialogue,
        session,
        2 * session - (name["sex"] == "F"),
        name["kind"] == "impro",
        float(cells["start"]),
        float(cells["end"]),
        cells["code"],
        np.asarray(unit, np.float32),
        bool((native < 1).any() or (native > 5).any()),
    )
