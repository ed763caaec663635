"""The seven fields of a RAVDESS file name, checked."""

import re
from dataclasses import dataclass

from affectjax.affect.labels import RAVDESS8

EMOTIONS = RAVDESS8.names
_FIELDS = {
    "modality": range(1, 4),
    "channel": range(1, 3),
    "emotion": range(1, 9),
    "intensity": range(1, 3),
    "statement": range(1, 3),
    "repetition": range(1, 3),
    "actor": range(1, 25),
}


@dataclass(frozen=True)
class Name:
    """Modality 1 AV, 2 video, 3 audio; channel 1 speech, 2 song; emotion 1..8; intensity 1
    normal, 2 strong; statement and repetition 1..2; actor 1..24 (odd men, even women).
    """

    modality: int
    channel: int
    emotion: int
    intensity: int
    statement: int
    repetition: int
    actor: int


def expected(actor: int) -> tuple[str, ...]:
    """The names without ending of an actor's official sound files, in order.

    >>> len(expected(1)), expected(1)[0], expected(24)[-1]
    (60, '03-01-01-01-01-01-01', '03-01-08-02-02-02-24')
    """
    return tuple(
        f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
        for emotion in _FIELDS["emotion"]
        for intensity in ((1,) if emotion == 1 else (1, 2))
        for statement in (1, 2)
        for repetition in (1, 2)
    )


def parse(file: str) -> Name:
    """The fields of "03-01-06-01-02-01-12.wav".

    Raises:
      ValueError: not seven two-digit fields, or a field out of its range.

    >>> parse("03-01-06-01-02-01-12.wav").emotion
    6
    """
    if not re.fullmatch(r"\d\d(-\d\d){6}\.\w+", file):
        raise ValueError(f"{file!r} is not a RAVDESS name: seven two-digit fields are expected")
    values = dict(zip(_FIELDS, map(int, file.split(".")[0].split("-")), strict=True))
    for field, allowed in _FIELDS.items():
        if values[field] not in allowed:
            raise ValueError(f"{file!r}: {field} {values[field]} is not in 1..{allowed[-1]}")
    if values["emotion"] == 1 and values["intensity"] == 2:
        raise ValueError(f"{file!r}: neutral has no strong intensity")
    return Name(**values)
