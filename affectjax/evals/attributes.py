"""Scores of what a picture holds beside its emotion: attributes, objects, polarity."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from affectjax.affect.attributes import KINDS
from affectjax.evals import bootstrap
from affectjax.metrics import attributes as metrics
from affectjax.metrics import ranking

Scores = dict[str, Any]


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
