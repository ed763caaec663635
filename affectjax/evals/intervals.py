"""Intervals of VAD that hold the truth in a stated share of clips (split conformal).

By what the model tells of itself: of its own quantiles (the loss "pinball") the margin by which
they miss (conformalized quantile regression, Romano, Patterson & Candes 2019, arXiv 1905.03222);
of its own standard deviation (the loss "gaussian_nll") a factor (Lei et al. 2018, section 5.2);
else one half width. Fitted on validation, so the promise is for clips exchangeable with those.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.evals import bootstrap
from affectjax.metrics.states import DIMENSIONS

SHARE = 0.95
# What may be fitted; the first of them that the model's outputs allow is used.
KEYS = ("vad_margin", "vad_sd_factor", "vad_half_width")


def fit(clips: Mapping[str, np.ndarray], share: float = SHARE) -> dict[str, list[float]]:
    """What KEYS name, a number a dimension, from `vad_pred`, `vad`, `vad_sd`, `vad_low/high`.

    Clips whose `vad` has a NaN do not count; empty where none is left. Each is the
    ceil((b + 1) share)-th smallest score of the b clips, so that a new clip of the same kind lies
    within with at least that probability; the largest where so few clips cannot promise it. Scores:
    |y - prediction|; that over the standard deviation; max(low - y, y - high), below 0 inside.

    >>> clips = {"vad_pred": np.zeros((4, 1)), "vad": np.array([[0.1], [-0.2], [0.3], [-0.9]])}
    >>> fit(clips, 0.6)
    {'vad_half_width': [0.3]}
    >>> clips |= {"vad_low": np.full((4, 1), -1.0), "vad_high": np.full((4, 1), 0.5)}
    >>> [round(x, 3) for x in fit(clips, 0.6)["vad_margin"]]
    [-0.2]
    """
    rated = ~np.isnan(clips["vad"]).any(-1)
    if not rated.any():
        return {}
    given = {k: np.asarray(v, np.float64)[rated] for k, v in clips.items() if k.startswith("vad")}
    error = np.abs(given["vad"] - given["vad_pred"])
    scores = {"vad_half_width": error}
    if "vad_sd" in given:
        scores["vad_sd_factor"] = error / np.maximum(given["vad_sd"], 1e-6)
    if "vad_low" in given:
        below, above = given["vad_low"] - given["vad"], given["vad"] - given["vad_high"]
        scores["vad_margin"] = np.maximum(below, above)
    return {k: _reached(x, share) for k, x in scores.items()}


def ends(out: Mapping[str, Any], fitted: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """Lower and upper ends (b, d) in [-1, 1], of NumPy or JAX arrays; None where nothing is fitted.

    They hold the prediction, also where a negative margin would shut the interval.
    """
    by = {k: np.asarray(fitted[k]) for k in KEYS if k in fitted}
    said = out["vad_pred"]
    if "vad_margin" in by and "vad_low" in out:
        low, high = out["vad_low"] - by["vad_margin"], out["vad_high"] + by["vad_margin"]
        low, high = low - (low - said).clip(0), high + (said - high).clip(0)
    elif "vad_sd_factor" in by and "vad_sd" in out:
        half = out["vad_sd"] * by["vad_sd_factor"]
        low, high = said - half, said + half
    elif "vad_half_width" in by:
        low, high = said - by["vad_half_width"], said + by["vad_half_width"]
    else:
        return None
    return low.clip(-1, 1), high.clip(-1, 1)


def scores(
    low: Float[np.ndarray, "b d"],
    high: Float[np.ndarray, "b d"],
    vad: Float[np.ndarray, "b d"],
    subject: Int[np.ndarray, " b"],
    share: float = SHARE,
) -> dict[str, Any]:
    """How often the truth lies between the ends, and how far these are apart; 95% by subject.

    vad_coverage and vad_width of each dimension and `_mean`; vad_winkler_mean, of which both too
    wide and too often wrong is higher: width + 2 / (1 - share) times how far outside the truth lies
    (Gneiting & Raftery 2007, eq. 43). Clips whose `vad` has a NaN do not count.

    >>> told = scores(np.array([[0.0], [0.0]]), np.array([[0.5], [0.5]]), np.array([[0.2], [0.6]]),
    ...               np.array([0, 1]), 0.5)
    >>> {k: round(v, 3) for k, v in told.items() if k.endswith("mean")}
    {'vad_coverage_mean': 0.5, 'vad_width_mean': 0.5, 'vad_winkler_mean': 0.7}
    """
    rated = ~np.isnan(vad).any(-1)
    if not rated.any():
        return {}
    low, high, y = (np.asarray(x, np.float64)[rated] for x in (low, high, vad))
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    named = {"vad_coverage": (outside == 0).astype(np.float64), "vad_width": high - low}
    each = {
        f"{name}_{dimension}": values[:, i]
        for name, values in named.items()
        for i, dimension in enumerate(DIMENSIONS[: y.shape[1]])
    }
    each |= {f"{name}_mean": values.mean(1) for name, values in named.items()}
    each["vad_winkler_mean"] = (high - low + 2 / (1 - share) * outside).mean(1)
    return bootstrap.scored_means(each, np.asarray(subject)[rated])


def _reached(scores: Float[np.ndarray, "b d"], share: float) -> list[float]:
    place = min(int(np.ceil((len(scores) + 1) * share)), len(scores)) - 1
    return [float(x) for x in np.sort(scores, axis=0)[place]]
