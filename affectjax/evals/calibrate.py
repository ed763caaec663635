"""What is fitted on validation to make probabilities honest: a temperature, a vector, thresholds.

Guo et al. 2017 (arXiv 1706.04599), section 4.2: the temperature, p^(1/T) normalised again, which
keeps the order of the classes and so accuracy; and the vector, a factor and a bias a class, which
mends a model that says one class too often, and may change the order.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

FILE = "calibration.json"
METHODS = ("temperature", "vector")
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


def fit_vector(
    probabilities: Float[np.ndarray, "b k"],
    emotion: Int[np.ndarray, " b"],
    temperature: float,
    shrink: float = 1.0,
) -> dict[str, list[float]]:
    """`weight` w and `bias` b, k numbers each, of p' = softmax(w log p + b).

    The least of -sum log p'[true] + shrink / 2 (|w - 1/T|^2 + |b|^2), which is convex: L-BFGS from
    the temperature T. With few clips, where the vector alone would fit chance, it stays near T;
    `shrink` 0 is plain maximum likelihood. Of log-probabilities this is the diagonal case of Kull
    et al. 2019 (arXiv 1910.12656); Guo et al. take logits, which differ by a number a clip.

    Raises:
      ValueError: there is no row to fit on.
    """
    if not len(probabilities):
        raise ValueError("nothing to fit a vector on: the split is empty")
    log_p = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-30))
    rows, k = np.arange(len(emotion)), log_p.shape[1]
    start = np.r_[np.full(k, 1 / temperature), np.zeros(k)]

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        z = x[:k] * log_p + x[k:]
        z -= z.max(1, keepdims=True)
        log_sum = np.log(np.exp(z).sum(1))
        slope = np.exp(z - log_sum[:, None])
        slope[rows, emotion] -= 1
        away = x - start
        value = (log_sum - z[rows, emotion]).sum() + shrink / 2 * (away @ away)
        return float(value), np.r_[(slope * log_p).sum(0), slope.sum(0)] + shrink * away

    from scipy import optimize

    options = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8 * len(rows)}
    found = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    return {"weight": [float(w) for w in found[:k]], "bias": [float(b) for b in found[k:]]}


def honest(
    probabilities: Float[np.ndarray, "b k"], fitted: Mapping[str, Any]
) -> Float[np.ndarray, "b k"]:
    """The probabilities as calibrated: by the vector where one is fitted, else the temperature.

    >>> fitted = {"temperature": 2.0, "vector": {"weight": [1.0, 1.0], "bias": [0.0, np.log(4)]}}
    >>> honest(np.array([[0.8, 0.2]]), fitted).round(3).tolist()
    [[0.5, 0.5]]
    """
    z = tuned(np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-30)), fitted)
    p = np.exp(z - z.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def tuned(log_p: Any, fitted: Mapping[str, Any]) -> Any:
    """The logits (b, k) whose softmax is calibrated, from log-probabilities, NumPy's or JAX's."""
    vector = fitted.get("vector")
    if not vector:
        return log_p / fitted.get("temperature", 1.0)
    return log_p * np.asarray(vector["weight"]) + np.asarray(vector["bias"])


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


def load(workdir: pathlib.Path) -> dict[str, Any]:
    """What --mode=evaluate fitted for a run: see `evaluate.fit`."""
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
