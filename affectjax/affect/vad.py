"""Valence, arousal and dominance: scales to and from [-1, 1], and the circumplex."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

DIMENSIONS = ("valence", "arousal", "dominance")
Values = Float[np.ndarray, "*b"]


@dataclass(frozen=True)
class Scale:
    """A rating scale with its ends, mapped linearly so that its middle is 0."""

    name: str
    low: float
    high: float
    source: str

    def to_unit(self, values: Values) -> Values:
        """Native ratings to [-1, 1].

        Raises:
          ValueError: a rating outside the scale or not finite; names the first.

        >>> SAM9.to_unit(np.array([1.0, 5.0, 9.0])).tolist()
        [-1.0, 0.0, 1.0]
        """
        values = np.asarray(values, np.float64)
        _check(values, self.low, self.high, f"the scale {self.name}")
        return 2 * (values - self.low) / (self.high - self.low) - 1

    def from_unit(self, values: Values) -> Values:
        """[-1, 1] to native ratings; the inverse of `to_unit`."""
        values = np.asarray(values, np.float64)
        _check(values, -1.0, 1.0, "[-1, 1]")
        return self.low + (values + 1) / 2 * (self.high - self.low)


UNIT = Scale("unit", -1, 1, "AffectNet, Aff-Wild2; Russell & Mehrabian 1977")
SHARE = Scale("share", 0, 1, "NRC VAD lexicon, Mohammad 2018")
SAM9 = Scale("SAM9", 1, 9, "Self-Assessment Manikin, Bradley & Lang 1994: IAPS, DEAP, ANEW")
SAM7 = Scale("SAM7", 1, 7, "OASIS, Kurdi et al. 2017")
SAM5 = Scale("SAM5", 1, 5, "IEMOCAP, MSP-IMPROV, EmoBank, DREAMER")
EMOTIC10 = Scale("EMOTIC10", 1, 10, "EMOTIC, Kosti et al. 2019")
SCALES = (UNIT, SHARE, SAM9, SAM7, SAM5, EMOTIC10)


def circumplex(valence: Values, arousal: Values) -> tuple[Values, Values]:
    """(angle in degrees from pleasure counter-clockwise in [0, 360), intensity) (Russell 1980).

    >>> angle, intensity = circumplex(np.array([0.0]), np.array([0.5]))
    >>> angle.tolist(), intensity.tolist()
    ([90.0], [0.5])
    """
    angle = np.degrees(np.arctan2(arousal, valence)) % 360
    return angle, np.hypot(valence, arousal)


def _check(values: np.ndarray, low: float, high: float, where: str) -> None:
    bad = values[~((values >= low) & (values <= high))]
    if bad.size:
        raise ValueError(f"{bad.flat[0]} lies outside {where}, {low} to {high}")
