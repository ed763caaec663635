"""Further average precisions, and thresholds, that EMOTIC's and VOC's evaluations report.

`ranking.average_precision` is scikit-learn's. All take the scores and truth of one label, in
float64; equal scores enter together. 0 without a positive label.
"""

import numpy as np

from affectjax.metrics.ranking import Flags, Ordered


def area(scores: Ordered, labels: Flags) -> float:
    """PASCAL VOC's since 2010: area under the precision made monotone from the right.

    EMOTIC's MATLAB evaluation, whose random order of equal scores is left out.

    >>> area(np.array([0.9, 0.8, 0.7]), np.array([0, 1, 1]))  # 2/3 everywhere
    0.6666666666666666
    """
    hits, called, _ = _running(scores, labels)
    best = np.maximum.accumulate((hits / called)[::-1])[::-1]
    return float((np.diff(hits, prepend=0.0) * best).sum() / max(hits[-1], 1))


def eleven_point(scores: Ordered, labels: Flags) -> float:
    """PASCAL VOC's until 2009: mean of the best precision at recalls of at least 0, 0.1, ..., 1.

    EMOTIC's Torch evaluation.

    >>> eleven_point(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]))  # (6 of 1 + 5 of 2/3) / 11
    0.848...
    """
    hits, called, _ = _running(scores, labels)
    if not hits[-1]:
        return 0.0
    # In whole numbers: hits / positives >= i / 10 without the rounding of a division.
    reached = [10 * hits >= i * hits[-1] for i in range(11)]
    return float(np.mean([(hits / called)[r].max() for r in reached]))


def break_even(scores: Ordered, labels: Flags, exact: bool = False) -> float:
    """The score at which precision equals recall, as a threshold: scores from it on are positive.

    That is where as many are called positive as are; where equal scores forbid it, the nearest
    number, and of two the smaller. `exact`: as the PyTorch port of EMOTIC, which then says 0, or
    the lowest score above all positives (precision and recall are both 0).

    >>> break_even(np.array([0.9, 0.8, 0.3]), np.array([0, 1, 1]))
    0.8
    """
    hits, called, at = _running(scores, labels)
    if not exact:
        return float(at[np.abs(called - hits[-1]).argmin()])
    equal = np.flatnonzero((called == hits[-1]) | (hits == 0))
    return float(at[equal[-1]]) if len(equal) and hits[-1] else 0.0


def _running(scores: Ordered, labels: Flags) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True positives, all called positive, and the score, at each distinct score downwards."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked: np.ndarray = np.asarray(scores)[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(np.asarray(labels, np.float64)[order])[last]
    return hits, last + 1.0, ranked[last]
