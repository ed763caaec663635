"""FACS action units by number, and the units of prototypical expressions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from affectjax.affect import mapping

SOURCE = "Ekman, Friesen & Hager 2002, Facial Action Coding System; EMFACS prototypes"


@dataclass(frozen=True)
class ActionUnit:
    """A unit of the face: its number in FACS, its name, and the muscles that make it."""

    number: int
    name: str
    muscle: str


UNITS = {
    unit.number: unit
    for unit in (
        ActionUnit(1, "inner brow raiser", "frontalis, pars medialis"),
        ActionUnit(2, "outer brow raiser", "frontalis, pars lateralis"),
        ActionUnit(4, "brow lowerer", "corrugator supercilii, depressor supercilii"),
        ActionUnit(5, "upper lid raiser", "levator palpebrae superioris"),
        ActionUnit(6, "cheek raiser", "orbicularis oculi, pars orbitalis"),
        ActionUnit(7, "lid tightener", "orbicularis oculi, pars palpebralis"),
        ActionUnit(9, "nose wrinkler", "levator labii superioris alaeque nasi"),
        ActionUnit(10, "upper lip raiser", "levator labii superioris"),
        ActionUnit(11, "nasolabial deepener", "zygomaticus minor"),
        ActionUnit(12, "lip corner puller", "zygomaticus major"),
        ActionUnit(13, "cheek puffer", "levator anguli oris"),
        ActionUnit(14, "dimpler", "buccinator"),
        ActionUnit(15, "lip corner depressor", "depressor anguli oris"),
        ActionUnit(16, "lower lip depressor", "depressor labii inferioris"),
        ActionUnit(17, "chin raiser", "mentalis"),
        ActionUnit(18, "lip puckerer", "incisivi labii superioris and inferioris"),
        ActionUnit(20, "lip stretcher", "risorius with platysma"),
        ActionUnit(22, "lip funneler", "orbicularis oris"),
        ActionUnit(23, "lip tightener", "orbicularis oris"),
        ActionUnit(24, "lip pressor", "orbicularis oris"),
        ActionUnit(25, "lips part", "depressor labii inferioris, or relaxed mentalis"),
        ActionUnit(26, "jaw drop", "masseter relaxed; temporalis, internal pterygoid"),
        ActionUnit(27, "mouth stretch", "pterygoids, digastric"),
        ActionUnit(28, "lip suck", "orbicularis oris"),
        ActionUnit(43, "eyes closed", "levator palpebrae superioris relaxed"),
        ActionUnit(45, "blink", "levator palpebrae superioris relaxed, orbicularis oculi"),
    )
}
NAMES = {number: unit.name for number, unit in UNITS.items()}

# Units of the full expressions of Ekman's six (EMFACS; variants leave some out).
PROTOTYPES: dict[str, tuple[int, ...]] = {
    "neutral": (),
    "happiness": (6, 12),
    "sadness": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "fear": (1, 2, 4, 5, 7, 20, 26),
    "disgust": (9, 15, 17),
    "anger": (4, 5, 7, 23),
}

# Shares of people who show a unit in an expression (Du, Tao & Martinez 2014, table 1: units of more
# than 70% count as prototypical, here 1). As remembered from the papers that couple expressions and
# units by them; the printed table was not at hand.
SHARES: dict[str, dict[int, float]] = {
    "neutral": {},
    "happiness": {12: 1.0, 25: 1.0, 6: 0.51},
    "sadness": {4: 1.0, 15: 1.0, 1: 0.60, 6: 0.50, 11: 0.26, 17: 0.67},
    "surprise": {1: 1.0, 2: 1.0, 25: 1.0, 26: 1.0, 5: 0.66},
    "fear": {1: 1.0, 4: 1.0, 20: 1.0, 25: 1.0, 2: 0.57, 5: 0.63, 26: 0.33},
    "disgust": {9: 1.0, 10: 1.0, 17: 1.0, 4: 0.31, 24: 0.26},
    "anger": {4: 1.0, 7: 1.0, 24: 1.0, 10: 0.26, 17: 0.52, 23: 0.29},
}


def shares(names: Sequence[str], units: Sequence[int]) -> Float[np.ndarray, "k a"]:
    """SHARES as a table: how often each expression shows each unit.

    Raises:
      ValueError: an expression without a row.

    >>> shares(("neutral", "happy"), (6, 12)).tolist()
    [[0.0, 0.0], [0.51, 1.0]]
    """
    roots = [mapping.SYNONYMS.get(name, name) for name in names]
    if unknown := [n for n in roots if n not in SHARES]:
        raise ValueError(f"no action units of {unknown}; there are {', '.join(SHARES)}")
    return np.array([[SHARES[n].get(unit, 0.0) for unit in units] for n in roots])
