"""How sure a run is, in words: what its calibrated sets and intervals leave open."""

from collections.abc import Sequence
from typing import Any

POLES = {
    "valence": ("unpleasant", "pleasant"),
    "arousal": ("calm", "excited"),
    "dominance": ("yielding", "in control"),
}


def of_set(likely: Sequence[str], count: int) -> str:
    """What a set of categories leaves open, of `count` that there are.

    >>> of_set(["happy"], 7)
    'Happy, and nothing else.'
    >>> of_set(["sad", "calm", "neutral"], 7)
    'Sad, calm or neutral: it cannot tell which.'
    >>> of_set(["sad", "calm"], 2)
    'It could be any of the 2: nothing is ruled out.'
    """
    if len(likely) == count:
        return f"It could be any of the {count}: nothing is ruled out."
    if len(likely) == 1:
        return f"{likely[0].capitalize()}, and nothing else."
    return f"{', '.join(likely[:-1])} or {likely[-1]}: it cannot tell which.".capitalize()


def of_dimension(name: str, value: float, ends: Sequence[float] | None) -> str:
    """Which way a dimension of VAD leans, and whether its interval leaves the other way open.

    >>> of_dimension("valence", 0.3, (0.05, 0.6))
    'pleasant: +0.30, between +0.05 and +0.60'
    >>> of_dimension("valence", -0.2, (-0.5, 0.1))
    'rather unpleasant, but perhaps pleasant: −0.20, between −0.50 and +0.10'
    >>> of_dimension("arousal", 0.7, None)
    'excited: +0.70'
    >>> of_dimension("arousal", 0.1, (-1.0, 1.0))
    'it cannot tell: +0.10, but anything is left open'
    """
    low, high = POLES[name]
    this, other = (high, low) if value >= 0 else (low, high)
    if ends is None:
        return f"{this}: {_signed(value)}"
    if ends[0] <= -1 and ends[1] >= 1:
        return f"it cannot tell: {_signed(value)}, but anything is left open"
    told = f"{_signed(value)}, between {_signed(ends[0])} and {_signed(ends[1])}"
    open_ = ends[0] < 0 < ends[1]
    return f"rather {this}, but perhaps {other}: {told}" if open_ else f"{this}: {told}"


def of_record(record: dict[str, Any]) -> dict[str, Any]:
    """The words of one record of `told.named`: `set` where it has one, and one of each dimension.

    >>> shares = {"a": 0.6, "b": 0.4}
    >>> of_record({"probabilities": shares, "likely": ["a"], "vad": {"arousal": -0.5}})
    {'set': 'A, and nothing else.', 'arousal': 'calm: −0.50'}
    >>> of_record({"skipped": "no face found"})
    {}
    """
    out = {}
    if "likely" in record:
        out["set"] = of_set(record["likely"], len(record["probabilities"]))
    for name, value in record.get("vad", {}).items():
        out[name] = of_dimension(name, value, record.get("vad_interval", {}).get(name))
    return out


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
