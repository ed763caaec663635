"""Losses towards rater distributions against scipy, and their gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import spatial, special, stats

from affectjax.losses import classification, distribution


@pytest.fixture
def draw():
    g = np.random.default_rng(0)
    logits, q = g.normal(0, 2, (9, 5)), g.dirichlet(np.ones(5), 9)
    q[0] = np.eye(5)[1]  # all raters agree
    return logits.astype(np.float32), q.astype(np.float32)


def test_kl_and_js_are_scipys(draw):
    logits, q = draw
    p = special.softmax(logits.astype(np.float64), axis=1)
    np.testing.assert_allclose(distribution.kl(*draw), stats.entropy(q, p, axis=1).mean(), 1e-5)
    theirs = (spatial.distance.jensenshannon(q, p, axis=1) ** 2).mean()
    np.testing.assert_allclose(distribution.js(*draw), theirs, rtol=1e-5)


def test_kl_has_the_gradient_of_soft_cross_entropy(draw):
    ours = jax.grad(distribution.kl)(*draw)
    theirs = jax.grad(classification.soft_cross_entropy)(*draw)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_a_perfect_prediction_costs_nothing(draw):
    q = jnp.asarray(draw[1][1:])
    for loss in (distribution.kl, distribution.js):
        np.testing.assert_allclose(loss(jnp.log(q), q), 0, atol=1e-6)


@pytest.mark.parametrize("loss", [distribution.kl, distribution.js])
def test_extreme_logits_keep_loss_and_gradient_finite(loss):
    logits, q = jnp.array([[300.0, -300.0, 0.0]]), jnp.array([[0.0, 1.0, 0.0]])
    assert jnp.isfinite(loss(logits, q))
    assert jnp.isfinite(jax.grad(loss)(logits, q)).all()
    assert float(distribution.js(logits, q)) <= np.log(2) + 1e-6


def test_focal_without_focus_is_half_the_binary_cross_entropy(draw):
    plain = distribution.focal(*draw, gamma=0.0, alpha=0.5)
    np.testing.assert_allclose(plain, classification.binary_cross_entropy(*draw) / 2, rtol=1e-6)
    logits, q = (x.astype(np.float64) for x in draw)
    p = special.expit(logits)
    one = -(q * np.log(p) + (1 - q) * np.log1p(-p))
    far = 1 - (p * q + (1 - p) * (1 - q))
    expected = ((0.25 * q + 0.75 * (1 - q)) * far**2 * one).mean()
    np.testing.assert_allclose(distribution.focal(*draw), expected, rtol=1e-5)


def test_a_conflict_costs_where_both_are_predicted_and_pushes_only_the_pair(draw):
    pairs = [(0, 1), (0, 3)]
    sure = jnp.array([[0.0, 90.0, 0.0, 0.0, 0.0]])
    assert float(distribution.conflict(sure, pairs)) < 1e-30
    p = special.softmax(draw[0].astype(np.float64), axis=1)
    expected = (p[:, 0] * (p[:, 1] + p[:, 3])).mean()
    np.testing.assert_allclose(distribution.conflict(draw[0], pairs), expected, rtol=1e-5)
    pushed = jax.grad(distribution.conflict)(draw[0], pairs, sigmoid=True)
    assert (np.asarray(pushed)[:, [2, 4]] == 0).all()
    assert (np.asarray(pushed)[:, [0, 1, 3]] > 0).all()
