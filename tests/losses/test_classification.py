"""Category losses against scikit-learn and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special
from sklearn import metrics as sk

from affectjax.losses import classification, regression, weighting


@pytest.fixture
def draw():
    g = np.random.default_rng(0)
    return g.normal(0, 2, (12, 4)).astype(np.float32), g.integers(0, 4, 12)


def test_cross_entropy_is_scikit_learns_log_loss(draw):
    logits, y = draw
    p = special.softmax(logits.astype(np.float64), axis=1)
    theirs = sk.log_loss(y, p, labels=range(4))
    np.testing.assert_allclose(classification.cross_entropy(logits, y), theirs, rtol=1e-5)


def test_weights_of_classes_give_the_weighted_mean(draw):
    logits, y = draw
    of_class = np.array([1.0, 2.0, 0.5, 0.0])
    p = special.softmax(logits.astype(np.float64), axis=1)
    theirs = sk.log_loss(y, p, labels=range(4), sample_weight=of_class[y])
    ours = classification.cross_entropy(logits, y, weights=jnp.asarray(of_class)[y])
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_smoothed_targets_have_timms_off_and_on_values():
    # timm: off = s / k, on = 1 - s + off
    q = classification.smooth_targets(jnp.array([2]), 5, 0.1)
    np.testing.assert_allclose(q, [[0.02, 0.02, 0.92, 0.02, 0.02]], rtol=1e-6)


def test_focal_without_gamma_is_cross_entropy_and_gamma_silences_the_easy(draw):
    logits, y = draw
    plain = classification.cross_entropy(logits, y)
    np.testing.assert_allclose(classification.focal(logits, y, 0.0), plain, rtol=1e-5)
    assert float(classification.focal(logits, y)) < float(plain)


def test_binary_cross_entropy_is_scikit_learns_and_stable(draw):
    logits, _ = draw
    y = (np.random.default_rng(1).random((12, 4)) > 0.5).astype(np.float32)
    p = special.expit(logits.astype(np.float64))
    theirs = sk.log_loss(y.ravel(), p.ravel())
    np.testing.assert_allclose(classification.binary_cross_entropy(logits, y), theirs, rtol=1e-5)
    far = classification.binary_cross_entropy(jnp.array([[1e4, -1e4]]), jnp.array([[1.0, 0.0]]))
    assert float(far) == 0.0


_VALUES = [
    regression.mse,
    regression.l1,
    regression.smooth_l1,
    lambda p, t, weights=None: regression.gaussian_nll(p, 0 * p + 0.3, t, weights),
    lambda p, t, weights=None: regression.pinballs(p, p - 1, p + 1, t, weights),
]


@pytest.mark.parametrize("loss", _VALUES)
def test_rows_of_weight_zero_do_not_count(loss):
    g = np.random.default_rng(2)
    p, t = g.normal(size=(6, 3)), g.normal(size=(6, 3))
    padded = [jnp.concatenate([x, jnp.ones((2, 3)) * 9]) for x in (p, t * 0 + t)]
    padded[0] = padded[0].at[6:].set(-3.0)
    weights = jnp.arange(8) < 6
    np.testing.assert_allclose(loss(*padded, weights=weights), loss(p, t), rtol=1e-5)


def test_without_any_weight_the_mean_is_zero_with_a_finite_gradient():
    gradient = jax.grad(lambda x: weighting.mean(x, jnp.zeros(2)))(jnp.ones(2))
    assert (gradient == 0).all()


def test_gaussian_nll_is_least_at_the_true_variance():
    error = jnp.full((1, 1), 0.4)
    slope = jax.grad(lambda v: regression.gaussian_nll(error, v, 0 * error))
    np.testing.assert_allclose(slope(jnp.log(error**2)), 0, atol=1e-6)


@pytest.mark.parametrize("share", [0.025, 0.5, 0.8])
def test_pinball_is_scikit_learns_and_least_at_the_quantile(share):
    y = np.random.default_rng(3).normal(size=(200, 1)).astype(np.float32)
    at = lambda x: float(regression.pinball(jnp.full_like(y, x), y, share))  # noqa: E731
    np.testing.assert_allclose(
        at(0.3), sk.mean_pinball_loss(y, 0 * y + 0.3, alpha=share), rtol=1e-5
    )
    best = float(np.quantile(y, share, method="inverted_cdf"))
    assert at(best) <= min(at(best - 0.05), at(best + 0.05))
