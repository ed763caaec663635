"""Losses and metrics of rows that lack labels, against those of the rows that have them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from affectjax.evals import evaluate, scores
from affectjax.losses import classification, missing
from affectjax.metrics import mixture, states
from affectjax.tasks import classify, regress

G = np.random.default_rng(0)
LOGITS = jnp.asarray(G.standard_normal((6, 4)), jnp.float32)
EMOTION = jnp.array([0, 2, -1, 1, 3, -1])
POSSIBLE = jnp.array([[1.0, 1, 1, 1]] * 3 + [[1.0, 1, 0, 1]] * 3)


def test_complete_labels_give_the_usual_loss():
    every = jnp.ones((6, 4))
    target = missing.targets(jnp.abs(EMOTION), every, 0.1)
    value = missing.cross_entropy(LOGITS, target, every)
    np.testing.assert_allclose(
        value, classification.cross_entropy(LOGITS, jnp.abs(EMOTION), 0.1), rtol=1e-6
    )


def test_a_row_without_a_label_and_an_impossible_category_have_no_gradient():
    def loss(logits):
        return missing.cross_entropy(logits, missing.targets(EMOTION, POSSIBLE, 0.1), POSSIBLE)

    value, gradient = jax.value_and_grad(loss)(LOGITS)
    gradient = np.asarray(gradient)
    assert not gradient[[2, 5]].any()
    assert not gradient[3:, 2].any()
    assert np.abs(gradient[[0, 1, 3, 4]]).max(1).min() > 0
    whole = [
        classification.cross_entropy(LOGITS[i : i + 1], EMOTION[i : i + 1], 0.1) for i in (0, 1)
    ]
    kept = LOGITS[:, jnp.array([0, 1, 3])]
    whole += [
        classification.cross_entropy(kept[i : i + 1], jnp.array([e]), 0.1)
        for i, e in ((3, 1), (4, 2))
    ]
    np.testing.assert_allclose(value, np.mean(whole), rtol=1e-6)
    nothing = missing.cross_entropy(LOGITS, jnp.zeros((6, 4)), POSSIBLE)
    assert nothing == 0


def test_raters_shares_go_before_the_category_where_they_are_known():
    shares = jnp.zeros((6, 4)).at[0].set(jnp.array([0.5, 0.5, 0, 0]))
    target = missing.targets(EMOTION, POSSIBLE, 0.0, shares)
    assert target[0].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert target[1].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert not target[2].any()


@pytest.mark.parametrize("name", ["mse", "l1", "smooth_l1", "ccc", "pcc", "mse_ccc"])
def test_vad_of_known_values_is_the_loss_of_these_alone(name):
    prediction = jnp.asarray(G.uniform(-1, 1, (6, 3)), jnp.float32)
    vad = np.asarray(G.uniform(-1, 1, (6, 3)), np.float32)
    complete = classify.vad_term(name, {"vad": prediction}, jnp.asarray(vad))
    term = lambda v: classify.vad_term_of_known(  # noqa: E731
        name, {"vad": prediction}, *missing.known(jnp.asarray(v))
    )
    np.testing.assert_allclose(term(vad), complete, rtol=1e-5)
    vad[4:] = np.nan  # two rows without, and arousal and dominance of no row at all
    vad[:, 1:] = np.nan
    rows = {"vad": prediction[:4, :1]}
    expected = classify.vad_term(name, rows, jnp.asarray(vad[:4, :1]))
    np.testing.assert_allclose(term(vad), expected * (3 if name == "mse_ccc" else 1), rtol=1e-5)
    assert term(np.full((6, 3), np.nan)) == 0


def _clips(n=60):
    p = G.dirichlet(np.ones(4), n)
    dataset = np.arange(n) % 2
    possible = np.where(dataset[:, None] == 0, [1.0, 1, 1, 1], [1.0, 1, 0, 1])
    emotion = np.where(dataset == 0, G.integers(0, 4, n), G.choice([0, 1, 3], n))
    emotion[::7] = -1
    vad = G.uniform(-1, 1, (n, 3))
    vad[dataset == 1] = np.nan
    return {
        "probabilities": p,
        "emotion": emotion,
        "possible": possible,
        "dataset": dataset,
        "vad": vad,
        "vad_pred": G.uniform(-1, 1, (n, 3)),
        "subject": np.arange(n) // 3,
    }


def test_scores_of_a_mixture_are_those_of_each_datasets_labelled_rows():
    clips = _clips()
    told = evaluate.by_dataset(clips, ["a", "b"])
    rows = (clips["dataset"] == 1) & (clips["emotion"] >= 0)
    p = clips["probabilities"][rows][:, [0, 1, 3]]
    expected = scores.scores(
        p / p.sum(1, keepdims=True), np.searchsorted([0, 1, 3], clips["emotion"][rows])
    )
    assert told["b"]["uar"] == pytest.approx(expected["uar"])
    assert told["b"]["clips_emotion"] == rows.sum()
    assert told["b"]["clips_vad"] == 0
    assert "ccc_mean" not in told["b"]
    assert told["a"]["clips"] == 30
    pooled = scores.scores(**evaluate.score_arguments(clips))
    assert pooled["ccc_mean"] == pytest.approx(told["a"]["ccc_mean"])

    streamed = mixture.of_datasets(states.for_classification(vad=True), ("a", "b"))
    parts = [{k: jnp.asarray(v[i::2]) for k, v in clips.items()} for i in (0, 1)]
    update = jax.jit(lambda part: streamed.single_from_model_output(**part))
    out = update(parts[0]).merge(update(parts[1])).compute()
    for name in ("a", "b"):
        assert float(out[f"uar_{name}"]) == pytest.approx(told[name]["uar"], abs=1e-6)
    assert float(out["uar"]) == pytest.approx(pooled["uar"], abs=1e-6)
    assert float(out["ccc_mean_a"]) == pytest.approx(told["a"]["ccc_mean"], abs=1e-5)
    assert float(out["uar_mean"]) == pytest.approx((told["a"]["uar"] + told["b"]["uar"]) / 2)
    assert "ccc_mean_b" not in out


class _Head(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        del deterministic
        return {"vad": nn.Dense(3)(x)}


def test_vad_alone_learns_of_the_rows_that_have_it():
    settings = {"model": _Head(), "inputs": lambda batch, key=None: (batch["signal"][:, 0],)}
    task = regress.Regress(**settings, datasets=("a", "b"))
    x = jnp.asarray(G.standard_normal((4, 1, 5)), jnp.float32)
    vad = np.asarray(G.uniform(-1, 1, (4, 3)), np.float32)
    variables = _Head().init(jax.random.key(0), x[:, 0], deterministic=True)
    some = vad.copy()
    some[2:] = np.nan
    key, step = jax.random.key(1), jnp.int32(0)
    value, _ = task.loss(variables, {"signal": x, "vad": jnp.asarray(some)}, key, step)
    plain = regress.Regress(**settings)
    expected, _ = plain.loss(variables, {"signal": x[:2], "vad": jnp.asarray(vad[:2])}, key, step)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    clips = _clips()
    rows = {k: jnp.asarray(clips[k]) for k in ("vad", "vad_pred", "dataset")}
    out = task.metrics().single_from_model_output(**rows).compute()
    assert float(out["ccc_mean_a"]) == pytest.approx(float(out["ccc_mean"]))
    assert "ccc_mean_b" not in out
