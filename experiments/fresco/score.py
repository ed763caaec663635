"""The FRESCO score: how alike two pictures are, in [0, 1], by level and by trait.

What the paper (arXiv 2407.03268) compares could be read, its formula could not: this one is ours.
A trait that only one of two pictures has counts as 0, one that neither has does not count. A level
is the weighted mean of its traits, the whole that of its levels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.fresco.record import LEVELS, Record, Trait

Weights = Mapping[str, float]


def alike(a: Trait, b: Trait) -> float:
    """Similarity of two traits of one kind, in [0, 1].

    shares: sum of the smaller of each (histogram intersection); names: shared of all (Jaccard), 1
    of none; number and angle: exp(-d^2 / (2 reach^2)), angles the short way round.

    Raises:
      ValueError: traits of different kinds, or shares over different lists.

    >>> round(alike(Trait("angle", 350.0, 20.0), Trait("angle", 10.0, 20.0)), 4)  # exp(-1 / 2)
    0.6065
    """
    if a.kind != b.kind:
        raise ValueError(f"a trait is {a.kind} in one picture and {b.kind} in the other")
    if isinstance(a.value, frozenset) and isinstance(b.value, frozenset):
        both = a.value | b.value
        return len(a.value & b.value) / len(both) if both else 1.0
    x, y = np.asarray(a.value, np.float64), np.asarray(b.value, np.float64)
    if x.shape != y.shape:
        raise ValueError(f"shares over {len(x)} in one picture and {len(y)} in the other")
    if a.kind == "shares":
        return float(np.minimum(x, y).sum())
    apart = float(abs(x - y))
    if a.kind == "angle":
        apart = min(apart % 360, 360 - apart % 360)
    return float(np.exp(-(apart**2) / (2 * a.reach**2)))


def score(
    a: Record, b: Record, traits: Weights | None = None, levels: Weights | None = None
) -> dict[str, Any]:
    """`score`, each level's (None where neither picture has a trait of it) and `traits`.

    Args:
      traits, levels: weights by name; 1 where none is given, 0 leaves a trait or level out.

    Raises:
      ValueError: a negative weight, or nothing to compare.
    """
    given = {"traits": traits or {}, "levels": levels or {}}
    for what, some in given.items():
        if bad := [name for name, weight in some.items() if weight < 0]:
            raise ValueError(f"{what}: the weight of {', '.join(bad)} is negative")
    out: dict[str, Any] = {"traits": {}}
    totals: list[float] = []
    weights: list[float] = []
    for level in LEVELS:
        each = compared(getattr(a, level), getattr(b, level))
        out["traits"] |= {f"{level}/{name}": value for name, value in each.items()}
        shares = np.array([given["traits"].get(name, 1.0) for name in each])
        out[level] = None
        if shares.sum() > 0:
            out[level] = float(np.average([*each.values()], weights=shares))
            totals.append(out[level])
            weights.append(given["levels"].get(level, 1.0))
    if not sum(weights):
        raise ValueError("the two records have no trait to compare")
    return {"score": float(np.average(totals, weights=weights)), **out}


def compared(a: Mapping[str, Trait], b: Mapping[str, Trait]) -> dict[str, float]:
    """Similarity of each trait that one of two levels has, 0 where the other lacks it."""
    names = sorted({*a} | {*b})
    return {n: alike(a[n], b[n]) if n in a and n in b else 0.0 for n in names}


def matrix(records: Sequence[Record], **weights: Any) -> np.ndarray:
    """Scores of all pairs, (n, n), symmetric with ones on the diagonal."""
    out = np.eye(len(records))
    for i, one in enumerate(records):
        for j in range(i):
            out[i, j] = out[j, i] = score(one, records[j], **weights)["score"]
    return out
