"""One step: accumulation, averaging, finiteness, sharding."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax.train import shard, state, step
from tests.train.toy import Line, make_batch

TASK = Line()


def _start(tx, ema=0.0):
    return state.create(TASK.init(jax.random.key(1), {})["params"], tx, ema)


def test_accumulation_equals_the_whole_batch():
    tx, batch = optax.adam(1e-2), make_batch(size=16)
    whole, _ = step.train_step(TASK, tx, seed=0)(_start(tx), batch)
    parts, _ = step.train_step(TASK, tx, seed=0, accum=4)(_start(tx), batch)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), whole.params, parts.params
    )


def test_accumulation_that_does_not_divide_the_batch_is_an_error():
    tx = optax.sgd(1.0)
    with pytest.raises(ValueError, match=r"config\.train\.accum = 3 does not divide"):
        step.train_step(TASK, tx, seed=0, accum=3)(_start(tx), make_batch(size=16))


def test_the_average_follows_its_closed_form():
    tx = optax.sgd(0.0)  # parameters stay, so the average must stay too
    new, _ = step.train_step(TASK, tx, seed=0, ema_decay=0.9)(_start(tx, 0.9), make_batch())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), new.params, new.ema)
    moved = state.update_ema({"w": jnp.zeros(1)}, {"w": jnp.ones(1)}, 0.9, jnp.asarray(0))
    np.testing.assert_allclose(moved["w"], 1 - 1 / 10)  # d = (1 + 0) / (10 + 0)


def test_a_non_finite_gradient_is_named():
    tx = optax.sgd(1.0)
    batch = make_batch()
    batch["signal"] = batch["signal"].at[0, 0, 2].set(jnp.nan)
    start = _start(tx)
    _, terms = step.train_step(TASK, tx, seed=0)(start, batch)
    assert "nan" in step.first_bad(terms, start.params)
    assert "line/bias" in step.first_bad({"finite": terms["finite"]}, start.params)
    _, fine = step.train_step(TASK, tx, seed=0)(start, make_batch())
    assert step.first_bad(fine, start.params) is None


@pytest.mark.parametrize("axes", [{"data": 8}, {"data": 2, "fsdp": 4}])
def test_eight_devices_compute_what_one_does(axes):
    tx, batch = optax.adam(1e-2), make_batch(size=16)
    one, _ = jax.jit(step.train_step(TASK, tx, seed=0))(_start(tx), batch)
    mesh = shard.make_mesh(axes)
    with jax.set_mesh(mesh):
        put = {k: jax.device_put(v, shard.batch_sharding(mesh)) for k, v in batch.items()}
        many, _ = jax.jit(step.train_step(TASK, tx, seed=0))(_start(tx), put)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), one.params, many.params)
