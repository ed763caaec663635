"""What is fitted on validation to make predictions honest: temperature, thresholds, intervals.

Guo et al. 2017 (arXiv 1706.04599), section 4.2, for the temperature: p^(1/T) normalised again. The
order of the classes stays, so accuracy does too.
"""

import json
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Float, Int

FILE = "calibration.json"
_RANGE = (0.05, 20.0)


def scaled(probabilities: Float[np.ndarray, "b k"], temperature: float) -> Float[np.ndarray, "b k"]:
    """p^(1/T), rows summing to 1; above 1 softens, below 1 sharpens.

    >>> scaled(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    log_p = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-30)) / temperature
    p = np.exp(log_p - log_p.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def fit_temperature(
    probabilities: Float[np.ndarray, "b k"], emotion: Int[np.ndarray, " b"]
) -> float:
    """The T in [0.05, 20] of the least mean negative log-likelihood of the true classes.

    Raises:
      ValueError: there is no row to fit on.
    """
    if not len(probabilities):
        raise ValueError("nothing to fit a temperature on: the split is empty")
    rows = np.arange(len(emotion))

    def nll(log_t: float) -> float:
        p = scaled(probabilities, float(np.exp(log_t)))[rows, emotion]
        return float(-np.log(np.maximum(p, 1e-300)).mean())

    low, high = np.log(_RANGE)
    from scipy import optimize  # imported here: training needs no scipy

    found = optimize.minimize_scalar(nll, bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


def fit_thresholds(
    probabilities: Float[np.ndarray, "b k"], multilabel: Float[np.ndarray, "b k"]
) -> list[float]:
    """Per label, the threshold of the best F1 (label present from it on); 0.5 of an absent label.

    Candidates are the probabilities themselves; of equally good ones the highest.

    >>> fit_thresholds(np.array([[0.9], [0.4], [0.3], [0.2]]), np.array([[1], [1], [0], [0]]))
    [0.4]
    """
    found = []
    for p, y in zip(np.asarray(probabilities).T, np.asarray(multilabel).T, strict=True):
        order = np.argsort(-p, kind="stable")
        last = np.append(np.diff(p[order]) != 0, True)
        f1 = 2 * np.cumsum(y[order]) / (np.arange(1, len(y) + 1) + y.sum())
        best = int(np.argmax(np.where(last, f1, -1.0)))
        found.append(float(p[order][best]) if y.any() else 0.5)
    return found


def ece_floor(
    probabilities: Float[np.ndarray, "b k"], *, bins: int = 15, draws: int = 1000, seed: int = 0
) -> float:
    """The mean ECE of these confidences if every one were true: what few clips alone do.

    |accuracy - confidence| of a bin is never negative, so a finite sample shows an error where
    there is none (Nixon et al. 2019): outcomes are drawn, right with the probability stated.

    >>> p = np.tile([[0.7, 0.3]], (100, 1))  # one bin: E|share - 0.7| of 100 draws is 0.0365
    >>> abs(ece_floor(p) - 0.0365) < 0.002
    True
    """
    confidence = np.asarray(probabilities, np.float64).max(-1)
    at = np.eye(bins + 1)[np.minimum((confidence * bins).astype(int), bins)]
    right = np.random.default_rng(seed).random((draws, len(confidence))) < confidence
    gaps = np.abs((right - confidence) @ at).sum(1)
    return float(gaps.mean() / len(confidence))


def half_width(
    prediction: Float[np.ndarray, "b d"], target: Float[np.ndarray, "b d"], share: float = 0.95
) -> list[float]:
    """Per dimension, how far from the prediction `share` of the truth lay (split conformal).

    The ceil((b + 1) share)-th smallest absolute error, so that a new clip of the same kind lies
    within it with at least that probability (Lei et al. 2018); the largest error of small splits.
    """
    errors = np.sort(np.abs(np.asarray(prediction) - np.asarray(target)), axis=0)
    place = min(int(np.ceil((len(errors) + 1) * share)), len(errors)) - 1
    return [float(x) for x in errors[place]]


def load(workdir: pathlib.Path) -> dict[str, Any]:
    """What --mode=evaluate fitted for a run: `temperature`, `thresholds`, `vad_half_width`."""
    path = pathlib.Path(workdir) / "evaluation" / FILE
    return json.loads(path.read_text()) if path.exists() else {}


def load_for(workdir: pathlib.Path, step: int) -> dict[str, Any]:
    """As `load`, for the checkpoint of a step.

    Raises:
      ValueError: it was fitted on another checkpoint, so training has gone on since.
    """
    fitted = load(workdir)
    if fitted and fitted.get("step") != step:
        raise ValueError(
            f"{pathlib.Path(workdir) / 'evaluation' / FILE} was fitted on the checkpoint of step "
            f"{fitted.get('step')}, the selected one is of step {step}; run --mode=evaluate again"
        )
    return fitted
