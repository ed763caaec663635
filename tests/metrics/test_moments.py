"""Moments: merging, weights, constants and large offsets."""

import jax.numpy as jnp
import numpy as np

from affectjax.metrics import moments


def _pair(n=300, seed=0, offset=0.4):
    g = np.random.default_rng(seed)
    t = g.normal(offset, 0.1, (n, 3))
    return t + g.normal(0.03, 0.08, (n, 3)), t


def test_merged_parts_are_the_whole():
    p, t = _pair()
    whole = moments.moments(p, t)
    parts = moments.moments(p[:7], t[:7])
    for a, b in ((7, 8), (8, 120), (120, 300)):
        parts = parts.merge(moments.moments(p[a:b], t[a:b]))
    for score in (moments.ccc, moments.pcc, moments.rmse, moments.mae, moments.r2):
        np.testing.assert_allclose(score(parts), score(whole), rtol=1e-12)


def test_an_empty_part_changes_nothing():
    p, t = _pair(20)
    whole = moments.moments(p, t)
    empty = moments.moments(p, t, np.zeros(20))
    for merged in (whole.merge(empty), empty.merge(whole)):
        np.testing.assert_allclose(moments.ccc(merged), moments.ccc(whole), rtol=1e-12)


def test_integer_weights_are_repetitions_and_their_scale_does_not_matter():
    p, t = _pair(30)
    w = np.random.default_rng(1).integers(0, 4, 30)
    repeated = moments.moments(p.repeat(w, 0), t.repeat(w, 0))
    weighted = moments.moments(p, t, w.astype(float))
    np.testing.assert_allclose(moments.ccc(weighted), moments.ccc(repeated), rtol=1e-12)
    # also where they sum to less than 1
    small = moments.moments(p, t, w * 1e-3)
    for score in (moments.pcc, moments.rmse, lambda m: moments.ccc(m, unbiased=False)):
        np.testing.assert_allclose(score(small), score(repeated), rtol=1e-9)


def test_rows_of_weight_zero_may_hold_nan():
    p, t = _pair(10)
    p[3] = np.nan
    keep = np.arange(10) != 3
    ours = moments.ccc(moments.moments(p, t, keep.astype(float)))
    np.testing.assert_allclose(ours, moments.ccc(moments.moments(p[keep], t[keep])), rtol=1e-12)


def test_float32_keeps_five_digits_at_an_offset_a_hundred_times_the_spread():
    p, t = _pair(offset=10.0)
    exact = moments.ccc(moments.moments(p, t))
    ours = moments.ccc(moments.moments(jnp.float32(p), jnp.float32(t)))
    np.testing.assert_allclose(ours, exact, rtol=1e-4)


def test_constant_predictions_score_zero_not_rounding_noise():
    # 0.1 is no float: its mean differs from it in the last digit, which is no variance.
    t = np.random.default_rng(0).normal(0, 1, (37, 1)).astype(np.float32)
    p = np.full((37, 1), 0.1, np.float32)
    for a, b in ((p, t), (t, p), (p, p)):
        for xp in (np, jnp):
            m = moments.moments(xp.asarray(a), xp.asarray(b))
            assert float(moments.pcc(m)[0]) == float(moments.ccc(m)[0]) == 0.0


def test_sums_of_subjects_are_the_moments():
    p, t = _pair(50)
    p0, t0 = p - t.mean(0), t - t.mean(0)
    parts = (np.ones_like(p0), p0, t0, p0**2, t0**2, p0 * t0, np.abs(p0 - t0))
    summed = moments.from_sums(np.stack(parts, 1).sum(0))
    whole = moments.moments(p, t)
    for score in (moments.ccc, moments.pcc, moments.rmse, moments.mae):
        np.testing.assert_allclose(score(summed), score(whole), rtol=1e-9)
