"""Conformal sets: the promise over many draws, and against the exact law of their coverage."""

import numpy as np
import pytest
from scipy import stats

from affectjax.evals import conformal


def _drawn(g, n, k=6):
    """Probabilities of a model that is not calibrated, and classes drawn from others."""
    z = g.normal(0, 2, (n, k))
    p, true = (np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (z, 0.4 * z))
    return p, (true.cumsum(1) < g.random((n, 1))).sum(1).clip(max=k - 1)


@pytest.mark.parametrize(("clips", "share"), [(39, 0.9), (200, 0.8)])
def test_coverage_has_the_beta_law_of_split_conformal(clips, share):
    """Coverage given the calibration clips ~ Beta(n + 1 - l, l), l = floor((n + 1)(1 - share))."""
    g = np.random.default_rng(0)
    p, y = _drawn(g, 200_000)
    reached = np.sort(p[np.arange(len(y)), y])
    found = []
    for _ in range(400):
        some = g.integers(0, len(y), clips)
        threshold = conformal.fit(p[some], y[some], share)
        found.append(1 - np.searchsorted(reached, threshold) / len(reached))
    left = int(np.floor((clips + 1) * (1 - share) + 1e-9))
    law = stats.beta(clips + 1 - left, left)
    assert stats.kstest(found, law.cdf).pvalue > 0.01
    assert np.mean(found) == pytest.approx(law.mean(), abs=0.01)
    assert law.mean() >= share


def test_a_bolder_promise_makes_sets_that_hold_the_smaller_ones():
    p, y = _drawn(np.random.default_rng(1), 500)
    small, large = (conformal.sets(p, conformal.fit(p, y, share)) for share in (0.6, 0.95))
    assert (small <= large).all()
    assert small.sum() < large.sum()
    assert small[np.arange(500), p.argmax(1)].all()


def test_nothing_to_fit_on_is_an_error():
    with pytest.raises(ValueError, match=r"no set of share 0\.9 from 0 clips"):
        conformal.fit(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(ValueError, match="no set of share 90 from 2"):
        conformal.fit(np.ones((2, 3)) / 3, np.zeros(2, int), 90)
