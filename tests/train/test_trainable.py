"""Frozen parameters: no change, no optimiser state, no average, and no gradient is computed."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax import config as config_lib
from affectjax.models import lora, norm
from affectjax.train import defaults, optim, setup, shard, state, step, trainable
from tests.train import blocks

WIDTH, HIDDEN = 13, 17  # no other array has the shape of the frozen matrix


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic=True):
        x = nn.relu(nn.Dense(HIDDEN, name="body")(x))
        x = norm.BatchNorm(name="norm")(x, deterministic)
        return nn.Dense(3, name="head")(x)


@dataclass(frozen=True)
class Task:
    model: Any = Net()  # noqa: RUF009

    def init(self, key, spec):
        return self.model.init(key, jnp.zeros((1, WIDTH)))

    def loss(self, variables, batch, key, step):
        y, moved = self.model.apply(
            variables,
            batch["signal"],
            deterministic=False,
            mutable=[norm.MOVING],
            rngs={"dropout": key},
        )
        value = ((y - batch["vad"]) ** 2).mean()
        return value, {"loss_square": value, "moving": moved[norm.MOVING]}

    def predict(self, variables, batch):
        return {"vad_pred": self.model.apply(variables, batch["signal"])}


def _batch(size=8):
    keys = jax.random.split(jax.random.key(3))
    signal = jax.random.normal(keys[0], (size, WIDTH))
    return {"signal": signal, "vad": jax.random.normal(keys[1], (size, 3))}


def _run(trained=(), frozen=(), task=None, **kw):
    task = task or Task()
    params = task.init(jax.random.key(0), {})["params"]
    kept = trainable.names(params, trained, frozen)
    tx = optim.adamw(trainable.split(params, kept)[0], optax.constant_schedule(1e-2))
    start = state.create(params, tx, kw.get("ema_decay", 0.0), kept)
    return start, step.train_step(task, tx, seed=0, trained=kept, **kw)


def _bytes(tree):
    return sum(x.nbytes for x in jax.tree.leaves(tree))


def _shapes(jaxpr):
    for equation in jaxpr.eqns:
        yield from (v.aval.shape for v in equation.outvars)
        for inner in jax.core.jaxprs_in_params(equation.params):
            yield from _shapes(inner)


def test_only_the_trained_change_and_only_they_have_moments_and_an_average():
    start, train = _run(trained=["^head/"], ema_decay=0.9)
    new, terms = jax.jit(train)(start, _batch())
    for name in ("kernel", "bias"):
        np.testing.assert_array_equal(new.params["body"][name], start.params["body"][name])
        assert not np.array_equal(new.params["head"][name], start.params["head"][name])
    head = _bytes(start.params["head"])
    assert _bytes(new.ema) == head
    moments = [new.opt_state[1].mu, new.opt_state[1].nu]
    assert _bytes(moments) == 2 * head
    whole, _ = _run()
    assert _bytes(whole.opt_state) - _bytes(start.opt_state) == 2 * (_bytes(start.params) - head)
    assert terms["finite"].shape == (len(jax.tree.leaves(start.params)),)
    same = new.eval_params
    np.testing.assert_array_equal(same["body"]["kernel"], start.params["body"]["kernel"])
    np.testing.assert_array_equal(same["head"]["kernel"], new.ema["head"]["kernel"])


@pytest.mark.parametrize("accum", [1, 2])
def test_no_array_of_the_shape_of_a_frozen_matrix_is_computed(accum):
    for trained, computed in ((["^head/"], False), ([], True)):
        start, train = _run(trained=trained, accum=accum)
        jaxpr = jax.make_jaxpr(train)(start, _batch())
        assert ((WIDTH, HIDDEN) in set(_shapes(jaxpr.jaxpr))) == computed


def test_frozen_gradients_do_not_alter_those_of_the_trained():
    """The same step with all gradients computed and those of the body thrown away."""
    start, train = _run(trained=["^head/", "^norm/"])
    new, terms = jax.jit(train)(start, _batch())
    whole, all_of_it = _run()
    reference, _ = jax.jit(all_of_it)(whole, _batch())
    np.testing.assert_allclose(
        new.params["head"]["kernel"], reference.params["head"]["kernel"], rtol=1e-6
    )
    assert float(terms["grad_norm"]) > 0


def test_running_statistics_move_even_where_they_are_frozen():
    start, train = _run(trained=["^head/"])
    batch = _batch()
    new, _ = jax.jit(train)(start, batch)
    hidden = nn.relu(batch["signal"] @ start.params["body"]["kernel"])
    np.testing.assert_allclose(
        new.params["norm"]["mean"], 0.1 * hidden.mean(0), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(new.params["norm"]["scale"], 1)
    halves, accumulated = _run(trained=["^head/"], accum=2)
    again, _ = jax.jit(accumulated)(halves, batch)
    np.testing.assert_allclose(
        again.params["norm"]["mean"], 0.1 * hidden.mean(0), rtol=1e-5, atol=1e-6
    )


def test_lora_over_a_frozen_model_trains_its_branches_alone():
    spec = lora.Lora(["body$"], rank=2, alpha=4.0, dropout=0.5)
    task = Task(lora.Adapted(Net(), spec))
    start, train = _run(trained=["^lora/", "/head/"], task=task)
    plain = Net().apply({"params": start.params["model"]}, _batch()["signal"])
    given = {"params": start.params}
    np.testing.assert_array_equal(task.predict(given, _batch())["vad_pred"], plain)
    jaxpr = jax.make_jaxpr(train)(start, _batch())
    assert (WIDTH, HIDDEN) not in set(_shapes(jaxpr.jaxpr))
    new, _ = jax.jit(train)(start, _batch())
    assert new.params["lora"]["body"]["b"].any()
    merged = lora.merge(new.params["model"], new.params["lora"], spec)
    ours = task.predict({"params": new.params}, _batch())["vad_pred"]
    alone = Net().apply({"params": merged}, _batch()["signal"])
    np.testing.assert_allclose(ours, alone, atol=1e-5)


def test_patterns_that_match_nothing_or_leave_nothing_are_errors():
    params = {"a": {"kernel": jnp.zeros(1)}}
    with pytest.raises(ValueError, match=r"config\.train\.trained: no parameter matches \['b'\]"):
        trainable.names(params, ["a", "b"])
    with pytest.raises(ValueError, match="leave no parameter to train"):
        trainable.names(params, ["a"], ["kernel"])


def test_a_frozen_run_is_placed_on_the_mesh_and_says_what_it_trains():
    fields = defaults.config(
        task=config_lib.call(blocks.Task),
        optimizer=config_lib.call(
            optim.adamw, schedule=config_lib.call(optax.constant_schedule, value=1e-2)
        ),
        train={"trained": ["^head/"], "batch": 16, "ema": 0.9},
        sharding={"preset": "fsdp", "rules": [["blocks_0/mlp/fc1/kernel", ["fsdp"]]]},
        mesh={"data": 2, "fsdp": 4},
    )
    mesh = shard.make_mesh(fields.mesh.to_dict())
    with jax.set_mesh(mesh):
        run = setup.prepare(fields, mesh, blocks.SPEC)
        start = run.init()
        before = jax.device_get(start.params)
        keys = jax.random.split(jax.random.key(0))
        batch = {
            k: jax.random.normal(key, s.shape)
            for key, (k, s) in zip(keys, blocks.SPEC.items(), strict=True)
        }
        new, _ = run.train_step(start, batch)
    assert "trained: 51 of " in run.overview
    kernel = new.params["blocks_0"]["mlp"]["fc1"]["kernel"]
    assert kernel.sharding.spec[-1] == "fsdp"
    np.testing.assert_array_equal(kernel, before["blocks_0"]["mlp"]["fc1"]["kernel"])
    assert not np.array_equal(new.params["head"]["kernel"], before["head"]["kernel"])
    assert set(new.ema) == {"head"}
