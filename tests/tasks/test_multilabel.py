"""The multi-label task: its loss by hand, and what its config must say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.affect import labels
from affectjax.evals import stream
from affectjax.models import hicmae, hicmae_finetune
from affectjax.tasks import inputs, multilabel

K = len(labels.EMOTIC26)
SPEC = {
    "audio": jax.ShapeDtypeStruct((6, 2960), jnp.float32),
    "audio_length": jax.ShapeDtypeStruct((6,), jnp.int32),
}


def _task(**fields):
    heads = {"multilabel_logits": K, "vad": 3}
    model = hicmae_finetune.Finetune(heads=heads, audio=hicmae.Tower(16, 1, 2))
    given = inputs.Inputs(mel_frames=16, mels=16)
    return multilabel.MultiLabel(
        model=model, inputs=given, labels=labels.EMOTIC26.names, vad_weight=0.5, **fields
    )


def _batch():
    g = np.random.default_rng(0)
    return {
        "audio": jnp.asarray(g.standard_normal((6, 2960)), jnp.float32) * 0.1,
        "audio_length": jnp.full(6, 2960),
        "multilabel": jnp.asarray(g.integers(0, 2, (6, K)), jnp.float32),
        "vad": jnp.asarray(g.uniform(-1, 1, (6, 3)), jnp.float32),
        "valid": jnp.ones(6, bool),
    }


def test_the_loss_is_the_mean_cross_entropy_of_smoothed_labels_and_the_vad_loss():
    task, batch = _task(smoothing=0.2), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    value, terms = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    out = task.predict(variables, batch)
    p, y = np.asarray(out["multilabel_pred"]), 0.8 * np.asarray(batch["multilabel"]) + 0.1
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    np.testing.assert_allclose(terms["loss_labels"], expected, rtol=1e-5)
    error = np.asarray(out["vad_pred"] - batch["vad"])
    np.testing.assert_allclose(value, expected + 0.5 * (error**2).mean(), rtol=1e-5)


def test_mixing_mixes_labels():
    task, batch = _task(mixup=1.0), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    value, _ = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    plain, _ = _task().loss(variables, batch, jax.random.key(1), jnp.int32(0))
    assert np.isfinite(value)
    assert value != plain


def test_labels_of_another_number_are_an_error():
    task, batch = _task(), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    with pytest.raises(ValueError, match=r"names 26 labels, the batch's multilabel is 25"):
        task.loss(variables, batch | {"multilabel": jnp.zeros((6, 25))}, jax.random.key(1), 0)
    del batch["multilabel"]
    with pytest.raises(ValueError, match=r"multilabel is \['audio', 'audio_length'"):
        task.loss(variables, batch, jax.random.key(1), 0)


def test_periodic_evaluation_ranks_all_rows_whatever_the_batch():
    task, batch = _task(), {k: np.asarray(v) for k, v in _batch().items()}
    batch["clip_id"] = np.arange(6)
    variables = task.init(jax.random.key(0), SPEC)

    def score(size):
        parts = [{k: v[i : i + size] for k, v in batch.items()} for i in range(0, 6, size)]
        predict = lambda params, b: task.predict({"params": params}, b)  # noqa: E731
        put = lambda b: {k: jnp.asarray(v) for k, v in b.items() if k != "clip_id"}  # noqa: E731
        return stream.scores(task, predict, variables["params"], parts, put)

    whole = score(6)
    assert {"map", "auroc_mean", "ccc_mean"} <= set(whole)
    for name, value in score(2).items():
        np.testing.assert_allclose(value, whole[name], atol=1e-5, err_msg=name)
