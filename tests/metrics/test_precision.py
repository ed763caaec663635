"""VOC's average precisions against their definitions, thresholds against scikit-learn's curve."""

import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.metrics import precision, ranking


def _draws(ties):
    g = np.random.default_rng(0)
    for _ in range(20):
        scores = g.normal(size=40)
        yield np.round(scores) if ties else scores, (g.random(40) < 0.3).astype(int)


@pytest.mark.parametrize("ties", [False, True])
def test_both_by_definition_on_scikit_learns_curve(ties):
    for scores, labels in _draws(ties):
        p, r, t = sk.precision_recall_curve(labels, scores)
        p, r = p[:-1], r[:-1]  # without the point (1, 0) that no threshold has
        best = lambda level, p=p, r=r: p[r >= level - 1e-12].max()  # noqa: E731
        steps = np.diff(np.sort(r), prepend=0.0)
        expected = sum(step * best(level) for step, level in zip(steps, np.sort(r), strict=True))
        assert precision.area(scores, labels) == pytest.approx(expected, abs=1e-12)
        eleven = np.mean([best(level) for level in np.arange(11) / 10])
        assert precision.eleven_point(scores, labels) == pytest.approx(eleven, abs=1e-12)
        equal = np.flatnonzero(p == r)
        first = t[equal[0]] if len(equal) else 0.0
        assert precision.break_even(scores, labels, exact=True) == first


def test_the_nearest_crossing_where_ties_forbid_an_exact_one():
    scores, labels = np.array([0.9, 0.9, 0.9, 0.1, 0.0]), np.array([1, 1, 0, 0, 0])
    assert precision.break_even(scores, labels, exact=True) == 0
    assert precision.break_even(scores, labels) == 0.9


def test_a_perfect_order_and_a_label_that_never_holds():
    scores = np.array([0.9, 0.8, 0.1])
    for of in (precision.area, precision.eleven_point, ranking.average_precision):
        assert of(scores, np.array([1, 1, 0])) == pytest.approx(1)
        assert of(scores, np.zeros(3)) == 0
    assert precision.break_even(scores, np.zeros(3), exact=True) == 0
