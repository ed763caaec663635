"""Categories without a training example: texts for classes, honest probabilities, other priors.

Features of images and texts come from a tower that knows both (`models.clip`); everything here is
a function of arrays.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float

TINY = 1e-30


def probabilities(
    images: Float[np.ndarray, "b d"],
    texts: Float[np.ndarray, "k p d"],
    scale: float = 100.0,
    how: Literal["features", "probabilities"] = "features",
) -> Float[np.ndarray, "b k"]:
    """softmax over classes of scale x cos(image, class), a class being p texts put together.

    Args:
      scale: CLIP's exp(logit_scale); 1 / scale is the temperature, which
        `calibrate.fit_temperature` corrects on labelled images.
      how: "features" averages the texts' unit vectors (Radford et al. 2021), "probabilities" the
        answers of p classifiers, one a text.

    Raises:
      ValueError: another `how`.

    >>> probabilities(np.eye(2), np.eye(2)[:, None], scale=np.log(3)).round(6).tolist()
    [[0.75, 0.25], [0.25, 0.75]]
    """
    if how not in ("features", "probabilities"):
        raise ValueError(f"how={how!r}; allowed: features, probabilities")
    x, each = unit(np.asarray(images, np.float64)), unit(np.asarray(texts, np.float64))
    if how == "features":
        return softmax(scale * x @ unit(each.mean(1)).T)
    return softmax(scale * np.einsum("bd,kpd->pbk", x, each)).mean(0)


def unbiased(
    given: Float[np.ndarray, "b k"], prior: Float[np.ndarray, " k"] | None = None
) -> Float[np.ndarray, "b k"]:
    """Probabilities without what the words alone favour: p_k / mean of p_k, times a prior.

    The mean is over all images given, unlabelled, whose classes are taken to follow `prior` (even
    where none is given): batch calibration (Zhou et al. 2023, arXiv 2309.17249).

    >>> unbiased(np.array([[0.9, 0.1], [0.7, 0.3]])).argmax(1).tolist()
    [0, 1]
    """
    p = np.asarray(given, np.float64)
    wanted = np.full(p.shape[1], 1 / p.shape[1]) if prior is None else np.asarray(prior)
    return _normal(p / np.maximum(p.mean(0), TINY) * wanted)


def shifted(
    given: Float[np.ndarray, "b k"],
    learnt: Float[np.ndarray, " k"],
    steps: int = 1000,
    tolerance: float = 1e-9,
) -> tuple[Float[np.ndarray, "b k"], Float[np.ndarray, " k"]]:
    """Probabilities for data with other shares of the classes, and these shares, from no label.

    Expectation maximisation (Saerens, Latinne & Decaestecker 2002): shares q <- the mean of
    p_k q_k / learnt_k, normalised for each image, until none moves more than `tolerance`. It takes
    `given` for calibrated on data of the shares `learnt`.

    Raises:
      ValueError: a class that had no share.
    """
    p, before = np.asarray(given, np.float64), np.asarray(learnt, np.float64)
    if (before <= 0).any():
        raise ValueError(f"classes learnt from nothing: {np.flatnonzero(before <= 0).tolist()}")
    shares = before / before.sum()
    for _ in range(steps):
        moved = corrected(p, before, shares)
        new = moved.mean(0)
        done = np.abs(new - shares).max() < tolerance
        shares = new
        if done:
            break
    return corrected(p, before, shares), shares


def corrected(
    given: Float[np.ndarray, "b k"],
    learnt: Float[np.ndarray, " k"],
    prior: Float[np.ndarray, " k"],
) -> Float[np.ndarray, "b k"]:
    """Probabilities under another prior: p_k prior_k / learnt_k, normalised (Bayes' rule).

    >>> corrected(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]), np.array([0.9, 0.1])).tolist()
    [[0.9, 0.1]]
    """
    return _normal(np.asarray(given, np.float64) * np.asarray(prior) / np.asarray(learnt))


def unit(x: Float[np.ndarray, "*b d"]) -> Float[np.ndarray, "*b d"]:
    """Rows of length 1; a row of zeros stays."""
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), TINY)


def _normal(p: np.ndarray) -> np.ndarray:
    return p / np.maximum(p.sum(-1, keepdims=True), TINY)


def softmax(x: Float[np.ndarray, "*b k"]) -> Float[np.ndarray, "*b k"]:
    """exp(x) / sum exp(x) over the last axis."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
