"""Several datasets as one: a weighted mixture, its order, and one label space over all of them.

Which part and which of its examples stands at a position is `order.mixed_at`, a pure function of
(seed, position): a run goes on, or spreads over other hosts, with the same batches.

What a part does not know is stored as unknown, for the loss to mask: `emotion` -1, `vad` NaN,
`distribution` all 0, `action_units` NaN. `possible` says which of the mixture's categories the
part's raters could have named at all: that a clip is not boredom is nothing that a set without
boredom tells.
"""

import bisect
import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affectjax.affect import mapping
from affectjax.data import order, pipeline, unify

Element = dict[str, Any]
PEOPLE = 10_000_000  # subjects of part i are numbered from i * PEOPLE
LABELS = ("emotion", "vad", "votes", "distribution", "multilabel", "action_units", "score")


@dataclass(frozen=True)
class Part:
    """A dataset of a mixture, as a config says it.

    Attributes:
      builder, builder_config, manual_dir, data_dir: see `source.open_builder`.
      splits: name of a split -> the builder's expression; the part is absent from other splits.
      weight: how much more often it comes than its size alone says; 0 leaves it out of training.
      also: its categories whose place in the mixture's no equal name or synonym says.
      teaches: which of its labels (of LABELS) are used; none: all.
      ops: transforms of its stored examples before the mixture's own, such as another frame rate.
    """

    builder: str
    splits: Mapping[str, str]
    builder_config: str = ""
    manual_dir: str = ""
    data_dir: str = ""
    weight: float = 1.0
    also: Mapping[str, str] | None = None
    teaches: Sequence[str] = ()
    ops: Sequence[Any] = ()


@dataclass(frozen=True)
class Opened:
    """The examples of a part in one split, and what of its labels becomes what.

    Attributes:
      number: its index among the parts of the config.
      emotion, votes: its categories -> the mixture's; None where it has none.
      units: numbers of its action units in their order.
    """

    name: str
    number: int
    examples: pipeline.Source
    weight: float = 1.0
    emotion: mapping.LabelMap | None = None
    votes: mapping.LabelMap | None = None
    units: Sequence[int] = ()
    teaches: Sequence[str] = ()
    ops: Sequence[Any] = ()


