"""The fields of an EmoDB file name, checked, and the table of the official listening test."""

import pathlib
import re
from dataclasses import dataclass

from affectjax.affect.labels import EMODB7
from tfds_builders import tables

EMOTIONS = EMODB7.names
HEAD = ["Nr.", "Satz", "erkannt", "natuerlich"]  # of recognition_rates.txt
LETTERS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
SPEAKERS = {3: "m", 8: "f", 9: "f", 10: "m", 11: "m", 12: "m", 13: "f", 14: "f", 15: "m", 16: "f"}


@dataclass(frozen=True)
class Name:
    """Speaker 3..16, text (one of ten), emotion as in EMODB7, take a letter."""

    speaker: int
    text: str
    emotion: str
    take: str


def parse(file: str) -> Name:
    """The fields of "03a01Wa.wav".

    Raises:
      ValueError: another pattern, or a speaker, text or emotion letter that does not exist.

    >>> parse("16b10Tb.wav")
    Name(speaker=16, text='b10', emotion='sadness', take='b')
    """
    found = re.fullmatch(r"(\d\d)([ab]\d\d)([A-Z])([a-z])\.wav", file, re.IGNORECASE)
    if not found:
        raise ValueError(f"{file!r} is not an EmoDB name, such as 03a01Wa.wav")
    speaker, text, letter, take = int(found[1]), found[2], found[3], found[4]
    for field, value, allowed in (
        ("speaker", speaker, SPEAKERS),
        ("text", text, TEXTS),
        ("emotion", letter, LETTERS),
    ):
        if value not in allowed:
            listed = ", ".join(str(a) for a in allowed)
            raise ValueError(f"{file!r}: {field} {value} is not one of {listed}")
    return Name(speaker, text, LETTERS[letter], take)


def recognition(path: pathlib.Path) -> dict[str, tuple[float, float]]:
    """Clip -> shares in [0, 1] of listeners who recognised it and who found it natural.

    Tab-separated with one head line, numbers in per cent with decimal commas. The table has more
    clips than were released.

    Raises:
      ValueError: not UTF-8, another head, a line of another form or a clip twice; names file and
        line.
    """
    rates: dict[str, tuple[float, float]] = {}
    for number, line in enumerate(tables.decoded(path).splitlines(), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and cells != HEAD:
            raise ValueError(f"{path} is another version: it begins with {line!r}, not {HEAD}")
        if number == 1 or not any(cells):
            continue
        try:
            _, file, *shares = cells
            stem = file.removesuffix(".wav")
            recognised, natural = (float(c.replace(",", ".")) / 100 for c in shares)
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}: {line!r} is not number, clip, recognised, natural"
            ) from error
        if not (0 <= recognised <= 1 and 0 <= natural <= 1):
            raise ValueError(f"{path}, line {number}: {line!r} is not between 0 and 100 per cent")
        if stem in rates:
            raise ValueError(f"{path}, line {number}: {stem} is there twice")
        rates[stem] = (recognised, natural)
    return rates
