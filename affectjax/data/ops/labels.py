"""Host-side transforms of the labels of one example."""

import functools
import json
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from affectjax.affect import attributes, blends, prior
from affectjax.affect.labels import LabelSpace
from affectjax.data import prompts, reasons
from affectjax.data.ops import picture

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


@dataclass(frozen=True)
class Among:
    """`emotion` as one of fewer groups of categories: the group that holds it; -1 stays.

    >>> int(Among([[0, 1], [2]]).map({"emotion": np.int64(2)})["emotion"])
    1
    """

    groups: Sequence[Sequence[int]]

    def map(self, element: Element) -> Element:
        emotion = int(element["emotion"])
        found = [i for i, group in enumerate(self.groups) if emotion in group]
        if len(found) != 1 and emotion >= 0:
            raise ValueError(f"category {emotion} is in {len(found)} of {list(self.groups)}")
        return {**element, "emotion": np.int64(found[0] if emotion >= 0 else -1)}


@dataclass(frozen=True)
class Attributes:
    """`attributes` and `contents` by index, of the names that EmoSet's builder stores.

    Attributes:
      info: path of the release's info.json, which numbers the names; empty where there are none.
      objects: how many objects it numbers.
      measure: brightness and colourfulness that nobody annotated are measured, in the picture
        `image` (`affect.attributes.measured`).
    """

    info: str
    objects: int = attributes.OBJECTS
    measure: bool = False

    def map(self, element: Element) -> Element:
        told = {kind: element.get(kind, -1.0) for kind in attributes.MEASURED}
        if self.measure and any(value < 0 for value in told.values()):
            seen = attributes.measured(picture.pixels(element["image"]))
            told = {k: seen[k] if value < 0 else value for k, value in told.items()}
        steps = [attributes.step(told[kind]) for kind in attributes.MEASURED]
        named = attributes.KINDS[len(steps) :]
        places = [self._place(kind, _text(element.get(kind, ""))) for kind in named]
        objects = np.zeros(self.objects, np.float32)
        for name in np.asarray(element.get("objects", ()), object).ravel():
            if _text(name):
                objects[self._place("object", _text(name))] = 1
        stored = (*attributes.KINDS, "objects")
        rest = {k: v for k, v in element.items() if k not in stored}
        return {**rest, "attributes": np.array([*steps, *places], np.int32), "contents": objects}

    def names(self) -> dict[str, list[str]]:
        """What the indices of each of `attributes.KINDS` and of "objects" are called, in order.

        An empty list where no info numbers them.
        """
        steps = [f"{i / attributes.STEPS:.1f}" for i in range(attributes.STEPS + 1)]
        found = {kind: sorted(n, key=n.__getitem__) for kind, n in self._numbers.items()}
        objects = found.pop("object")
        return {**dict.fromkeys(attributes.MEASURED, steps), **found, "objects": objects}

    def _place(self, kind: str, name: str) -> int:
        if not name:
            return -1
        known = self._numbers[kind]
        if name not in known:
            source = self.info or "Attributes.info, which is empty,"
            raise ValueError(f"{source} has no {kind} {name!r}; it has {len(known)} others")
        return known[name]

    @functools.cached_property
    def _numbers(self) -> Mapping[str, Mapping[str, int]]:
        counts = {k: n for k, n in attributes.COUNTS.items() if k not in attributes.MEASURED}
        counts["object"] = self.objects
        if not self.info:
            return {kind: {} for kind in counts}
        found = {}
        told = json.loads(pathlib.Path(self.info).read_text(encoding="utf-8"))
        for kind, count in counts.items():
            numbers = told.get(kind, {}).get("label2idx", {})
            # Names are stripped, as the builder does: one of the actions ends in a blank.
            found[kind] = {name.strip(): int(i) for name, i in numbers.items()}
            if sorted(found[kind].values()) != list(range(count)):
                raise ValueError(
                    f"{self.info} numbers {len(found[kind])} names of {kind}, not 0 to {count - 1}"
                )
        return found


@dataclass(frozen=True)
class Described:
    """`text`, what `data.prompts.described` makes of EmoSet's attributes.

    Attributes:
      names: of the emotions; empty: the text does not tell the emotion (UniEmoX's does).
    """

    names: Sequence[str] = ()

    def map(self, element: Element) -> Element:
        numbers = {k: float(element.get(k, -1.0)) for k in attributes.MEASURED}
        words = {k: _text(element.get(k, "")) for k in attributes.KINDS if k not in numbers}
        given = np.asarray(element.get("objects", ()), object).ravel()
        objects = [name for name in map(_text, given) if name]
        known = bool(self.names) and int(element["emotion"]) >= 0
        emotion = self.names[int(element["emotion"])] if known else ""
        return {**element, "text": prompts.described({**numbers, **words}, objects, emotion)}


@dataclass(frozen=True)
class Explained:
    """`captions` (2, longest) by two annotators who named different emotions, and `emotion`.

    One annotator is drawn, and one among those of other emotions; their `utterances` become "the
    emotion is ... because ..." (`data.reasons`). `emotion` is what most annotators named, -1 where
    that is not one emotion.

    Attributes:
      names: of the emotions, by the index that `emotions` holds.
      vocabulary: a folder with GPT-2's files, or "words".
      longest: tokens of a text, its marks included; the rest is cut.
    """

    names: Sequence[str]
    vocabulary: str
    longest: int = 30

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if not {"emotions", "utterances"} <= element.keys():
            raise ValueError(f"the data has no emotions and utterances: {sorted(element)}")
        told = np.asarray(element["emotions"])
        first = int(rng.integers(len(told)))
        others = np.flatnonzero(told != told[first])
        if not len(others):
            raise ValueError(
                "all annotators name one emotion; the builder's config `explained` leaves such "
                "items out"
            )
        chosen = (first, int(rng.choice(others)))
        form = reasons.named(self.vocabulary)
        pairs = [(self.names[int(told[i])], _text(element["utterances"][i])) for i in chosen]
        captions = np.stack([reasons.encode(*pair, form, self.longest) for pair in pairs])
        counts = np.bincount(told, minlength=len(self.names))
        clear = (counts == counts.max()).sum() == 1
        emotion = np.int64(counts.argmax() if clear else -1)
        return {**element, "captions": captions, "emotion": emotion}


def _text(given: Any) -> str:
    return given.decode() if isinstance(given, bytes) else str(given)
