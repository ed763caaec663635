"""One label space over several datasets: what each category becomes, and what nobody could say."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from affectjax.affect import mapping
from affectjax.affect.labels import LabelSpace


def union(spaces: Iterable[Sequence[str]], without: Iterable[str] = ()) -> tuple[str, ...]:
    """The categories of several spaces, first come first named; synonyms are one.

    Args:
      without: names to leave out, because `mix.Part.also` gives them another place.

    >>> union([("neutral", "calm", "happy"), ("boredom", "happiness")], without=["calm"])
    ('neutral', 'happy', 'boredom')
    """
    found: dict[str, str] = {}
    for name in itertools.chain.from_iterable(spaces):
        if name not in without:
            found.setdefault(mapping.SYNONYMS.get(name, name), name)
    return tuple(found.values())


def label_map(
    part: str, names: Sequence[str], labels: Sequence[str], also: Mapping[str, str] | None
) -> mapping.LabelMap:
    """What each category of a part becomes in the mixture, by name, synonym, and `also`.

    Raises:
      ValueError: `also` leads to a category that the mixture lacks, or none of them has a place.

    >>> label_map("toy", ("calm", "happy"), ("neutral", "happiness"), {"calm": "neutral"}).lost
    ()
    """
    found = mapping.between(
        LabelSpace(part, tuple(names), "its data"),
        LabelSpace("config.data.labels", tuple(labels), "the config"),
        {k: v for k, v in (also or {}).items() if k in names},
    )
    if len(found.dropped) == len(names):
        raise ValueError(
            f"config.data.parts.{part}: none of {', '.join(names)} is in config.data.labels, "
            f"{', '.join(labels)}; say what becomes what in its `also`"
        )
    return found


def renamed(to: mapping.LabelMap | None, emotion: int) -> int:
    """Index among the mixture's categories of an index among a part's; -1 where it has no place.

    >>> renamed(mapping.CREMAD6_TO_EKMAN6, 0), renamed(mapping.CREMAD6_TO_EKMAN6, 4)
    (0, -1)
    """
    if to is None or emotion < 0:
        return -1
    name = to.to[to.source.names[emotion]]
    return -1 if name is None else to.target.index(name)


def possible(to: mapping.LabelMap | None, classes: int) -> Float[np.ndarray, " k"]:
    """1 for each category that a part's may become; all of a part without categories.

    >>> possible(mapping.CREMAD6_TO_EKMAN6, 6).tolist()  # no surprise in CREMA-D
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    """
    if to is None:
        return np.ones(classes, np.float32)
    return to.matrix().any(0).astype(np.float32)


def shares(to: mapping.LabelMap | None, votes: Any, classes: int) -> Float[np.ndarray, " k"]:
    """Votes or shares over a part's categories as shares over the mixture's.

    All 0, unknown, where there are none, or where everybody named what the mixture lacks.

    >>> shares(mapping.CREMAD6_TO_EKMAN6, [3, 0, 0, 1, 4, 0], 6).tolist()  # half said neutral
    [0.75, 0.0, 0.0, 0.25, 0.0, 0.0]
    """
    if to is None or votes is None:
        return np.zeros(classes, np.float32)
    moved = np.asarray(votes, np.float64) @ to.matrix()
    return (moved / (moved.sum() or 1.0)).astype(np.float32)


def coded(units: Sequence[int], own: Sequence[int], values: Any) -> Float[np.ndarray, " a"]:
    """Intensities of the mixture's action units from a part's; NaN of those that it lacks.

    >>> coded((1, 2, 12), (12, 1), [0.5, 1.0]).tolist()
    [1.0, nan, 0.5]
    """
    if values is None:
        return np.full(len(units), np.nan, np.float32)
    given = dict(zip(own, np.asarray(values, np.float32).tolist(), strict=True))
    return np.array([given.get(unit, np.nan) for unit in units], np.float32)


def unit_numbers(names: Sequence[str]) -> tuple[int, ...]:
    """Numbers of action units from their names.

    Raises:
      ValueError: a name without a number.

    >>> unit_numbers(("AU1", "AU12 lip corner puller"))
    (1, 12)
    """
    found = [re.search(r"\d+", name) for name in names]
    if None in found:
        raise ValueError(f"action units without a number: {list(names)}")
    return tuple(int(match[0]) for match in found if match)
