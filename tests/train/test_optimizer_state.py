"""Moments split over data (ZeRO-1) or kept in the hosts' memory: same training, other places."""

import jax
import numpy as np
import pytest

from affectjax import config as config_lib
from affectjax.train import defaults, optim, partition, setup, shard
from tests.train import blocks


def _config(**sharding):
    config = defaults.config(
        task=config_lib.call(blocks.Task), optimizer=config_lib.call(optim.adamw, schedule=1e-2)
    )
    config.train.update(batch=16)
    config.sharding.update(sharding)
    return config


def _trained(**sharding):
    mesh = shard.make_mesh({"data": 8})
    with jax.set_mesh(mesh):
        run = setup.prepare(_config(**sharding), mesh, blocks.SPEC)
        g = np.random.default_rng(0)
        draw = {k: g.uniform(-1, 1, s.shape).astype(s.dtype) for k, s in blocks.SPEC.items()}
        state, batch = run.init(), run.put(draw)
        for _ in range(2):
            state, _ = shard.settled(run.train_step(state, batch))
    return state


@pytest.fixture(scope="module")
def plain():
    return _trained()


@pytest.mark.parametrize(
    "sharding", [{"optimizer": "data"}, {"optimizer": "data", "optimizer_memory": "pinned_host"}]
)
def test_training_is_the_same_wherever_the_moments_live(plain, sharding, monkeypatch):
    monkeypatch.setattr(partition, "SMALL", 2**6)  # so that the test's model has large arrays
    state = _trained(**sharding)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), state, plain)
    moments = [x for x in jax.tree.leaves(state.opt_state) if x.size >= 2**8]
    assert moments
    for x in moments:
        assert x.addressable_shards[0].data.size * 8 == x.size
        assert x.sharding.memory_kind == sharding.get("optimizer_memory", "device")
    assert all(x.is_fully_replicated for x in jax.tree.leaves(state.params))


@pytest.mark.parametrize(
    ("sharding", "message"),
    [
        ({"optimizer": "zero"}, r"sharding\.optimizer = 'zero'; allowed: follow, data"),
        ({"optimizer_memory": "disk"}, r"optimizer_memory = 'disk'; allowed: device, pinned_host"),
    ],
)
def test_another_word_is_an_error(sharding, message):
    mesh = shard.make_mesh({"data": 8})
    with pytest.raises(ValueError, match=message):
        setup.prepare(_config(**sharding), mesh, blocks.SPEC)


def test_one_device_has_nothing_to_split_over():
    mesh = shard.make_mesh({"data": 1, "fsdp": 8})
    with pytest.raises(ValueError, match="needs an axis data of 2 or more"):
        setup.prepare(_config(optimizer="data"), mesh, blocks.SPEC)
