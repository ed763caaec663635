"""What FRESCO notes of a picture on its three levels; detectors are given, none is built in.

Plastic: lines and colours (`plastic`). Figurative: what it shows, in names and shares. Enunciation:
how it places its onlooker, from the faces and their gaze. The levels are the paper's (arXiv
2407.03268), the traits ours. Nobody's identity is stored, nor age, sex or race.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from experiments.fresco import plastic

Kind = Literal["shares", "names", "number", "angle"]
LEVELS = ("plastic", "figurative", "enunciation")


@dataclass(frozen=True)
class Trait:
    """A value and how it is compared (`score.alike`).

    Attributes:
      kind: "shares" sum to 1; "names" are a set; "number" and "angle" (in degrees) differ by less
        than `reach` where they are much alike.
    """

    kind: Kind
    value: Float[np.ndarray, " n"] | frozenset[str] | float
    reach: float = 1.0


@dataclass(frozen=True)
class Face:
    """A face as a detector tells it: left, top, right, bottom in shares, and degrees.

    `watches`: whether it looks at the onlooker; None where nobody can say.
    """

    box: Sequence[float]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    watches: bool | None = None


@dataclass(frozen=True)
class Record:
    """Traits by name, on each level; a level that nothing told of is empty."""

    plastic: Mapping[str, Trait] = field(default_factory=dict)
    figurative: Mapping[str, Trait] = field(default_factory=dict)
    enunciation: Mapping[str, Trait] = field(default_factory=dict)


# How much a number may change and still be much alike: the spread of a Gaussian kernel.
_REACH = {
    "brightness": 0.15,
    "contrast": 0.1,
    "colourfulness": 0.15,
    "edges": 0.1,
    "symmetry": 0.1,
    "weight_across": 0.1,
    "weight_down": 0.1,
}
# Share of the height that the largest face takes, from which a shot is called so.
SHOTS = ((0.7, "close-up"), (0.35, "medium close-up"), (0.15, "medium"), (0.0, "long"))


def of_picture(
    picture: UInt8[np.ndarray, "h w 3"],
    objects: Iterable[str] | None = None,
    concepts: Float[np.ndarray, " n"] | None = None,
    expressions: Float[np.ndarray, " k"] | None = None,
    faces: Sequence[Face] | None = None,
) -> Record:
    """The record of a picture and of what detectors said of it; None: not asked.

    Args:
      objects: names of what was found.
      concepts, expressions: shares over a fixed list of concepts, or of categories of expression.

    Raises:
      ValueError: shares that are negative or do not sum to 1, or a face outside the picture.
    """
    measured = plastic.measures(picture)
    lines = {
        name: Trait("number", value, _REACH[name])
        if isinstance(value, float)
        else Trait("shares", value)
        for name, value in measured.items()
    }
    shown: dict[str, Trait] = {}
    if objects is not None:
        shown["objects"] = Trait("names", frozenset(objects))
    for name, shares in (("concepts", concepts), ("expressions", expressions)):
        if shares is not None:
            shown[name] = Trait("shares", _checked(name, shares))
    return Record(lines, shown, {} if faces is None else enunciation(faces))


def enunciation(faces: Sequence[Face]) -> dict[str, Trait]:
    """Traits of how faces meet the onlooker; of none only that there are none.

    Raises:
      ValueError: a face outside the picture, or without a size.
    """
    out = {"faces": Trait("number", float(len(faces)), 1.0)}
    if not faces:
        return out
    for one in faces:
        left, top, right, bottom = one.box
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError(f"the box {list(one.box)} is no left, top, right, bottom in shares")
    largest = max(faces, key=lambda f: (f.box[2] - f.box[0]) * (f.box[3] - f.box[1]))
    left, top, right, bottom = largest.box
    height = bottom - top
    out |= {
        "size": Trait("number", float(np.log(height)), 0.3),
        "across": Trait("number", (left + right) / 2, 0.15),
        "down": Trait("number", (top + bottom) / 2, 0.15),
        "shot": Trait("names", frozenset({next(n for least, n in SHOTS if height >= least)})),
        "yaw": Trait("angle", largest.yaw, 20.0),
        "pitch": Trait("angle", largest.pitch, 15.0),
        "roll": Trait("angle", largest.roll, 15.0),
    }
    known = [one.watches for one in faces if one.watches is not None]
    if known:
        out["gazes"] = Trait("number", sum(known) / len(known), 0.3)
    return out


def _checked(name: str, shares: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    x = np.asarray(shares, np.float64)
    if (x < 0).any() or not np.isclose(x.sum(), 1, atol=1e-4):
        raise ValueError(f"{name} are no shares: they sum to {x.sum():.4f}, least {x.min():.4f}")
    return x
