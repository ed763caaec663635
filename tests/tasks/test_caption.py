"""SEVLM as a task: what evaluation sums is what training minimises; what is said; misuse."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.evals import captions as evals
from affectjax.losses import sevlm as losses
from affectjax.metrics import captions
from affectjax.models import sevlm
from affectjax.tasks import caption
from experiments.sevlm import learns

TASK = learns.task()
BATCH, _ = learns.paintings(0, 4)
SPEC = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in BATCH.items()}


@pytest.fixture(scope="module")
def variables():
    """Parameters large enough that what is seen shows."""
    shapes = jax.eval_shape(lambda: TASK.init(jax.random.key(0), SPEC))
    g = np.random.default_rng(0)
    return jax.tree.map(lambda s: g.normal(0, 0.3, s.shape).astype(np.float32), shapes)


@pytest.fixture(scope="module")
def told(variables):
    return jax.device_get(jax.jit(TASK.predict)(variables, BATCH))


def test_what_evaluation_sums_is_what_training_minimises(variables, told, monkeypatch):
    """Without dropout; the drawn negative is set to be the swapped one, which evaluation takes."""
    swapped = jnp.arange(8)[None] ^ 1
    monkeypatch.setattr(losses, "negatives", lambda key, pairs: swapped)
    total, terms = jax.jit(TASK.loss)(variables, BATCH, jax.random.key(0), jnp.array(0))
    sums = {k: v.sum(0) for k, v in captions.sums(told).items()}
    mean = {k: v[0] / v[1] for k, v in sums.items()}
    assert mean["perplexity"] == pytest.approx(terms["loss_caption"], rel=1e-5)
    assert mean["word_vad_rmse"] == pytest.approx(terms["loss_vad"], rel=1e-5)
    assert total == pytest.approx(sum(float(v) for v in terms.values()), rel=1e-6)
    assert sums["matched"][1] == 8
    scores = evals.scores(told, resamples=50)
    assert scores["perplexity"] == pytest.approx(np.exp(mean["perplexity"]), rel=1e-6)
    low, high = scores["perplexity_interval"]
    assert low < scores["perplexity"] < high
    assert evals.scores({"subject": np.arange(4)}) == {}


def test_metrics_add_up_over_batches_and_leave_padding_out(told):
    collection = TASK.metrics()
    rest = {"emotion": np.array([0, 1, -1, 2])}
    whole = collection.single_from_model_output(**told, **rest).compute()
    halves = [
        collection.single_from_model_output(
            **{k: np.concatenate([v[i : i + 2]] * 2) for k, v in {**told, **rest}.items()},
            valid=np.array([True, True, False, False]),
        )
        for i in (0, 2)
    ]
    merged = halves[0].merge(halves[1]).compute()
    for name in ("perplexity", "word_vad_rmse", "matched", "nll"):
        assert merged[name] == pytest.approx(whole[name], rel=1e-5)


def test_a_picture_alone_is_enough_to_predict_and_to_say(variables, told):
    alone = {"image": BATCH["image"]}
    out, said = jax.jit(lambda v, b: (TASK.predict(v, b), TASK.say(v, b)))(variables, alone)
    np.testing.assert_allclose(out["probabilities"], told["probabilities"], rtol=1e-5)
    assert out["probabilities"].shape == (4, 4)
    assert all(isinstance(part, str) for part in TASK.text(np.asarray(said)[0]))
    for how in ("nucleus", "beam"):
        saying = dataclasses.replace(TASK.saying, how=how)
        other = dataclasses.replace(TASK, saying=saying)
        assert jax.eval_shape(other.say, variables, alone).shape == said.shape


def test_misuse_is_told():
    with pytest.raises(ValueError, match="the batch has no captions"):
        TASK.loss({}, {"image": BATCH["image"]}, jax.random.key(0), 0)
    with pytest.raises(ValueError, match="allowed: greedy, nucleus, beam"):
        caption.Saying("loud")
    bare = dataclasses.replace(
        TASK.model, language=sevlm.SEVLM(TASK.model.language.size, vad=False)
    )
    with pytest.raises(ValueError, match=r"vad_weight = 1\.0 without the head"):
        dataclasses.replace(TASK, model=bare)
    small = dataclasses.replace(TASK.model.language.size, vocab=9)
    few = dataclasses.replace(TASK.model, language=sevlm.SEVLM(small))
    with pytest.raises(ValueError, match=r"size\.vocab = 9, and the vocabulary has"):
        dataclasses.replace(TASK, model=few)
