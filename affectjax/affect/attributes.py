"""What pictures hold beside an emotion: EmoSet's attributes, and the two that pixels tell."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, UInt8

# One of so many each (official data class and info.json of JingyuanYY/EmoSet).
COUNTS: Mapping[str, int] = {
    "brightness": 11,
    "colorfulness": 11,
    "scene": 254,
    "facial_expression": 6,
    "human_action": 264,
}
KINDS = tuple(COUNTS)
MEASURED = ("brightness", "colorfulness")  # of pixels, in steps of 0.1 from 0 to 1
OBJECTS = 409  # that may be there together
STEPS = COUNTS["brightness"] - 1
# What people call "extremely colourful" (Hasler & Süsstrunk 2003, table 2).
EXTREME = 109.0


def brightness(picture: UInt8[np.ndarray, "h w 3"]) -> float:
    """Mean value V of HSV, the largest of red, green and blue, from 0 to 1.

    >>> brightness(np.array([[[255, 0, 0], [0, 0, 51]]], np.uint8))
    0.6
    """
    return float(picture.max(-1).mean() / 255)


def colourfulness(picture: UInt8[np.ndarray, "h w 3"]) -> float:
    """sigma + 0.3 mu of the opponent colours, as Hasler & Süsstrunk 2003: 0 for grey.

    rg = R - G and yb = (R + G) / 2 - B; sigma and mu are the roots of the summed squares of their
    standard deviations and means. 15 is slightly, 59 quite, 109 extremely colourful.

    >>> round(colourfulness(np.array([[[255, 0, 0]]], np.uint8)), 2)  # 0.3 sqrt(255^2 + 127.5^2)
    85.53
    """
    r, g, b = np.moveaxis(picture.astype(np.float64), -1, 0)
    rg, yb = r - g, (r + g) / 2 - b
    sigma = np.hypot(rg.std(), yb.std())
    return float(sigma + 0.3 * np.hypot(rg.mean(), yb.mean()))


def measured(picture: UInt8[np.ndarray, "h w 3"]) -> dict[str, float]:
    """`MEASURED` of a picture, from 0 to 1; colourfulness as a share of `EXTREME`, at most 1.

    By which formula EmoSet's authors measured colourfulness is not told.

    >>> measured(np.zeros((2, 2, 3), np.uint8))
    {'brightness': 0.0, 'colorfulness': 0.0}
    """
    shares = brightness(picture), min(colourfulness(picture) / EXTREME, 1.0)
    return dict(zip(MEASURED, shares, strict=True))


def step(value: float | Float[np.ndarray, ""]) -> int:
    """The nearest step of `MEASURED` to a value from 0 to 1; -1 of a value below 0, unknown.

    >>> step(0.3), step(0.96), step(-1.0)
    (3, 10, -1)
    """
    return -1 if value < 0 else round(float(value) * STEPS)
