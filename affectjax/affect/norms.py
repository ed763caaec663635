"""Mean and standard deviation of valence, arousal and dominance of emotion terms."""

import csv
import pathlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from affectjax.affect.labels import LabelSpace

SOURCE = (
    "Russell & Mehrabian 1977, Evidence for a three-factor theory of emotions, 151 terms rated on "
    "semantic differentials, scale -1 to 1"
)

# Categories whose norm stands under another form of the word.
FORMS = {
    "happiness": "happy",
    "joy": "joyful",
    "sadness": "sad",
    "surprise": "surprised",
    "fear": "fearful",
    "disgust": "disgusted",
    "anger": "angry",
    "awe": "awed",
    "excitement": "excited",
    "affection": "affectionate",
    "doubt/confusion": "confused",
    "embarrassment": "embarrassed",
    "fatigue": "fatigued",
    "anxiety": "anxious",
    "frustration": "frustrated",
    "helplessness": "helpless",
    "shame": "shamed",
    "guilt": "guilty",
}
# Categories that were not rated, by the term nearest in meaning: our judgement, not the source's.
NEAREST = {
    "calm": "relaxed",
    "amusement": "joyful",
    "contentment": "relaxed",
    "anticipation": "hopeful",
    "aversion": "disgusted",
    "confidence": "capable",
    "disconnection": "detached",
    "disquietment": "troubled",
    "peace": "relaxed",
    "suffering": "anguished",
    "trust": "secure",
    "annoyance": "mildly annoyed",
    "disapproval": "displeased",
    "engagement": "interested",
    "esteem": "admired",
    "pleasure": "enjoyment",
}
TERMS = FORMS | NEAREST


@dataclass(frozen=True)
class Norm:
    """Mean and SD of (valence, arousal, dominance) in [-1, 1]."""

    term: str
    mean: tuple[float, float, float]
    sd: tuple[float, float, float]


# No source rates "neutral"; it is the scale's origin, with the median SD of the 151 terms.
NEUTRAL = Norm("neutral", (0.0, 0.0, 0.0), (0.26, 0.31, 0.32))


@lru_cache
def table() -> dict[str, Norm]:
    """The 151 terms by name."""
    path = pathlib.Path(__file__).with_name("russell_mehrabian_1977.csv")
    with path.open(newline="") as file:
        return {
            row["term"]: Norm(
                row["term"],
                (float(row["v_mean"]), float(row["a_mean"]), float(row["d_mean"])),
                (float(row["v_sd"]), float(row["a_sd"]), float(row["d_sd"])),
            )
            for row in csv.DictReader(file)
        }


def norm(name: str) -> Norm:
    """The norm of a term or of a category's name.

    Raises:
      ValueError: neither the table nor TERMS knows the name.

    >>> norm("anger").mean
    (-0.51, 0.59, 0.25)
    """
    if name == "neutral":
        return NEUTRAL
    term = TERMS.get(name, name)
    if term not in table():
        raise ValueError(f"no VAD norm of {name!r} in {SOURCE}; give one, or add it to NEAREST")
    return table()[term]


def of_space(space: LabelSpace) -> tuple[np.ndarray, np.ndarray]:
    """Means and SDs, (k, 3) each, of a label space.

    Raises:
      ValueError: a category without a norm.
    """
    norms = [norm(name) for name in space.names]
    return np.array([n.mean for n in norms]), np.array([n.sd for n in norms])
