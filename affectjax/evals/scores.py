"""All scores of a set of predictions, in float64, with intervals by subject."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.evals import bootstrap
from affectjax.metrics import calibration
from affectjax.metrics.states import DIMENSIONS

Scores = dict[str, Any]
_TINY = 1e-12


def scores(
    probabilities: Float[np.ndarray, "b k"] | None = None,
    emotion: Int[np.ndarray, " b"] | None = None,
    vad_pred: Float[np.ndarray, "b 3"] | None = None,
    vad: Float[np.ndarray, "b 3"] | None = None,
    subject: Int[np.ndarray, " b"] | None = None,
    distribution: Float[np.ndarray, "b k"] | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Scores:
    """Category and VAD scores of one row a clip; `<name>_interval` is 95% by subject.

    Names: uar (over the classes that occur), war, macro_f1, weighted_f1, recall (a list),
    confusion (rows true), ece (15 bins), brier, nll, soft_nll (against the raters' shares), and
    ccc, pcc, rmse per dimension and as mean. Without `subject` every clip is its own.

    Raises:
      ValueError: neither categories nor VAD are given.
    """
    given = probabilities if probabilities is not None else vad_pred
    if given is None:
        raise ValueError("no predictions to score: neither probabilities nor vad_pred")
    people = np.arange(len(given)) if subject is None else np.asarray(subject)
    out: Scores = {"clips": len(given), "subjects": len(np.unique(people))}
    options = {"resamples": resamples, "seed": seed}
    if probabilities is not None and emotion is not None:
        out |= _categories(
            np.asarray(probabilities, np.float64), np.asarray(emotion), people, options
        )
        if distribution is not None:
            log_p = np.log(np.maximum(probabilities, _TINY))
            out["soft_nll"] = float(-(distribution * log_p).sum(1).mean())
    if vad_pred is not None and vad is not None:
        out |= _dimensions(
            np.asarray(vad_pred, np.float64), np.asarray(vad, np.float64), people, options
        )
    return out


def _categories(p: np.ndarray, y: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    k = p.shape[1]
    guess = p.argmax(1)
    each = np.eye(k)[y][:, :, None] * np.eye(k)[guess][:, None, :]
    c = each.sum(0)
    matrices = bootstrap.by_subject(each, people)
    named = {"uar": _uar, "war": _war, "macro_f1": _macro_f1}
    out: Scores = {}
    for name, statistic in named.items():
        out[name] = float(statistic(c[None])[0])
        out[f"{name}_interval"] = bootstrap.interval(statistic, matrices, **options)
    true = c.sum(1)
    f1 = _f1(c[None])[0]
    at_truth = p[np.arange(len(y)), y]
    table = calibration.bins(p.max(1), guess == y)
    return out | {
        "weighted_f1": float((f1 * true).sum() / true.sum()),
        "recall": np.divide(np.diagonal(c), true, out=np.zeros(k), where=true > 0).tolist(),
        "confusion": c.astype(int).tolist(),
        "ece": float(calibration.ece(table)),
        "brier": float(((p**2).sum(1) - 2 * at_truth + 1).mean()),
        "nll": float(-np.log(np.maximum(at_truth, _TINY)).mean()),
        "chance": {"uar": 1 / k, "war": float(true.max() / true.sum())},
    }


def _dimensions(p: np.ndarray, t: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    centre = t.mean(0)  # sums of squares about a common point do not cancel
    p0, t0 = p - centre, t - centre
    parts = np.stack([np.ones_like(p0), p0, t0, p0**2, t0**2, p0 * t0], axis=1)
    sums, total = bootstrap.by_subject(parts, people), parts.sum(0)[None]
    out: Scores = {}
    for name, statistic in (("ccc", _ccc), ("pcc", _pcc), ("rmse", _rmse)):
        values = statistic(total)[0]
        out |= {f"{name}_{d}": float(v) for d, v in zip(DIMENSIONS, values, strict=True)}
        out[f"{name}_mean"] = float(values.mean())
    out["ccc_mean_interval"] = bootstrap.interval(lambda s: _ccc(s).mean(1), sums, **options)
    for i, d in enumerate(DIMENSIONS):
        pick = lambda s, i=i: _ccc(s)[:, i]  # noqa: E731
        out[f"ccc_{d}_interval"] = bootstrap.interval(pick, sums, **options)
    return out


def _war(c: np.ndarray) -> np.ndarray:
    return np.trace(c, axis1=1, axis2=2) / c.sum((1, 2))


def _uar(c: np.ndarray) -> np.ndarray:
    true = c.sum(2)
    recall = np.divide(_diagonal(c), true, out=np.zeros_like(true), where=true > 0)
    return recall.sum(1) / (true > 0).sum(1)


def _f1(c: np.ndarray) -> np.ndarray:
    both = c.sum(1) + c.sum(2)
    return np.divide(2 * _diagonal(c), both, out=np.zeros_like(both), where=both > 0)


def _macro_f1(c: np.ndarray) -> np.ndarray:
    return _f1(c).sum(1) / ((c.sum(1) + c.sum(2)) > 0).sum(1)


def _diagonal(c: np.ndarray) -> np.ndarray:
    return np.diagonal(c, axis1=1, axis2=2)


def _central(s: np.ndarray) -> tuple[np.ndarray, ...]:
    n, mean_p, mean_t = s[:, 0], s[:, 1] / s[:, 0], s[:, 2] / s[:, 0]
    d = np.maximum(n - 1, 1)
    var_p = (s[:, 3] - n * mean_p**2) / d
    var_t = (s[:, 4] - n * mean_t**2) / d
    return mean_p, mean_t, var_p, var_t, (s[:, 5] - n * mean_p * mean_t) / d


def _ccc(s: np.ndarray) -> np.ndarray:
    mean_p, mean_t, var_p, var_t, cov = _central(s)
    return 2 * cov / np.maximum(var_p + var_t + (mean_p - mean_t) ** 2, _TINY)


def _pcc(s: np.ndarray) -> np.ndarray:
    _, _, var_p, var_t, cov = _central(s)
    return cov / np.sqrt(np.maximum(var_p * var_t, _TINY))


def _rmse(s: np.ndarray) -> np.ndarray:
    return np.sqrt((s[:, 3] + s[:, 4] - 2 * s[:, 5]) / s[:, 0])
