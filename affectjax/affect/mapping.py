"""From one label space to another, and what that loses."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from affectjax.affect.labels import (
    AFFECTNET8,
    CREMAD6,
    EKMAN6,
    EKMAN7,
    EMOTIC26,
    GOEMOTIONS28,
    MIKELS8,
    PLUTCHIK8,
    RAVDESS8,
    XED8,
    LabelSpace,
)

SYNONYMS = {
    "happy": "happiness",
    "joy": "happiness",
    "sad": "sadness",
    "angry": "anger",
    "fearful": "fear",
    "surprised": "surprise",
}


@dataclass(frozen=True)
class LabelMap:
    """Which name of `target` each name of `source` becomes; None drops it.

    Attributes:
      dropped: source names without a place in the target.
      merged: target names that hold several source names.
      unreached: target names that no source name becomes.
    """

    source: LabelSpace
    target: LabelSpace
    to: Mapping[str, str | None]

    @property
    def dropped(self) -> tuple[str, ...]:
        return tuple(n for n in self.source.names if self.to[n] is None)

    @property
    def merged(self) -> dict[str, tuple[str, ...]]:
        names = self.source.names
        groups = {t: tuple(n for n in names if self.to[n] == t) for t in self.target.names}
        return {t: names for t, names in groups.items() if len(names) > 1}

    @property
    def unreached(self) -> tuple[str, ...]:
        return tuple(t for t in self.target.names if t not in self.to.values())

    @property
    def lost(self) -> tuple[str, ...]:
        """What the map cannot be undone from, in words; empty if it loses nothing.

        >>> CREMAD6_TO_EKMAN6.lost
        ("'neutral' is dropped",)
        """
        dropped = tuple(f"{name!r} is dropped" for name in self.dropped)
        return dropped + tuple(f"{' and '.join(n)} become {t}" for t, n in self.merged.items())

    def matrix(self) -> Float[np.ndarray, "k j"]:
        """1 where source k becomes target j; rows of dropped names are 0."""
        out = np.zeros((len(self.source), len(self.target)))
        for i, name in enumerate(self.source.names):
            if (there := self.to[name]) is not None:
                out[i, self.target.index(there)] = 1.0
        return out

    def distribution(self, p: Float[np.ndarray, "*b k"]) -> Float[np.ndarray, "*b j"]:
        """A distribution over the source as one over the target, what was dropped left out.

        Raises:
          ValueError: all of a distribution's mass was dropped.
        """
        moved = p @ self.matrix()
        total = moved.sum(-1, keepdims=True)
        if (total <= 0).any():
            lost = ", ".join(self.dropped)
            raise ValueError(f"a distribution over only {lost} has no image in {self.target.name}")
        return moved / total


def between(
    source: LabelSpace, target: LabelSpace, also: Mapping[str, str] | None = None
) -> LabelMap:
    """The map by equal names and SYNONYMS, and by `also` where it says more.

    >>> from affectjax.affect.labels import EKMAN7, RAVDESS8
    >>> m = between(RAVDESS8, EKMAN7, also={"calm": "neutral"})
    >>> m.dropped, m.merged
    ((), {'neutral': ('neutral', 'calm')})
    """
    by_root = {SYNONYMS.get(name, name): name for name in target.names}
    extra = dict(also or {})
    unknown = [n for n in extra if n not in source.names]
    if unknown:
        raise ValueError(f"{source.name} has no {unknown}")
    for name in extra.values():
        target.index(name)
    to = {n: extra.get(n, by_root.get(SYNONYMS.get(n, n))) for n in source.names}
    return LabelMap(source, target, to)


# The maps between the spaces at hand; every other one is `between` with its own `also`.
_CALM = {"calm": "neutral"}
_MIKELS = {"amusement": "happiness", "contentment": "happiness", "excitement": "happiness"}
# Demszky et al. 2020, ekman_mapping.json of the authors' repository.
_GOEMOTIONS = {
    **dict.fromkeys(["annoyance", "disapproval"], "anger"),
    "nervousness": "fear",
    **dict.fromkeys(
        (
            *("admiration", "amusement", "approval", "caring", "desire", "excitement"),
            *("gratitude", "love", "optimism", "pride", "relief"),
        ),
        "happiness",
    ),
    **dict.fromkeys(["disappointment", "embarrassment", "grief", "remorse"], "sadness"),
    **dict.fromkeys(["confusion", "curiosity", "realization"], "surprise"),
}
RAVDESS8_TO_EKMAN7 = between(RAVDESS8, EKMAN7, _CALM)
RAVDESS8_TO_CREMAD6 = between(RAVDESS8, CREMAD6, _CALM)
CREMAD6_TO_EKMAN7 = between(CREMAD6, EKMAN7)
CREMAD6_TO_EKMAN6 = between(CREMAD6, EKMAN6)
AFFECTNET8_TO_EKMAN7 = between(AFFECTNET8, EKMAN7)
EKMAN7_TO_EKMAN6 = between(EKMAN7, EKMAN6)
EKMAN6_TO_EKMAN7 = between(EKMAN6, EKMAN7)
MIKELS8_TO_EKMAN6 = between(MIKELS8, EKMAN6, _MIKELS)
PLUTCHIK8_TO_EKMAN6 = between(PLUTCHIK8, EKMAN6)
EMOTIC26_TO_EKMAN6 = between(EMOTIC26, EKMAN6)
GOEMOTIONS28_TO_EKMAN7 = between(GOEMOTIONS28, EKMAN7, _GOEMOTIONS)
XED8_TO_EKMAN6 = between(XED8, EKMAN6)
MAPS = (
    RAVDESS8_TO_EKMAN7,
    RAVDESS8_TO_CREMAD6,
    CREMAD6_TO_EKMAN7,
    CREMAD6_TO_EKMAN6,
    AFFECTNET8_TO_EKMAN7,
    EKMAN7_TO_EKMAN6,
    EKMAN6_TO_EKMAN7,
    MIKELS8_TO_EKMAN6,
    PLUTCHIK8_TO_EKMAN6,
    EMOTIC26_TO_EKMAN6,
    GOEMOTIONS28_TO_EKMAN7,
    XED8_TO_EKMAN6,
)
