"""Sets of categories that hold the true one in a stated share of clips (split conformal).

Threshold on the probability of the true class: "least ambiguous" sets, the smallest on average
(Sadinle, Lei & Wasserman 2019, arXiv 1609.00451). The promise is for clips that are exchangeable
with those it was fitted on. Other speakers are not quite that: evaluation says how often it held.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from affectjax.evals import bootstrap

SHARE = 0.9


def fit(
    probabilities: Float[np.ndarray, "b k"], emotion: Int[np.ndarray, " b"], share: float = SHARE
) -> float:
    """The largest probability that `share` of the true classes reach, in [0, 1].

    The floor((b + 1)(1 - share))-th smallest probability of the true class, so that a new clip's
    true class reaches it with probability of at least `share`, and below share + 1 / (b + 1) where
    no two are equal; 0, every class, where so few clips cannot promise that.

    Raises:
      ValueError: no clip, or the share is not between 0 and 1.

    >>> p = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.5, 0.5]])
    >>> fit(p, np.array([0, 0, 1, 1]), 0.6), fit(p, np.array([0, 0, 1, 1]), 0.9)
    (0.6, 0.0)
    """
    if not len(probabilities) or not 0 < share < 1:
        raise ValueError(f"no set of share {share} from {len(probabilities)} clips")
    true = np.sort(np.asarray(probabilities, np.float64)[np.arange(len(emotion)), emotion])
    place = int(np.floor((len(true) + 1) * (1 - share) + 1e-9))
    return float(true[place - 1]) if place else 0.0


def sets(probabilities: Float[np.ndarray, "b k"], threshold: float) -> Bool[np.ndarray, "b k"]:
    """Which categories are in the set of each clip: those that reach it, and always the likeliest.

    >>> sets(np.array([[0.5, 0.4, 0.1], [0.3, 0.35, 0.35]]), 0.4).astype(int).tolist()
    [[1, 1, 0], [0, 1, 0]]
    """
    p = np.asarray(probabilities, np.float64)
    return (p >= threshold) | (np.arange(p.shape[1]) == p.argmax(1)[:, None])


def scores(
    chosen: Bool[np.ndarray, "b k"],
    emotion: Int[np.ndarray, " b"],
    subject: Int[np.ndarray, " b"],
    distribution: Float[np.ndarray, "b k"] | None = None,
) -> dict[str, Any]:
    """How often the set holds the truth, and its mean size, with 95% intervals by subject.

    `set_raters` is the mean share of raters whose choice is in the set (Stutz et al. 2023,
    arXiv 2307.09302, ask for sets that hold where the truth is ambiguous). What is unknown of a
    clip does not count: `emotion` below 0, a `distribution` of zeros.

    >>> chosen = np.array([[True, True, False], [False, True, False]])
    >>> q = np.array([[0.6, 0.2, 0.2], [0.5, 0.5, 0.0]])
    >>> told = scores(chosen, np.array([2, 1]), np.array([0, 0]), q)
    >>> {k: v for k, v in told.items() if not k.endswith("interval")}
    {'set_coverage': 0.5, 'set_size': 1.5, 'set_raters': 0.65}
    >>> scores(chosen, np.array([2, 1]), np.array([0, 0]), q * [[1], [0]])["set_raters"]
    0.8
    """
    people = np.asarray(subject)
    known = np.asarray(emotion) >= 0
    of_known, truth = np.asarray(chosen)[known], np.asarray(emotion)[known]
    each = {
        "set_coverage": of_known[np.arange(len(of_known)), truth].astype(np.float64),
        "set_size": of_known.sum(1).astype(np.float64),
    }
    out = bootstrap.scored_means(each, people[known]) if known.any() else {}
    shares = np.zeros((0, 1)) if distribution is None else np.asarray(distribution, np.float64)
    voted = shares.sum(-1) > 0
    if voted.any():
        raters = (np.asarray(chosen)[voted] * shares[voted]).sum(1)
        out |= bootstrap.scored_means({"set_raters": raters}, people[voted])
    return out
