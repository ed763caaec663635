"""FACS action units by number, and the units of prototypical expressions."""

from dataclasses import dataclass

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
