"""Scores of action units, and of units, expressions and dimensions together."""

from typing import Any

import numpy as np
from jaxtyping import Int

from affectjax.evals import bootstrap
from affectjax.metrics import confusion, moments, ranking
from affectjax.metrics import units as metrics

Scores = dict[str, Any]
Pair = tuple[Any, Any]  # told and true, rows aligned


def scores(
    units: Pair, others: tuple[Pair, Pair], people: Int[np.ndarray, " b"], **options: Any
) -> Scores:
    """Of probabilities (b, a) and units (b, a), 0, 1 or NaN where unknown: units_f1, by subject.

    units_f1 is the mean over units, with its interval; units_f1_each and units_ap (average
    precision) are lists, null where a unit neither occurs nor is told; units_chance is units_f1 of
    telling each unit always. Where the pairs of categories and of VAD in `others` are there, too,
    also `together`. Empty where no unit of any row is known.
    """
    p, y = (np.asarray(x, np.float64) for x in units)
    if np.isnan(y).all():
        return {}
    sums = bootstrap.by_subject(metrics.counts(p, y), people)
    out = bootstrap.scored("units_f1", metrics.mean_f1, sums, **options)
    always = metrics.counts(np.ones_like(p), y).sum(0)
    each = metrics.f1(sums.sum(0))
    out |= {
        "units_f1_each": [_or_none(x) for x in each],
        "units_ap": [_precision(p[:, i], y[:, i]) for i in range(y.shape[1])],
        "units_chance": float(metrics.mean_f1(always)),
    }
    if any(x is None for pair in others for x in pair):
        return out
    (told, emotion), (vad_pred, vad) = ([np.asarray(x) for x in pair] for pair in others)
    if (emotion >= 0).any() and not np.isnan(vad).any(-1).all():
        out |= together((told, emotion), (vad_pred, vad), (p, y), people, **options)
    return out


def together(
    emotion: Pair, vad: Pair, units: Pair, people: Int[np.ndarray, " b"], **options: Any
) -> Scores:
    """`multitask`, mean CCC + macro F1 of expressions + mean F1 of units, with its interval.

    Pairs are (probabilities, emotion), (prediction, vad) and (probabilities, units), rows aligned;
    emotion below 0, and NaN, is unknown. The score of the challenges on Aff-Wild2.
    """
    p, y = emotion
    k, a, d = p.shape[1], units[1].shape[1], vad[1].shape[1]
    named = np.asarray(y >= 0)[:, None, None]
    matrix = np.eye(k)[np.maximum(y, 0)][:, :, None] * np.eye(k)[p.argmax(1)][:, None] * named
    rated: np.ndarray = ~np.isnan(vad[1]).any(1)
    centre = vad[1][rated].mean(0) if rated.any() else np.zeros(d)
    t = np.where(rated[:, None], vad[1] - centre, 0.0)
    dimensions = moments.summands(vad[0] - centre, t) * rated[:, None, None]
    parts = [matrix, dimensions, metrics.counts(*units)]
    flat = np.concatenate([x.reshape(len(y), -1) for x in parts], axis=1)

    def statistic(sums: np.ndarray) -> np.ndarray:
        c, m, u = np.split(sums, [k * k, k * k + 7 * d], axis=-1)
        ccc = moments.ccc(moments.from_sums(m.reshape(-1, 7, d))).mean(-1)
        f1 = confusion.macro_f1(c.reshape(-1, k, k), "seen")
        return ccc + f1 + metrics.mean_f1(u.reshape(-1, 3, a))

    return bootstrap.scored("multitask", statistic, bootstrap.by_subject(flat, people), **options)


def _precision(scores: np.ndarray, truth: np.ndarray) -> float | None:
    known = ~np.isnan(truth)
    if not (truth[known] > 0).any():
        return None
    one = np.ones((1, int(known.sum())))
    return _or_none(ranking.weighted_average_precision(scores[known], truth[known], one)[0])


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
