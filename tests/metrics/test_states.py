"""Streaming metrics: no batch size, padding or sharding changes a number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.evals import scores
from affectjax.metrics import ranking, states
from affectjax.train import shard

N = 211


@pytest.fixture(scope="module")
def outputs():
    g = np.random.default_rng(0)
    t = np.clip(g.normal(0.3, 0.2, (N, 3)), -1, 1).astype(np.float32)
    return {
        "probabilities": g.dirichlet(np.ones(6), N).astype(np.float32),
        "emotion": g.integers(0, 5, N).astype(np.int32),
        "vad": t,
        "vad_pred": (t + g.normal(0.05, 0.1, (N, 3))).astype(np.float32),
    }


def _stream(outputs, size, put=lambda x: x):
    collection = states.for_classification(vad=True)
    update = jax.jit(lambda o: collection.single_from_model_output(**o))
    merge = jax.jit(lambda a, b: a.merge(b))
    total = None
    for start in range(0, N, size):
        count = min(size, N - start)
        batch = {k: _pad(v[start : start + count], size) for k, v in outputs.items()}
        batch["valid"] = np.arange(size) < count
        one = update({k: put(v) for k, v in batch.items()})
        total = one if total is None else merge(total, one)
    return {k: float(v) for k, v in total.compute().items()}


def _pad(x, size):
    filler = np.nan if x.dtype == np.float32 else 0
    return np.concatenate([x, np.full((size - len(x), *x.shape[1:]), filler, x.dtype)])


@pytest.mark.parametrize("size", [1, 16, 50, N, 256])
def test_batch_size_and_padding_do_not_change_a_number(outputs, size):
    exact = scores.scores(**outputs, resamples=2)
    for name, value in _stream(outputs, size).items():
        np.testing.assert_allclose(value, exact[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_sharding_does_not_change_a_number(outputs):
    mesh = shard.make_mesh({"data": -1})
    place = shard.batch_sharding(mesh)
    sharded = _stream(outputs, 64, lambda x: jax.device_put(x, place))
    for name, value in _stream(outputs, 64).items():
        np.testing.assert_allclose(sharded[name], value, rtol=1e-6, atol=1e-6, err_msg=name)


def test_logits_stand_for_probabilities(outputs):
    p = jnp.asarray(outputs["probabilities"])
    y = jnp.asarray(outputs["emotion"])
    a = states.Categories.from_model_output(probabilities=p, emotion=y)
    b = states.Categories.from_model_output(logits=jnp.log(p), emotion=y)
    for name, value in a.compute().items():
        np.testing.assert_allclose(b.compute()[name], value, rtol=1e-5, err_msg=name)
    with pytest.raises(ValueError, match="neither 'probabilities' nor 'logits'"):
        states.Categories.from_model_output(emotion=y)


def test_ranking_collects_rows_and_drops_padding():
    g = np.random.default_rng(1)
    pred, labels = g.random((40, 3)), g.integers(0, 2, (40, 3))
    total = states.RankingScores.empty()
    for start in range(0, 48, 8):
        rows = np.arange(start, start + 8) % 40  # the last batch repeats: not valid
        total = total.merge(
            states.RankingScores.single_from_model_output(
                multilabel_pred=jnp.asarray(pred[rows]),
                multilabel=jnp.asarray(labels[rows]),
                valid=jnp.arange(start, start + 8) < 40,
            )
        )
    ours = total.compute()
    auroc = [sk.roc_auc_score(labels[:, i], pred[:, i].astype(np.float32)) for i in range(3)]
    ap = ranking.per_class(ranking.average_precision, pred.astype(np.float32), labels)
    np.testing.assert_allclose(ours["auroc_mean"], np.mean(auroc), rtol=1e-12)
    np.testing.assert_allclose(ours["map"], ap.mean(), rtol=1e-12)


def test_losses_average_over_valid_rows():
    values = jnp.array([1.0, 3.0, jnp.nan])
    one = states.Means.from_model_output(loss=values, valid=jnp.array([True, True, False]))
    assert float(one.merge(one).compute()["loss"]) == 2.0
    assert states.for_vad() is states.DimensionScores
