"""AdamW by rules on paths, against optax and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax.train import optim

PARAMS = {"a": {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}, "b": {"kernel": jnp.ones((2, 2))}}
GRADS = jax.tree.map(lambda p: 0.1 * p, PARAMS)


def _step(**kwargs):
    tx = optim.adamw(PARAMS, optax.constant_schedule(1e-2), **kwargs)
    updates, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    return updates


def test_without_rules_it_is_optax_adamw_with_decay_on_matrices_only():
    tx = optax.adamw(1e-2, b2=0.999, weight_decay=0.05, mask=lambda p: jax.tree.map(_matrix, p))
    expected, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), _step(), expected)


def _matrix(p):
    return p.ndim > 1


def test_the_first_matching_rule_scales_the_learning_rate():
    plain, scaled = _step(), _step(lr_scale=[("a/", 0.5), (".*", 2.0)])
    np.testing.assert_allclose(scaled["a"]["kernel"], 0.5 * plain["a"]["kernel"], rtol=1e-6)
    np.testing.assert_allclose(scaled["b"]["kernel"], 2.0 * plain["b"]["kernel"], rtol=1e-6)


def test_clipping_bounds_the_global_norm():
    tx = optim.adamw(PARAMS, optax.constant_schedule(1.0), clip=0.01)
    assert tx.init(PARAMS)  # Adam hides the scale of a first step: compare the second moment
    _, opt_state = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    nu = optax.tree.sum(opt_state[1].nu)
    np.testing.assert_allclose(nu, 0.001 * 0.01**2, rtol=1e-5)  # (1 - b2) norm^2


def test_a_pattern_that_matches_nothing_is_an_error():
    with pytest.raises(ValueError, match=r"lr_scale: no parameter matches \['encoder'\]"):
        _step(lr_scale=[("encoder", 0.1)])
