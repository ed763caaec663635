"""Correlation losses: known values, weights, and gradients where nothing varies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import ccc
from affectjax.metrics import moments


@pytest.fixture
def pair():
    g = np.random.default_rng(0)
    t = g.normal(0, 0.3, (24, 3)).astype(np.float32)
    return (t + g.normal(0, 0.2, (24, 3))).astype(np.float32), t


def test_the_losses_are_one_minus_the_metrics(pair):
    p, t = (x.astype(np.float64) for x in pair)
    m = moments.moments(p, t)
    np.testing.assert_allclose(ccc.ccc_loss_unbiased(*pair), 1 - moments.ccc(m).mean(), rtol=1e-5)
    np.testing.assert_allclose(ccc.ccc_loss(*pair), 1 - moments.ccc(m, False).mean(), rtol=1e-5)
    np.testing.assert_allclose(ccc.pcc_loss(*pair), 1 - moments.pcc(m).mean(), rtol=1e-4)


@pytest.mark.parametrize("loss", [ccc.ccc_loss, ccc.ccc_loss_unbiased, ccc.pcc_loss])
def test_rows_of_weight_zero_change_neither_loss_nor_gradient(loss, pair):
    p, t = map(jnp.asarray, pair)
    padded = [jnp.concatenate([x, jnp.full((5, 3), 7.0)]) for x in (p, t)]
    weights = jnp.concatenate([jnp.ones(24), jnp.zeros(5)])
    np.testing.assert_allclose(loss(*padded, weights=weights), loss(p, t), rtol=1e-6)
    ours = jax.grad(lambda x: loss(x, padded[1], weights=weights))(padded[0])
    np.testing.assert_allclose(ours[:24], jax.grad(lambda x: loss(x, t))(p), atol=1e-6)
    assert (ours[24:] == 0).all()


@pytest.mark.parametrize("loss", [ccc.ccc_loss, ccc.ccc_loss_unbiased, ccc.pcc_loss])
def test_constant_predictions_have_a_finite_gradient_that_leads_towards_the_target(loss, pair):
    t = jnp.asarray(pair[1])
    start = jnp.zeros_like(t)
    gradient = jax.grad(lambda x: loss(x, t))(start)
    assert jnp.isfinite(gradient).all()
    assert float(loss(-1e-3 * gradient / jnp.abs(gradient).max(), t)) < float(loss(start, t))


def test_equal_constants_are_finite():
    x = jnp.full((4, 2), 0.3)
    for loss in (ccc.ccc_loss, ccc.pcc_loss):
        assert jnp.isfinite(loss(x, x))
        assert jnp.isfinite(jax.grad(loss)(x, x)).all()
