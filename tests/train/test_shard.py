"""The mesh and the batch on it; many steps on fake devices."""

import subprocess
import sys

import pytest

from affectjax.train import shard
from tests.conftest import REPO


def test_a_mesh_that_does_not_fit_the_devices_is_an_error():
    with pytest.raises(ValueError, match="does not fit 8 devices"):
        shard.make_mesh({"data": 3})
    mesh = shard.make_mesh({"data": -1, "fsdp": 2})
    assert tuple(mesh.shape.items()) == tuple(zip(shard.AXES, (4, 2, 1, 1, 1), strict=True))
    assert mesh.shape == shard.abstract_mesh({"data": -1, "fsdp": 2}, 8).shape


def test_an_unknown_axis_is_an_error_with_the_near_one():
    with pytest.raises(
        ValueError, match=r"config\.mesh has no axis 'tensr'; did you mean 'tensor'"
    ):
        shard.make_mesh({"data": -1, "tensr": 2})


def test_a_batch_that_does_not_divide_is_an_error_with_the_remedy():
    mesh = shard.make_mesh({"data": 4, "fsdp": 2})
    shard.check_batch(mesh, 16, "config.train.batch")
    with pytest.raises(ValueError, match=r"config\.train\.batch = 12 .* a multiple of 8"):
        shard.check_batch(mesh, 12, "config.train.batch")


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
