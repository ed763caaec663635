"""What a picture holds beside its emotion: scores and names of attributes, objects, polarity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affectjax import config as config_lib
from affectjax.affect.attributes import KINDS
from affectjax.data.ops import labels
from affectjax.evals import bootstrap
from affectjax.metrics import attributes as metrics
from affectjax.metrics import ranking

Scores = dict[str, Any]
Names = Mapping[str, Sequence[str]]  # of each of KINDS and of OBJECTS, in the order of the indices
OBJECTS = "objects"
TOLD = f"{KINDS[0]}_probabilities"  # among the outputs of a model that tells attributes
HALF = 0.5  # a probability from which an object counts as told
# The columns of `columns` that are not numbers.
WORDS = tuple(f"{name}{end}" for name in (*KINDS, OBJECTS) for end in ("", "_pred"))


def names(config: Any) -> Names:
    """What the attributes that a config's model tells are called; empty of one that tells none.

    Raises:
      FileNotFoundError: the info.json that numbers them is absent.
    """
    task = config.task.get("task") or config.task  # an ensemble holds its members' task
    if not task.get("model", {}).get("counts"):
        return {}
    for op in config_lib.build(config.data.eval_ops, "config.data.eval_ops"):
        if isinstance(op, labels.Attributes):
            return op.names()
    return {}


def called(known: Names, kind: str, index: int) -> str:
    """The name of an index, or the index itself where there are none; empty of an unknown one (-1).

    >>> called({"scene": ["beach", "moon"]}, "scene", 1), called({}, "scene", 7)
    ('moon', '7')
    """
    if index < 0:
        return ""
    return known[kind][index] if known.get(kind) else str(index)


def told(row: Mapping[str, np.ndarray], known: Names) -> dict[str, Any]:
    """What a row of predictions says, by name, to be read by people.

    `attributes`, the likeliest of each kind, and `attributes_sure`, its probability; `objects`,
    the probability of each that reaches a half, the likeliest first.

    >>> one = np.array([[0.1, 0.9]] * 5)
    >>> row = {f"{k}_probabilities": p for k, p in zip(KINDS, one)} | {"contents_pred": one[0]}
    >>> out = told(row, {"scene": ["beach", "moon"]})
    >>> out["attributes"]["scene"], out["attributes_sure"]["scene"], out["objects"]
    ('moon', 0.9, {'1': 0.9})
    """
    each = {kind: row[f"{kind}_probabilities"] for kind in KINDS}
    out: dict[str, Any] = {
        "attributes": {kind: called(known, kind, int(p.argmax())) for kind, p in each.items()},
        "attributes_sure": {kind: round(float(p.max()), 4) for kind, p in each.items()},
    }
    if "contents_pred" in row:
        p = row["contents_pred"]
        order = [int(i) for i in np.argsort(-p, kind="stable") if p[i] >= HALF]
        out[OBJECTS] = {called(known, OBJECTS, i): round(float(p[i]), 4) for i in order}
    return out


def columns(clips: Mapping[str, np.ndarray], known: Names) -> dict[str, list[Any]]:
    """Columns of a table, a value a clip: <kind>, what was annotated, empty where nothing was;
    <kind>_pred and <kind>_p, what is told and its probability; objects and objects_pred, names
    with "; " between. Empty where the clips hold no attributes.
    """
    out: dict[str, list[Any]] = {}
    if "attributes_pred" in clips:
        for i, kind in enumerate(KINDS):
            for key, name in (("attributes", kind), ("attributes_pred", f"{kind}_pred")):
                out[name] = [called(known, kind, int(x)) for x in clips[key][:, i]]
            out[f"{kind}_p"] = clips[f"{kind}_probabilities"].max(-1).tolist()
    if "contents_pred" in clips:
        for key, name in (("contents", OBJECTS), ("contents_pred", f"{OBJECTS}_pred")):
            rows = [np.flatnonzero(x >= HALF) for x in clips[key]]
            out[name] = ["; ".join(called(known, OBJECTS, int(i)) for i in row) for row in rows]
    return out


def scores(clips: Mapping[str, np.ndarray], **options: Any) -> Scores:
    """Of what the rows hold; empty where that is nothing. `<name>_interval` is 95% by subject.

    <kind>_accuracy of each of `affect.attributes.KINDS`, among the rows where it is known, with
    <kind>_chance, the share of the most frequent one; attributes_accuracy, their mean;
    polarity_accuracy of a probability of the second of two; objects_map, the mean average precision
    over the objects that occur (no interval), with objects_chance, their mean share.
    """
    out: Scores = {}
    people = np.asarray(clips["subject"]) if "subject" in clips else None
    if {"attributes_pred", "attributes"} <= {*clips}:
        out |= _attributes(clips["attributes_pred"], clips["attributes"], people, options)
    if {"polarity_pred", "polarity"} <= {*clips}:
        known = clips["polarity"] >= 0
        right = (clips["polarity_pred"] > 0.5) == (clips["polarity"] == 1)
        if known.any():
            who = np.arange(len(right)) if people is None else people
            each = {"polarity_accuracy": right[known].astype(float)}
            out |= bootstrap.scored_means(each, who[known], **options)
    if {"contents_pred", "contents"} <= {*clips}:
        seen = clips["contents"].any(0)
        told, truth = clips["contents_pred"][:, seen], clips["contents"][:, seen] > 0.5
        if seen.any():
            found = ranking.per_class(ranking.average_precision, told, truth)
            out |= {"objects_map": float(found.mean()), "objects_chance": float(truth.mean())}
    return out


def _attributes(told: Any, truth: Any, people: Any, options: Any) -> Scores:
    who = np.arange(len(truth)) if people is None else people
    sums = bootstrap.by_subject(metrics.counts(np.asarray(told), np.asarray(truth)), who)
    out: Scores = {}
    for i, kind in enumerate(KINDS):
        known = truth[:, i][truth[:, i] >= 0]
        if known.size:
            one = lambda s, i=i: metrics.accuracy(s)[..., i]  # noqa: E731
            out |= bootstrap.scored(f"{kind}_accuracy", one, sums, **options)
            out[f"{kind}_chance"] = float(np.bincount(known).max() / known.size)
    if out:
        out |= bootstrap.scored("attributes_accuracy", metrics.mean_accuracy, sums, **options)
    return out
