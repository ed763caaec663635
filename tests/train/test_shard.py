"""Partition rules: first match wins, idle rules are errors, moments follow parameters."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import optax
import pytest
from jax.sharding import PartitionSpec as P

from affectjax.train import shard, state
from tests.conftest import REPO

PARAMS = {"block": {"kernel": jnp.zeros((512, 256)), "bias": jnp.zeros(256)}, "head": jnp.ones(7)}


def _specs(rules, axes=None):
    mesh = shard.make_mesh(axes or {"data": 2, "fsdp": 4})
    tree = state.create(PARAMS, optax.adam(1.0), 0.9)
    return jax.tree.map(lambda s: s.spec, shard.state_shardings(tree, mesh, rules))


def test_fsdp_splits_the_largest_dimension_of_large_arrays_only():
    specs = _specs([(".*", "fsdp")])
    assert specs.params["block"]["kernel"] == P("fsdp", None)
    assert specs.params["block"]["bias"] == P()


def test_moments_and_average_follow_their_parameter():
    specs = _specs([("block/kernel", [None, "fsdp"])])
    assert specs.params["block"]["kernel"] == P(None, "fsdp")
    assert specs.ema["block"]["kernel"] == P(None, "fsdp")
    assert specs.opt_state[0].mu["block"]["kernel"] == P(None, "fsdp")
    assert specs.params["head"] == P()


def test_an_axis_that_does_not_divide_is_dropped():
    assert _specs([("head", ["fsdp"])]).params["head"] == P(None)


def test_a_rule_that_matches_nothing_is_an_error():
    with pytest.raises(ValueError, match="no parameter matches \\['atention'\\]"):
        _specs([("atention", "fsdp")])


def test_a_mesh_that_does_not_fit_the_devices_is_an_error():
    with pytest.raises(ValueError, match="does not fit 8 devices"):
        shard.make_mesh({"data": 3})
    assert dict(shard.make_mesh({"data": -1, "fsdp": 2}).shape) == {"data": 4, "fsdp": 2}


MANY = """
import jax, jax.numpy as jnp
from affectjax.train import shard
mesh = shard.make_mesh({"data": 8})
x = jax.device_put(jnp.ones((512, 512)), shard.batch_sharding(mesh))
step = jax.jit(lambda x: (x @ x.T).mean() + x.mean())
for _ in range(400):
    y = shard.settled(step(x))
print(float(y))
"""


def test_many_steps_on_fake_devices_come_to_an_end():
    """Without `settled` four of four such processes hung for a minute; with it they take 5 s."""
    command = [sys.executable, "-c", MANY]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) == 513
