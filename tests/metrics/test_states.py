"""Streaming metrics: the same number for any batching, padding and sharding; scikit-learn's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.metrics import states
from affectjax.train import shard


def _outputs(seed=0, n=64, k=5):
    g = np.random.default_rng(seed)
    p = g.dirichlet(np.ones(k), n).astype(np.float32)
    vad = (0.3 * g.standard_normal((n, 3)) + 5.0).astype(np.float32)  # far from 0: hard for sums
    return {
        "probabilities": p,
        "emotion": g.integers(0, k, n).astype(np.int32),
        "vad": vad,
        "vad_pred": (vad + 0.2 * g.standard_normal((n, 3))).astype(np.float32),
        "valid": np.ones(n, bool),
    }


def _stream(outputs, size):
    collection, total = states.for_classification(vad=True), None
    n = len(outputs["emotion"])
    for start in range(0, n, size):
        rows = np.arange(start, start + size)
        part = {k: v[np.minimum(rows, n - 1)] for k, v in outputs.items()}
        part["valid"] = rows < n
        part["vad_pred"] = np.where(part["valid"][:, None], part["vad_pred"], np.nan)
        one = collection.single_from_model_output(**part)
        total = one if total is None else total.merge(one)
    return {k: float(v) for k, v in total.compute().items()}


@pytest.mark.parametrize("size", [1, 7, 33, 100])
def test_batch_size_and_padding_do_not_change_a_number(size):
    outputs = _outputs()
    whole, parts = _stream(outputs, 64), _stream(outputs, size)
    for name, value in whole.items():
        assert parts[name] == pytest.approx(value, abs=1e-6), name


def test_eight_devices_give_the_number_of_one():
    outputs, mesh = _outputs(), shard.make_mesh({"data": 8})
    collection = states.for_classification(vad=True)
    update = jax.jit(lambda o: collection.single_from_model_output(**o))
    with jax.set_mesh(mesh):
        put = {k: jax.device_put(v, shard.batch_sharding(mesh)) for k, v in outputs.items()}
        many = update(put).compute()
    for name, value in _stream(outputs, 64).items():
        assert float(many[name]) == pytest.approx(value, abs=1e-6), name


def test_numbers_are_those_of_scikit_learn_and_numpy():
    o = _outputs()
    got, guess = _stream(o, 16), o["probabilities"].argmax(1)
    assert got["war"] == pytest.approx(sk.accuracy_score(o["emotion"], guess), abs=1e-6)
    assert got["uar"] == pytest.approx(sk.balanced_accuracy_score(o["emotion"], guess), abs=1e-6)
    f1 = sk.f1_score(o["emotion"], guess, average="macro")
    assert got["macro_f1"] == pytest.approx(f1, abs=1e-6)
    assert got["nll"] == pytest.approx(
        sk.log_loss(o["emotion"], o["probabilities"], labels=range(5)), abs=1e-5
    )
    a, b = o["vad_pred"].astype(float), o["vad"].astype(float)
    cov = [np.cov(x, y) for x, y in zip(a.T, b.T, strict=True)]
    gap = (a.mean(0) - b.mean(0)) ** 2
    ccc = [2 * c[0, 1] / (c[0, 0] + c[1, 1] + g) for c, g in zip(cov, gap, strict=True)]
    assert got["ccc_mean"] == pytest.approx(np.mean(ccc), abs=1e-5)


def test_mean_losses_leave_padding_out():
    one = states.LossScores.single_from_model_output(
        loss=jnp.array([1.0, 3.0, jnp.nan]), valid=jnp.array([True, True, False])
    )
    assert float(one.compute()["loss"]) == 2.0
