"""Three sets of faces with a label each: what coupling adds, and what masks leave alone."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax.affect import action_units
from affectjax.affect.labels import EKMAN7
from affectjax.models import multitask
from affectjax.tasks import unified
from affectjax.train import state, step

UNITS = (1, 2, 4, 6, 9, 12, 15, 25, 26)
K, A, ROWS = len(EKMAN7), len(UNITS), 192
VALENCE = np.array([0.0, 0.8, -0.6, 0.4, -0.6, -0.6, -0.5])


class Trunk(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        del deterministic
        return {"feature": nn.relu(nn.Dense(32)(x))}


def _faces(seed, size, labelled):
    """Expression -> units by the table -> what shows; `labelled` says which labels are known."""
    g = np.random.default_rng(seed)
    emotion = g.integers(0, K, size)
    units = (g.random((size, A)) < action_units.shares(EKMAN7.names, UNITS)[emotion]).astype(float)
    mix = np.random.default_rng(7).normal(0, 1, (A, 16))
    shown = units @ mix + g.normal(0, 0.4, (size, 16))
    vad = np.stack([VALENCE[emotion], units.mean(1)], 1) + g.normal(0, 0.1, (size, 2))
    track = np.arange(size) % 3
    known = [(track == i) | (labelled == "all") for i in range(3)]
    return {
        "signal": jnp.asarray(shown, jnp.float32)[:, None],
        "emotion": jnp.asarray(np.where(known[0], emotion, -1), jnp.int32),
        "action_units": jnp.asarray(np.where(known[1][:, None], units, np.nan), jnp.float32),
        "vad": jnp.asarray(np.where(known[2][:, None], vad, np.nan), jnp.float32),
        "possible": jnp.ones((size, K)),
        "dataset": jnp.asarray(track, jnp.int32),
    }


def _task(**fields):
    return unified.Unified(
        model=multitask.Multitask(Trunk(), classes=K, dimensions=2, labels=A),
        inputs=lambda batch, key=None: (batch["signal"][:, 0],),
        names=EKMAN7.names,
        units=UNITS,
        datasets=("a", "b", "c"),
        **fields,
    )


ALONE = {"matching_weight": 0.0, "co_annotation_weight": 0.0}


def _learnt(task, *sets):
    """Scores on unseen faces after training on each of some sets."""
    tx, unseen = optax.adam(0.01), _faces(1, 600, "all")
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in unseen.items()}
    one = step.train_step(task, tx, seed=0)

    @jax.jit
    def outputs(rows):
        begun = state.create(task.init(jax.random.key(0), spec)["params"], tx)
        end = jax.lax.scan(lambda s, _: (one(s, rows)[0], None), begun, None, 200)[0]
        return task.predict({"params": end.params}, unseen)

    told = [task.metrics().single_from_model_output(**outputs(rows)).compute() for rows in sets]
    return [{k: float(v) for k, v in one.items()} for one in told]


@pytest.fixture(scope="module")
def scores():
    """Seven faces have an expression, 64 others units: without coupling neither tells of both."""
    rows = _faces(0, ROWS, "own")
    few = np.flatnonzero(np.asarray(rows["emotion"]) >= 0)[7:]
    rows["emotion"] = rows["emotion"].at[few].set(-1)
    wrong = {**rows, "action_units": jnp.roll(rows["action_units"], 3, axis=1)}
    matched = _learnt(_task(co_annotation_weight=0.0), rows, wrong)
    (alone,), (annotated,) = (
        _learnt(_task(**fields), rows) for fields in (ALONE, {"matching_weight": 0.0})
    )
    return {"alone": alone, "matched": matched[0], "wrong": matched[1], "annotated": annotated}


def test_coupling_lifts_the_expressions_of_which_few_are_labelled(scores):
    """Macro F1 of seven expressions; chance is 1 / 7."""
    f1 = {k: v["macro_f1"] for k, v in scores.items()}
    assert f1["alone"] > 2 / 7
    assert f1["matched"] > f1["alone"] + 0.3, f1
    assert f1["annotated"] > f1["alone"] + 0.1, f1
    assert f1["matched"] > f1["wrong"] + 0.3, "the gain is that of the table"


def test_every_head_learns_and_the_sum_is_of_the_three(scores):
    told = scores["matched"]
    assert told["units_f1"] > 0.9
    assert told["ccc_mean"] > 0.5
    parts = told["ccc_mean"] + told["macro_f1"] + told["units_f1"]
    assert told["multitask"] == pytest.approx(parts, rel=1e-6)


def test_what_a_row_lacks_moves_no_parameter():
    rows, task = _faces(0, 12, "own"), _task(**ALONE)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in rows.items()}
    variables = task.init(jax.random.key(0), spec)
    grad = jax.jit(jax.grad(lambda v, b: task.loss(v, b, jax.random.key(0), 0)[0]))
    whole = grad(variables, rows)["params"]
    gone = {**rows, "action_units": jnp.full((12, A), jnp.nan)}
    gone["vad"] = jnp.full((12, 2), jnp.nan)
    alone = grad(variables, gone)["params"]
    np.testing.assert_allclose(
        alone["expression"]["logits"]["kernel"], whole["expression"]["logits"]["kernel"], rtol=1e-5
    )
    for head in ("units", "dimensions"):
        assert all((x == 0).all() for x in jax.tree.leaves(alone[head]))
        assert any((x != 0).any() for x in jax.tree.leaves(whole[head]))
    with pytest.raises(ValueError, match=r"units has 3 units, the batch's action_units is 9"):
        dataclasses.replace(task, units=(1, 2, 4)).loss(variables, rows, jax.random.key(0), 0)
