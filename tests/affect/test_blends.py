"""Emotions as Gaussians: against scipy, closed forms and the published recipe's numbers."""

import numpy as np
import pytest
from scipy import stats

from affectjax.affect import blends, labels, norms, prior
from affectjax.data.ops import labels as ops

G = np.random.default_rng(0)
NAMES = labels.AFFECTNET8.names


def test_the_posterior_of_full_covariances_is_that_of_scipys_densities():
    means, full = blends.gaussians(NAMES, correlated=True)
    x = G.uniform(-1, 1, (6, 3))
    shares = G.dirichlet(np.ones(8))
    pairs = zip(means, full, strict=True)
    density = np.stack([stats.multivariate_normal(m, c).pdf(x) for m, c in pairs], -1) * shares
    found = prior.posterior(x, labels.AFFECTNET8, prior=shares, gaussians=(means, full))
    np.testing.assert_allclose(found, density / density.sum(-1, keepdims=True), rtol=1e-9)
    # Without correlations they are the independent ones, and far outside nothing overflows.
    plain = blends.covariances(np.array([norms.norm(n).sd for n in NAMES]), np.zeros((8, 3)))
    given = prior.posterior(x, labels.AFFECTNET8, gaussians=(means, plain))
    np.testing.assert_allclose(given, prior.posterior(x, labels.AFFECTNET8), rtol=1e-9)
    far = prior.posterior(np.full(3, 1e3), labels.AFFECTNET8, gaussians=(means, full))
    assert far.sum() == pytest.approx(1)


def test_a_covariance_that_cannot_be_is_lifted_until_it_can():
    impossible = np.array([[0.99, -0.99, 0.99]])
    full = blends.covariances(np.array([[0.2, 0.3, 0.4]]), impossible)[0]
    assert np.linalg.eigvalsh(full).min() == pytest.approx(1e-6, rel=1e-3)
    np.testing.assert_allclose(full, full.T)


def test_published_labels_at_three_points_with_the_published_neutral():
    # Numbers: see tests/affect/test_affect.py, here in AffectNet's order.
    given = blends.gaussians(NAMES, neutral="published")
    at = np.array([(-0.51, 0.59, 0.25), (0, 0, 0), (-0.64, 0.60, -0.43)])
    p = prior.posterior(at, labels.AFFECTNET8, gaussians=given)
    origin = [0.5971, 0.0001, 0.0097, 0.0175, 0.0006, 0.0079, 0.0075, 0.3597]
    np.testing.assert_allclose(p[1], origin, atol=6e-5)
    np.testing.assert_allclose(p[0, NAMES.index("anger")], 0.4770, atol=6e-5)
    np.testing.assert_allclose(p[2, NAMES.index("fear")], 0.7397, atol=6e-5)


def test_dominance_is_the_conditional_mean_near_the_emotion_and_bounded_far_away():
    norm = norms.norm("happiness")
    # Of happiness, whose correlations go together: its covariance is not lifted.
    full = blends.gaussians(("happiness",), correlated=True)[1][0]
    off = np.array([0.01, -0.02])
    near = blends.dominance_of(np.array(norm.mean[:2]) + off, "happiness")
    exact = norm.mean[2] + full[2, :2] @ np.linalg.solve(full[:2, :2], off)
    assert near == pytest.approx(exact, abs=1e-4)
    corners = np.array([(v, a) for v in (-1.0, 1.0) for a in (-1.0, 1.0)])
    for name in NAMES:
        told, norm = blends.dominance_of(corners, name), norms.norm(name)
        assert (np.abs(told) <= 1).all()
        assert (np.abs(told - norm.mean[2]) <= 1.5 * norm.sd[2] + 1e-12).all()
    with pytest.raises(ValueError, match="no correlations of 'joyful'"):
        blends.dominance_of(corners, "joyful")


def test_distances_are_those_of_an_integral():
    means, sds = np.array([[0.1], [0.7]]), np.array([[0.2], [0.5]])
    x = np.linspace(-4, 5, 20_001)
    p, q = (stats.norm(m[0], s[0]).pdf(x) for m, s in zip(means, sds, strict=True))
    expected = -np.log(np.trapezoid(np.sqrt(p * q), x))
    assert blends.bhattacharyya(means, sds)[0, 1] == pytest.approx(expected, rel=1e-6)


def test_151_terms_become_14_groups_the_same_in_any_order():
    table = list(norms.table().values())
    means, sds = np.array([n.mean for n in table]), np.array([n.sd for n in table])
    group = blends.clusters(means, sds, 14)
    assert group[0] == 0
    assert set(group) == set(range(14))
    order = G.permutation(len(table))
    again = blends.clusters(means[order], sds[order], 14)
    same = group[order][:, None] == group[order][None]
    np.testing.assert_array_equal(same, again[:, None] == again[None])
    mean, sd = blends.fused(means, sds, group)
    one = group == 3
    x = np.concatenate(
        [stats.norm(m, s).rvs((4000, 3), G) for m, s in zip(means[one], sds[one], strict=True)]
    )
    np.testing.assert_allclose(mean[3], x.mean(0), atol=0.02)
    np.testing.assert_allclose(sd[3], x.std(0), atol=0.02)
    with pytest.raises(ValueError, match="0 groups of 151 terms"):
        blends.clusters(means, sds, 0)


def test_a_point_of_the_data_becomes_shares():
    at = np.array([-0.5, 0.6, 0.2], np.float32)
    told = ops.Blend(labels.EKMAN7.names).map({"vad": at, "votes": np.ones(7, np.int32)})
    assert "votes" not in told, "they would become the distribution"
    np.testing.assert_allclose(told["distribution"], prior.posterior(at, labels.EKMAN7), atol=1e-6)
    unknown = {"vad": np.array([-0.5, 0.6, np.nan], np.float32), "emotion": 6}
    with pytest.raises(ValueError, match="has an unknown value; Blend"):
        ops.Blend(NAMES).map(unknown)
    for how in ("estimated", "without"):
        shares = ops.Blend(NAMES, dominance=how, neutral="published").map(unknown)["distribution"]
        assert shares.sum() == pytest.approx(1, abs=1e-6)
        assert NAMES[shares.argmax()] == "anger"
    without = ops.Blend(NAMES, dominance="without").map(unknown)["distribution"]
    flat = [x[:, :2] for x in norms.of_space(labels.AFFECTNET8)]
    expected = prior.posterior(unknown["vad"][:2], labels.AFFECTNET8, gaussians=tuple(flat))
    np.testing.assert_allclose(without, expected, atol=1e-6)
    for bad, why in (
        ({"dominance": "no"}, "allowed: given, estimated, without"),
        ({"prior": (1.0,)}, "Blend.prior has 1 for 8 names"),
    ):
        with pytest.raises(ValueError, match=why):
            ops.Blend(NAMES, **bad)
