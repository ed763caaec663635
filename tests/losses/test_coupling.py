"""What expressions and units say of each other: by hand, at their least, and masked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.affect import action_units
from affectjax.affect.labels import EKMAN7
from affectjax.losses import coupling, missing

UNITS = (4, 6, 12, 25, 26)
PRIOR = action_units.shares(EKMAN7.names, UNITS)
HAPPY = EKMAN7.index("happiness")
G = np.random.default_rng(0)


def _logits(*shape):
    return jnp.asarray(G.standard_normal(shape), jnp.float32)


def test_a_happy_face_is_expected_to_raise_cheeks_and_the_corners_of_the_lips():
    q = coupling.expected_units(jnp.eye(7)[HAPPY], PRIOR)
    np.testing.assert_allclose(
        q, [0.01, 0.51, 0.99, 0.99, 0.01], atol=1e-6
    )  # within 1% of the table
    told = coupling.expression_of(jnp.array([[0.0, 1.0, 1.0, 1.0, 0.0], [0.0] * 5]), PRIOR)
    np.testing.assert_allclose(told.sum(-1), 1, rtol=1e-6)
    assert told[0].argmax() == HAPPY
    assert told[1].argmax() == EKMAN7.index("neutral")
    sharp = coupling.expression_of(jnp.array([[0.0, 1.0, 1.0, 1.0, 0.0]]), PRIOR, temperature=0.1)
    assert sharp[0, HAPPY] > 0.9
    with pytest.raises(ValueError, match=r"no action units of \['boredom'\]"):
        action_units.shares(("boredom",), UNITS)


def matching(logits, unit_logits, entropy=False):
    """Compiled: one program costs less than its operations one by one."""
    whole = jax.jit(coupling.matching, static_argnums=3)
    return whole(logits, unit_logits, PRIOR, entropy)


def test_matching_is_the_cross_entropy_by_hand_and_with_entropy_a_divergence():
    logits, unit_logits = _logits(3, 7), _logits(3, 5)
    p = np.asarray(jax.nn.sigmoid(unit_logits), np.float64)
    q = np.clip(np.asarray(jax.nn.softmax(logits), np.float64) @ PRIOR, 0.01, 0.99)
    cross = -(p * np.log(q) + (1 - p) * np.log(1 - q)).sum(1)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum(1)
    found = matching(logits, unit_logits)
    np.testing.assert_allclose(found, cross.mean(), rtol=1e-5)
    divergence = matching(logits, unit_logits, entropy=True)
    np.testing.assert_allclose(divergence, (cross - entropy).mean(), rtol=1e-4)
    same = jnp.log(q / (1 - q))
    assert abs(float(matching(logits, same, entropy=True))) < 1e-5
    for grads in jax.jit(jax.grad(matching, argnums=(0, 1)))(logits, unit_logits):
        assert (jnp.abs(grads).sum(1) > 0).all(), "both heads learn of each other"


def test_each_label_teaches_the_other_head_where_that_has_none():
    logits, unit_logits, unknown = _logits(4, 7), _logits(4, 5), [np.nan] * 5
    units = jnp.array([unknown, [0, 1.0, 1, 1, 0], [0, 1.0, 1, 1, 0], unknown])
    targets = jnp.eye(7)[jnp.array([HAPPY, HAPPY, 0, 0])] * jnp.array([[1.0], [1], [0], [0]])

    @jax.jit
    def loss(logits, unit_logits, targets=targets, units=units):
        return coupling.co_annotation(logits, unit_logits, targets, units, PRIOR)

    of_units = -(coupling.expression_of(units[2:3], PRIOR) * jax.nn.log_softmax(logits[2:3])).sum()
    expected = coupling.expected_units(targets[:1], PRIOR)
    of_name = (jax.nn.softplus(unit_logits[0]) - expected * unit_logits[0]).mean()
    np.testing.assert_allclose(loss(logits, unit_logits), (of_units + of_name) / 2, rtol=1e-6)
    to_names, to_units = jax.jit(jax.grad(loss, argnums=(0, 1)))(logits, unit_logits)
    np.testing.assert_array_equal(jnp.abs(to_names).sum(1) > 0, [False, False, True, False])
    np.testing.assert_array_equal(jnp.abs(to_units).sum(1) > 0, [True, False, False, False])
    assert loss(logits, unit_logits, 0 * targets, jnp.full((4, 5), jnp.nan)) == 0


def test_units_that_nobody_coded_teach_nothing():
    logits, labels = _logits(2, 3), jnp.array([[1.0, np.nan, 0.0], [np.nan] * 3])
    value, grads = jax.value_and_grad(missing.binary_cross_entropy)(logits, labels)
    a, b = np.asarray(logits, np.float64)[0, [0, 2]]
    np.testing.assert_allclose(value, (np.log1p(np.exp(-a)) + np.log1p(np.exp(b))) / 2, rtol=1e-5)
    np.testing.assert_array_equal(grads != 0, [[True, False, True], [False] * 3])
    assert missing.binary_cross_entropy(logits, jnp.full((2, 3), jnp.nan)) == 0
