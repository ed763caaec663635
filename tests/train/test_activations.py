"""Constraints from outside the model: at blocks' outputs and the batch, never a new number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from affectjax.train import activations, shard
from tests.train import blocks


@pytest.fixture(scope="module")
def start():
    batch = {k: jnp.ones(s.shape, s.dtype) for k, s in blocks.SPEC.items()}
    task = blocks.Task(depth=2)
    return jax.jit(lambda: task.init(jax.random.key(1), blocks.SPEC))(), batch


def _placed(axes, rules=()):
    return activations.Placed(blocks.Task(depth=2), shard.make_mesh(axes), rules)


def _constraints(placed, variables, batch):
    args = (variables, batch, jax.random.key(0), jnp.asarray(0))
    return list(_walk(jax.make_jaxpr(placed.loss)(*args).jaxpr))


def _walk(jaxpr):
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "sharding_constraint":
            yield eqn.params["sharding"].spec
        for inner in jax.core.jaxprs_in_params(eqn.params):
            yield from _walk(inner)


def test_the_batch_and_each_block_are_constrained_and_nothing_else(start):
    found = _constraints(_placed({"data": 2, "sequence": 4}), *start)
    rows = ("data", "fsdp")
    batch = [P(rows, None, None), P(rows, None)]
    assert found == [*batch, *[P(rows, "sequence", None)] * 2]


def test_constraints_change_no_number(start):
    variables, batch = start
    alone = blocks.Task(depth=2).predict(variables, batch)["vad_pred"]
    placed = _placed({"data": 2, "sequence": 2, "tensor": 2})
    split = jax.jit(placed.predict)(variables, batch)["vad_pred"]
    np.testing.assert_allclose(split, alone, atol=1e-5)
    assert split.sharding.shard_shape(split.shape)[0] == 8


def test_own_rules_come_first(start):
    found = _constraints(
        _placed({"data": 8}, [["(^|/)norm$", ["data"]], ["blocks_1$", []]]), *start
    )
    rows = P(("data", "fsdp"), None, None)
    assert found[2:] == [rows, P(None, None, None), P("data", None, None)]


def test_an_idle_rule_is_an_error_that_names_near_modules(start):
    placed = _placed({"data": 8}, [["block_0/mlp", ["data"]]])
    with pytest.raises(ValueError, match=r"config\.sharding\.activations.*near: blocks_0"):
        _constraints(placed, *start)
