"""Host-side transforms of the labels of one example."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from affectjax.affect import blends, prior
from affectjax.affect.labels import LabelSpace

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


@dataclass(frozen=True)
class Blend:
    """`distribution` over `names` from `vad`: by which names a point of that space may go.

    `affect.prior.posterior` of the Gaussians of `affect.blends`. Votes, which would tell of a
    distribution too, go.

    Attributes:
      neutral, correlated: see `affect.blends.gaussians`.
      prior: of each category; none: even.
      temperature: above 1 softens.
      dominance: "given" reads it; "estimated" tells it from valence, arousal and the annotated
        category `emotion` (`affect.blends.dominance`); "without" leaves that dimension out.
    """

    names: Sequence[str]
    neutral: Literal["norms", "published"] = "norms"
    correlated: bool = False
    prior: Sequence[float] = ()
    temperature: float = 1.0
    dominance: Literal["given", "estimated", "without"] = "given"

    def __post_init__(self) -> None:
        if self.dominance not in ("given", "estimated", "without"):
            raise ValueError(
                f"Blend.dominance = {self.dominance!r}; allowed: given, estimated, without"
            )
        if self.prior and len(self.prior) != len(self.names):
            raise ValueError(f"Blend.prior has {len(self.prior)} for {len(self.names)} names")

    def map(self, element: Element) -> Element:
        if "vad" not in element:
            raise ValueError(f"the data has no 'vad' to tell emotions from: {sorted(element)}")
        at = np.asarray(element["vad"], np.float64)
        if self.dominance == "estimated":
            category = self.names[int(element["emotion"])]
            at = np.append(at[:2], blends.dominance_of(at[:2], category))
        at = at[: len(self._gaussians[0][0])]
        if np.isnan(at).any():
            raise ValueError(
                f"vad {at.tolist()} has an unknown value; Blend.dominance = 'estimated' or "
                "'without' does without the third"
            )
        shares = prior.posterior(
            at,
            LabelSpace("Blend.names", tuple(self.names), "the config"),
            prior=np.asarray(self.prior) if self.prior else None,
            temperature=self.temperature,
            gaussians=self._gaussians,
        )
        rest = {k: v for k, v in element.items() if k != "votes"}
        return {**rest, "distribution": shares.astype(np.float32)}

    @functools.cached_property
    def _gaussians(self) -> tuple[np.ndarray, np.ndarray]:
        dimensions = 2 if self.dominance == "without" else 3
        return blends.gaussians(
            self.names, neutral=self.neutral, correlated=self.correlated, dimensions=dimensions
        )
