"""The fields of a CREMA-D clip name, checked; speakers of the folds; clips left out of them."""

import re
from dataclasses import dataclass

from affectjax.affect.labels import CREMAD6

EMOTIONS = CREMAD6.names
CODES = dict(zip(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), EMOTIONS, strict=True))
LEVELS = ("XX", "LO", "MD", "HI")  # unspecified, low, medium, high
SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
ACTORS = tuple(range(1001, 1092))
FOLDS = 5

# What HiCMAE's released lists leave out; the first two have damaged media.
EXCLUDED = ("1064_IEO_DIS_MD", "1064_TIE_SAD_XX", "1076_MTI_NEU_XX", "1076_MTI_SAD_XX")


@dataclass(frozen=True)
class Name:
    """Actor 1001..1091, sentence code, *intended* emotion as in CREMAD6, level of LEVELS."""

    actor: int
    sentence: str
    emotion: str
    level: str


def parse(stem: str) -> Name:
    """The fields of "1001_IEO_ANG_HI".

    Raises:
      ValueError: not four fields, or a field that does not exist.

    >>> parse("1001_IEO_ANG_HI")
    Name(actor=1001, sentence='IEO', emotion='anger', level='HI')
    """
    found = re.fullmatch(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})", stem)
    if not found:
        raise ValueError(f"{stem!r} is not a CREMA-D name, such as 1001_IEO_ANG_HI")
    actor, sentence, code, level = int(found[1]), found[2], found[3], found[4]
    for field, value, allowed in (
        ("actor", actor, ACTORS),
        ("sentence", sentence, SENTENCES),
        ("emotion", code, CODES),
        ("level", level, LEVELS),
    ):
        if value not in allowed:
            shown = "1001 to 1091" if field == "actor" else ", ".join(map(str, allowed))
            raise ValueError(f"{stem!r}: {field} {value} is not one of {shown}")
    return Name(actor, sentence, CODES[code], level)


def actors_of(fold: int) -> tuple[int, ...]:
    """The actors that fold 1..5 tests: 1001-1018, ... 1073-1091 (HiCMAE's released lists).

    Raises:
      ValueError: a fold that does not exist.
    """
    if not 1 <= fold <= FOLDS:
        raise ValueError(f"fold={fold}: CREMA-D has folds 1 to {FOLDS}")
    first = 1001 + 18 * (fold - 1)
    return tuple(range(first, 1092 if fold == FOLDS else first + 18))


def folds(fold: int, validation: int = 10) -> dict[str, str]:
    """Split expressions of a fold: train, validation and test share no actor.

    Validation takes the first actors after the test actors, cyclically.

    Raises:
      ValueError: a fold that does not exist, or not 1 to 60 validation actors.

    >>> folds(5)["validation"].split("+")[0]
    'actor1001'
    """
    if not 1 <= validation <= 60:
        raise ValueError(f"validation={validation} actors; allowed: 1 to 60")
    test = actors_of(fold)
    after = [a for a in ACTORS if a > test[-1]] + [a for a in ACTORS if a < test[0]]
    parts = {"train": after[validation:], "validation": after[:validation], "test": test}
    return {k: "+".join(f"actor{a}" for a in sorted(v)) for k, v in parts.items()}
