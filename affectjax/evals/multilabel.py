"""Scores of labels that may hold together, in float64, with intervals by subject."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.evals import bootstrap
from affectjax.metrics import defined, precision, ranking

Scores = dict[str, Any]
Weighted = Callable[..., Float[np.ndarray, " r"]]
_AT_ONCE = 4_000_000  # weights of resamples x rows held at a time
_TINY = 1e-12


def scores(
    predicted: Float[np.ndarray, "b k"],
    truth: Float[np.ndarray, "b k"],
    people: Int[np.ndarray, " b"],
    thresholds: Float[np.ndarray, " k"] | float = 0.5,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Scores:
    """mAP and the rest of probabilities of k labels against 0 or 1; `<name>_interval` as well.

    map and auroc_mean are means over the labels that occur (for AUROC: and are absent, too), ap and
    auroc lists of all, null where undefined; macro_f1 (labels true or predicted), micro_f1 and
    samples_jaccard (both empty counts 0) at `thresholds`, label_nll (mean sigmoid cross-entropy)
    and label_brier. `prevalence` is each label's share, its mean the mAP of chance. map_area and
    map_eleven_point are VOC's two further definitions of mAP (`metrics.precision`), no interval.
    """
    p, y = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    options = {"resamples": resamples, "seed": seed}
    seen = y.any(0)
    out = _ranked(p, y, people, **options)
    counts = bootstrap.by_subject(_counts(y, p >= thresholds), people)
    for name, statistic in (("macro_f1", _macro_f1), ("micro_f1", _micro_f1)):
        out |= bootstrap.scored(name, statistic, counts, **options)
    clipped = np.clip(p, _TINY, 1 - _TINY)
    each = {
        "samples_jaccard": _jaccard(y > 0.5, p >= thresholds),
        "label_nll": -(y * np.log(clipped) + (1 - y) * np.log1p(-clipped)).mean(1),
        "label_brier": ((p - y) ** 2).mean(1),
    }
    out |= bootstrap.scored_means(each, people, **options)
    shares = y.mean(0)
    for name, score in (("area", precision.area), ("eleven_point", precision.eleven_point)):
        out[f"map_{name}"] = _mean(ranking.per_class(score, p[:, seen], y[:, seen]))
    return out | {
        "prevalence": shares.tolist(),
        "label_chance": {"map": _mean(shares[seen]), "auroc_mean": 0.5},
    }


def resampled(
    score: Weighted,
    predicted: Float[np.ndarray, "b k"],
    truth: Float[np.ndarray, "b k"],
    people: Int[np.ndarray, " b"],
    *,
    resamples: int,
    seed: int,
) -> Float[np.ndarray, "r k"]:
    """A ranking score of each label in each draw of subjects, NaN where a draw does not define it.

    `score` is `ranking.weighted_average_precision` or `weighted_auroc`. The draws are those of
    `bootstrap.interval` with the same seed, so differences between runs are paired.
    """
    _, place = np.unique(people, return_inverse=True)
    counts = bootstrap.draws(int(place.max()) + 1, resamples, seed)
    step = max(_AT_ONCE // len(place), 1)
    parts = []
    for start in range(0, resamples, step):
        weights = counts[start : start + step][:, place].astype(np.float64)
        each = [score(predicted[:, i], truth[:, i], weights) for i in range(truth.shape[1])]
        parts.append(np.stack(each, axis=1))
    return np.concatenate(parts)


def mean_over_labels(values: Float[np.ndarray, "r k"]) -> Float[np.ndarray, " r"]:
    """Mean of what is defined in each row; NaN where nothing is."""
    return defined.mean(values, none=np.nan)


def _ranked(p: np.ndarray, y: np.ndarray, people: np.ndarray, **options: Any) -> Scores:
    out: Scores = {}
    named: dict[str, tuple[str, Weighted]] = {
        "ap": ("map", ranking.weighted_average_precision),
        "auroc": ("auroc_mean", ranking.weighted_auroc),
    }
    ones = np.ones((1, len(y)))
    for name, (mean, score) in named.items():
        exact = np.array([score(p[:, i], y[:, i], ones)[0] for i in range(y.shape[1])])
        drawn = resampled(score, p, y, people, **options)
        ends = bootstrap.ends(drawn)
        out[mean] = _mean(exact[~np.isnan(exact)])
        out[f"{mean}_interval"] = bootstrap.ends(mean_over_labels(drawn)[:, None])[0]
        out[name] = [None if np.isnan(x) else float(x) for x in exact]
        out[f"{name}_interval"] = [
            None if np.isnan(x) else pair for x, pair in zip(exact, ends, strict=True)
        ]
    return out


def _counts(y: np.ndarray, guess: np.ndarray) -> Float[np.ndarray, "b 3 k"]:
    """True positives, positives and predicted positives of each row."""
    return np.stack([y * guess, y, guess.astype(np.float64)], axis=1)


def _macro_f1(sums: Float[np.ndarray, "*r 3 k"]) -> Float[np.ndarray, "*r"]:
    hits, size = 2 * sums[..., 0, :], sums[..., 1, :] + sums[..., 2, :]
    each = np.where(size > 0, hits / np.where(size > 0, size, 1), 0.0)
    return each.sum(-1) / np.maximum((size > 0).sum(-1), 1)


def _micro_f1(sums: Float[np.ndarray, "*r 3 k"]) -> Float[np.ndarray, "*r"]:
    whole = sums.sum(-1)
    size = whole[..., 1] + whole[..., 2]
    return np.where(size > 0, 2 * whole[..., 0] / np.where(size > 0, size, 1), 0.0)


def _jaccard(y: np.ndarray, guess: np.ndarray) -> Float[np.ndarray, " b"]:
    either = (y | guess).sum(1)
    return np.where(either > 0, (y & guess).sum(1) / np.maximum(either, 1), 0.0)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
