"""Sharpness-aware minimisation: its gradient by hand, its limits, and what it is for."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from affectjax.train import optim, state, step
from tests.train.toy import Line, make_batch

RADIUS = 0.3


def _uphill(radius=RADIUS):
    return partial(optim.uphill, radius=radius)


def _square(weights, batch):
    """The mean squared error of `Line` and its gradient, in numpy."""
    w, b = np.asarray(weights["kernel"], np.float64), np.asarray(weights["bias"], np.float64)
    x, y = np.asarray(batch["signal"][:, 0], np.float64), np.asarray(batch["vad"][:, 0])
    error = x @ w[:, 0] + b - y
    return (error**2).mean(), {
        "kernel": 2 * (x.T @ error)[:, None] / len(y),
        "bias": np.array([2 * error.mean()]),
    }


def test_the_step_is_that_of_the_gradient_uphill_and_terms_are_those_of_where_it_stands():
    tx, batch, task = optax.sgd(1.0), make_batch(), Line()
    begun = state.create(task.init(jax.random.key(1), {})["params"], tx)
    line = begun.params["line"]
    loss, first = _square(line, batch)
    norm = np.sqrt(sum((g**2).sum() for g in first.values()))  # over all parameters
    there = {k: np.asarray(line[k]) + RADIUS * first[k] / norm for k in line}
    _, grads = _square(there, batch)
    after, terms = step.train_step(task, tx, seed=0, uphill=_uphill())(begun, batch)
    for name, before in line.items():
        expected = np.asarray(before) - grads[name]
        np.testing.assert_allclose(after.params["line"][name], expected, rtol=2e-5)
    np.testing.assert_allclose(terms["loss"], loss, rtol=1e-5)


def test_a_radius_of_nothing_is_the_plain_step_and_micro_batches_each_go_uphill():
    tx, batch, task = optax.adam(0.1), make_batch(), Line()
    begun = state.create(task.init(jax.random.key(1), {})["params"], tx)
    plain = step.train_step(task, tx, seed=0)(begun, batch)[0]
    none = step.train_step(task, tx, seed=0, uphill=_uphill(0.0))(begun, batch)[0]
    jax.tree.map(np.testing.assert_array_equal, plain.params, none.params)
    parts = step.train_step(task, optax.sgd(1.0), seed=0, accum=2, uphill=_uphill())
    sgd = state.create(begun.params, optax.sgd(1.0))
    moved = parts(sgd, batch)[0].params["line"]["bias"]
    each = [
        step.train_step(task, optax.sgd(1.0), seed=0, uphill=_uphill())(
            sgd, {k: v[i::2] for k, v in batch.items()}
        )[0].params["line"]["bias"]
        for i in (0, 1)
    ]
    np.testing.assert_allclose(moved, np.mean(each, axis=0), rtol=1e-5)


def test_members_go_uphill_each_by_its_own_norm():
    params = {"w": jnp.zeros((2, 3)), "b": jnp.zeros((2, 1))}
    g = np.random.default_rng(0)
    grads = jax.tree.map(lambda p: jnp.asarray(g.standard_normal(p.shape), jnp.float32), params)
    grads["w"] = grads["w"].at[1].multiply(100.0)
    both = optim.uphill(params, grads, RADIUS, members=True)
    for i in (0, 1):
        own = [jax.tree.map(lambda x, i=i: x[i], tree) for tree in (params, grads, both)]
        jax.tree.map(
            partial(np.testing.assert_allclose, rtol=1e-5), optim.uphill(*own[:2], RADIUS), own[2]
        )


@dataclass(frozen=True)
class Valleys:
    """A sharp minimum at -1, a little deeper than the flat one at 1."""

    def loss(self, variables, batch, key, step):
        del batch, key, step
        w = variables["params"]["w"][0]
        return -1.1 * jnp.exp(-(((w + 1) / 0.1) ** 2)) - jnp.exp(-(((w - 1) / 1.5) ** 2)), {}


def test_it_settles_in_a_flat_minimum_and_not_in_a_sharp_one():
    tx = optax.sgd(0.01)

    def ends(uphill, starts):
        one = step.train_step(Valleys(), tx, seed=0, uphill=uphill)

        def end(w):
            begun = state.create({"w": w[None]}, tx)
            return jax.lax.scan(lambda s, _: (one(s, {})[0], 0), begun, None, 600)[0].params["w"][0]

        return jax.jit(jax.vmap(end))(jnp.array(starts))

    sharp, flat = ends(None, [-0.96, 1.3])
    assert abs(sharp + 1) < 0.1
    assert abs(flat - 1) < 0.1
    left, flat = ends(_uphill(), [-0.96, 1.3])
    assert abs(left + 1) > 0.25, "three widths away from the sharp one"
    assert abs(flat - 1) < 0.1
