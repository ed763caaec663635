"""Host-side transforms of the labels of one example."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Element = dict[str, Any]


@dataclass(frozen=True)
class Present:
    """`multilabel` from the intensities of `key`: 1 where at least `threshold`, else 0.

    The default is B, "slight", with FACS's letters A to E cut evenly from 0 to 1: action units
    count as present from B on in work on DISFA (Mavadati et al. 2013).

    >>> Present().map({"action_units": np.array([0.1, 0.4])})["multilabel"].tolist()
    [0.0, 1.0]
    """

    key: str = "action_units"
    threshold: float = 0.2

    def map(self, element: Element) -> Element:
        if self.key not in element:
            raise ValueError(f"the data has no {self.key!r} to make labels of: {sorted(element)}")
        present = np.asarray(element[self.key]) >= self.threshold
        return {**element, "multilabel": present.astype(np.float32)}


@dataclass(frozen=True)
class Score:
    """`score` from the number `key` of the data, low to high becoming 0 to 1.

    >>> float(Score("mos", 0, 100).map({"mos": 25.0})["score"])
    0.25
    """

    key: str
    low: float = 0.0
    high: float = 1.0

    def map(self, element: Element) -> Element:
        if self.key not in element:
            raise ValueError(f"the data has no {self.key!r} to make a score of: {sorted(element)}")
        value = (float(element[self.key]) - self.low) / (self.high - self.low)
        return {**element, "score": np.float32(value)}
