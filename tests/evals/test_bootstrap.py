"""Intervals by subject against closed forms and a plain resampling loop."""

import numpy as np
import pytest

from affectjax.evals import bootstrap
from affectjax.metrics import confusion


def test_sufficient_statistics_give_what_resampling_the_clips_gives():
    g = np.random.default_rng(0)
    subject = g.integers(0, 7, 90) * 11  # ids need not be consecutive
    y, guess = g.integers(0, 3, 90), g.integers(0, 3, 90)
    each = np.eye(3)[y][:, :, None] * np.eye(3)[guess][:, None]
    matrices = bootstrap.by_subject(each, subject)
    ids = np.unique(subject)
    for counts in bootstrap.draws(7, 5, seed=3):
        rows = np.concatenate(
            [
                np.flatnonzero(subject == i)
                for i, n in zip(ids, counts, strict=True)
                for _ in range(n)
            ]
        )
        c = np.zeros((3, 3))
        np.add.at(c, (y[rows], guess[rows]), 1)
        ours = confusion.uar(np.einsum("g,gij->ij", counts.astype(float), matrices))
        np.testing.assert_allclose(ours, confusion.uar(c))


def test_an_interval_of_a_mean_is_the_normal_one():
    # 400 subjects of one clip each: the percentile interval is mean +- 1.96 sd / sqrt(n) nearly.
    x = np.random.default_rng(1).normal(2.0, 1.0, 400)
    sums = np.stack([x, np.ones(400)], 1)
    low, high = bootstrap.interval(lambda s: s[:, 0] / s[:, 1], sums, resamples=4000)
    half = 1.96 * x.std(ddof=1) / 20
    np.testing.assert_allclose([low, high], [x.mean() - half, x.mean() + half], atol=0.012)


def test_clips_that_repeat_their_subject_do_not_narrow_the_interval():
    x = np.random.default_rng(2).normal(0, 1, 20)
    ratio = lambda s: s[:, 0] / s[:, 1]  # noqa: E731
    once = bootstrap.interval(ratio, np.stack([x, np.ones(20)], 1))
    often = bootstrap.by_subject(
        np.stack([x, np.ones(20)], 1).repeat(50, 0), np.arange(20).repeat(50)
    )
    np.testing.assert_allclose(bootstrap.interval(ratio, often), once, rtol=1e-9)


def test_the_seed_decides_and_one_subject_has_no_width():
    x = np.random.default_rng(3).random((9, 2)) + 1
    ratio = lambda s: s[:, 0] / s[:, 1]  # noqa: E731
    assert bootstrap.interval(ratio, x, seed=1) == bootstrap.interval(ratio, x, seed=1)
    assert bootstrap.interval(ratio, x, seed=1) != bootstrap.interval(ratio, x, seed=2)
    low, high = bootstrap.interval(ratio, x[:1])
    assert low == pytest.approx(high) == pytest.approx(x[0, 0] / x[0, 1])


def test_no_subject_is_an_error():
    with pytest.raises(ValueError, match=r"no interval of level 0\.95 from 0 subjects"):
        bootstrap.interval(lambda s: s, np.zeros((0, 2)))