class Mixture:
    """A `pipeline.Source` of all parts one after another, with an order of its own for training.

    Elements have the mixture's labels (see above), `dataset`, the index of their part, `clip_id`
    "<part>/<id>" and subjects that no two parts share; a part that does not say who is in a clip
    counts each as somebody else. `multilabel` and `score` are left out.

    Args:
      labels: the mixture's categories; none where only VAD is learned.
      rated, voted: some part has `vad`, or `votes`: then every element has it, perhaps unknown.
      units: numbers of the action units that every element has, perhaps unknown; none: left out.
      temperature: a part's share is proportional to weight x size^(1 / temperature): 1 takes the
        examples of all parts alike, more lifts the small ones, and inf takes all parts alike.

    Raises:
      ValueError: no part has the split, or one has no example in it.
    """

    def __init__(
        self,
        parts: Sequence[Opened],
        labels: Sequence[str],
        *,
        rated: bool,
        voted: bool,
        units: Sequence[int] = (),
        temperature: float = 1.0,
    ) -> None:
        if not parts:
            raise ValueError("config.data.parts: no part has this split")
        if empty := [part.name for part in parts if not len(part.examples)]:
            raise ValueError(f"config.data.parts: no examples in the split of {', '.join(empty)}")
        self.parts, self.labels = tuple(parts), tuple(labels)
        self.rated, self.voted, self.units = rated, voted, tuple(units)
        self.sizes = [len(part.examples) for part in parts]
        self._ends = list(itertools.accumulate(self.sizes))
        self.temperature = temperature

    @functools.cached_property
    def quotas(self) -> tuple[int, ...]:
        """How many of `order.BLOCK` rows each part has in training."""
        return order.quotas(self.sizes, [part.weight for part in self.parts], self.temperature)

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int, /) -> Element:
        number, place = self._place(index)
        part = self.parts[number]
        return self._unified(dict(part.examples[place]), part, place)

    def ops_at(self, index: int) -> Sequence[Any]:
        """The own transforms of the part that an index lies in."""
        return self.parts[self._place(index)[0]].ops

    def index_at(self, seed: int, position: int) -> int:
        """Index of the example at a global position, by `order.mixed_at`."""
        names = [part.name for part in self.parts]
        number, place = order.mixed_at(seed, position, self.quotas, names, self.sizes)
        return self.start(number) + place

    def table(self, batch: int, steps: int) -> str:
        """A line a part: its share, examples, epochs in a training, and what its labels lose."""
        lines = [f"mixture of {len(self.parts)} parts, temperature {self.temperature:g}"]
        for part, size, quota in zip(self.parts, self.sizes, self.quotas, strict=True):
            epochs = quota / order.BLOCK * batch * steps / max(size, 1)
            lost = "; ".join(part.emotion.lost) if part.emotion else "without categories"
            lines.append(
                f"  {part.name:<16} {quota / order.BLOCK:6.1%} of the rows, {size:,} examples, "
                f"{epochs:.1f} epochs" + (f" ({lost})" if lost else "")
            )
        return "\n".join(lines)

    def start(self, number: int) -> int:
        """Index of a part's first example."""
        return self._ends[number] - self.sizes[number]

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect.bisect_right(self._ends, index)
        return number, index - self.start(number)

    def _unified(self, element: Element, part: Opened, place: int) -> Element:
        out = {k: v for k, v in element.items() if k not in LABELS}
        if part.teaches:
            gone = {*LABELS} - {*part.teaches}
            element = {k: v for k, v in element.items() if k not in gone}
        out["dataset"] = part.number
        out["clip_id"] = part.name.encode() + b"/" + _bytes(element["clip_id"])
        subject = int(element.get("subject", place))
        if not 0 <= subject < PEOPLE:
            raise ValueError(f"{part.name}: subject {subject} is not between 0 and {PEOPLE}")
        out["subject"] = part.number * PEOPLE + subject
        if self.labels:
            out["emotion"] = unify.renamed(part.emotion, int(element.get("emotion", -1)))
            out["possible"] = unify.possible(part.emotion, len(self.labels))
        if self.rated:
            out["vad"] = np.asarray(element.get("vad", np.full(3, np.nan)), np.float32)
        if self.units:
            out["action_units"] = unify.coded(self.units, part.units, element.get("action_units"))
        if self.voted and self.labels:
            told = element.get("votes", element.get("distribution"))
            out["distribution"] = unify.shares(part.votes, told, len(self.labels))
        return out


def check_alike(mixture: Mixture, ops: Sequence[Any]) -> None:
    """Raise ValueError where the first examples of the parts do not make one batch.

    Names the part and the keys in question.
    """
    spec: dict[str, Any] = {}
    first = mixture.parts[0].name
    for number, part in enumerate(mixture.parts):
        element = mixture[mixture.start(number)]
        made = pipeline.apply((*part.ops, *ops), element, order.generator(0, 0))
        made = pipeline.finish(made)
        own = {k: (v.shape, str(v.dtype)) for k, v in made.items()}
        odd = sorted(k for k in {*spec, *own} if spec.get(k) != own.get(k)) if spec else []
        if odd:
            told = {k: (spec.get(k), own.get(k)) for k in odd}
            raise ValueError(
                f"config.data.parts: {first} and {part.name} differ in {told} after the "
                "transforms; end config.data.train_ops, or the part's own ops, with the same "
                "keys and shapes, such as video.Drop(keys=['frames'])"
            )
        spec = spec or own


def _bytes(name: bytes | str) -> bytes:
    return name.encode() if isinstance(name, str) else bytes(name)
