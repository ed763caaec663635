"""FER+'s rules from ten votes to a label (Barsoum et al. 2016, the authors' code)."""

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect.labels import FERPLUS8

EMOTIONS = FERPLUS8.names
NAMES = (*EMOTIONS, "unknown", "NF")  # the columns of fer2013new.csv; NF: not a face


def without_singles(votes: Int[np.ndarray, "10"]) -> Int[np.ndarray, "10"]:
    """The votes without those that one rater alone gave, as every rule begins.

    >>> without_singles(np.array([4, 0, 0, 1, 3, 2, 0, 0, 0, 0])).tolist()
    [4, 0, 0, 0, 3, 2, 0, 0, 0, 0]
    """
    return np.where(votes > 1, votes, 0)


def majority(votes: Int[np.ndarray, "10"]) -> int:
    """Index in NAMES of the emotion that more than half of the votes are for; unknown without one.

    >>> NAMES[majority(np.array([4, 0, 0, 1, 3, 2, 0, 0, 0, 0]))]
    'unknown'
    >>> NAMES[majority(np.array([6, 0, 1, 1, 0, 0, 0, 0, 2, 0]))]
    'neutral'
    """
    kept = without_singles(votes)
    winner = int(kept.argmax())
    return winner if 2 * kept[winner] > kept.sum() else NAMES.index("unknown")


def shares(votes: Int[np.ndarray, "10"]) -> Float[np.ndarray, "8"] | None:
    """Target of the "probability" and "cross-entropy" rules; None where the picture is dropped.

    Labels are taken from the most votes down, equal ones together, until three quarters of the
    votes or three labels; unknown or NF stops it when its turn comes. Dropped is what begins with
    these, has more than three labels, or holds no more than half of the votes.

    >>> shares(np.array([4, 0, 0, 1, 3, 2, 0, 0, 0, 0])).round(3).tolist()
    [0.571, 0.0, 0.0, 0.0, 0.429, 0.0, 0.0, 0.0]
    """
    left = without_singles(votes).astype(np.float64)
    total, taken = left.sum(), np.zeros(len(NAMES))
    while taken.sum() < 0.75 * total and np.count_nonzero(taken) < 3:
        equal = np.flatnonzero(left == left.max())
        emotions = equal[equal < len(EMOTIONS)]
        taken[emotions] = left[emotions]
        left[emotions] = 0
        if len(emotions) < len(equal):
            break
    if np.count_nonzero(taken) > 3 or 2 * taken.sum() <= total:
        return None
    return (taken / taken.sum())[: len(EMOTIONS)]
