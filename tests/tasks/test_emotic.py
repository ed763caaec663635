"""EMOTIC's task: scales, settings, what each branch can learn, weights to start from."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax.affect.vad import EMOTIC10
from affectjax.losses import emotic as losses
from affectjax.metrics import ranking
from affectjax.models import emotic, norm, resnet
from affectjax.tasks import emotic as task_lib
from affectjax.tasks import pictures
from affectjax.train import checkpoint, state, step
from affectjax.weights import files, names
from affectjax.weights.resnet import TORCHVISION, trunk
from experiments.emotic import start

SIDE, PEOPLE = 6, 64


def test_vad_goes_to_the_scale_of_the_ratings_and_back():
    native = np.array([[1.0, 4.0, 10.0]])
    unit = EMOTIC10.to_unit(native)
    np.testing.assert_allclose(task_lib.to_tenths(unit), native / 10)
    np.testing.assert_allclose(task_lib.from_tenths(native / 10), unit, atol=1e-12)


def test_settings_that_cannot_be_are_refused():
    given = {"model": _model("both"), "inputs": pictures.Pictures()}
    for bad, why in (
        ({"weighting": "none"}, "weighting = 'none'; allowed: dynamic, static, mean"),
        ({"vad_loss": "mse"}, "vad_loss = 'mse'; allowed: smooth_l1, l2"),
        ({"weighting": "static"}, "for the 26 categories of EMOTIC, config.task.labels has 2"),
    ):
        with pytest.raises(ValueError, match=why):
            task_lib.Emotic(**given, labels=("a", "b"), **bad)
    with pytest.raises(ValueError, match="1 names for 2 keys"):
        pictures.Pictures(("image", "person"), norm=("imagenet",))


class Look(nn.Module):
    """A branch as cheap as can be: the mean colour, normalised over the batch."""

    @nn.compact
    def __call__(self, images, deterministic=True):
        return {"feature": norm.BatchNorm(name="norm")(images.mean((1, 2)), deterministic)}


def _model(sees):
    return emotic.Emotic(Look(), Look(), emotic.Fusion(16, categories=2, dropout=0.0), sees)


def _people(seed):
    """Label a is to be seen in the scene only (red), b in the person only (green)."""
    g = np.random.default_rng(seed)
    labels = g.integers(0, 2, (PEOPLE, 2)).astype(np.float32)
    scenes, cut = (g.integers(60, 160, (PEOPLE, SIDE, SIDE, 3)) for _ in range(2))
    scenes[..., 0] += (60 * labels[:, 0, None, None]).astype(int)
    cut[..., 1] += (60 * labels[:, 1, None, None]).astype(int)
    vad = np.concatenate([labels - 0.5, np.zeros((PEOPLE, 1))], axis=1)
    return {
        "image": jnp.asarray(scenes, jnp.uint8),
        "person": jnp.asarray(cut, jnp.uint8),
        "multilabel": jnp.asarray(labels),
        "vad": jnp.asarray(vad, jnp.float32),
    }


def _precision(task, params, people):
    scores = np.asarray(task.predict({"params": params}, people)["multilabel_pred"])
    return ranking.per_class(ranking.average_precision, scores, np.asarray(people["multilabel"]))


def _learn(sees):
    inputs = pictures.Pictures(("image", "person"), norm=("emotic_scenes", "emotic_people"))
    task = task_lib.Emotic(_model(sees), inputs, ("a", "b"))
    people, tx = _people(0), optax.adam(0.03)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in people.items()}
    one = step.train_step(task, tx, seed=0)

    @jax.jit
    def run(key):
        begun = state.create(task.init(key, spec)["params"], tx)
        return jax.lax.scan(lambda s, _: (one(s, people)[0], None), begun, None, 200)[0].params

    return task, run(jax.random.key(0))


@pytest.fixture(scope="module")
def learnt():
    return {sees: _learn(sees) for sees in ("both", "context", "body")}


def test_both_branches_together_learn_what_neither_learns_alone(learnt):
    people = _people(1)
    chance = np.asarray(people["multilabel"]).mean(0)
    found = {sees: _precision(*of, people) for sees, of in learnt.items()}
    assert (found["both"] > 0.95).all()
    assert found["context"][0] > 0.95 > 0.75 > found["context"][1]
    assert found["body"][1] > 0.95 > 0.75 > found["body"][0]
    mixed = {**people, "image": jnp.roll(people["image"], 7, axis=0)}
    a, b = _precision(*learnt["both"], mixed)
    assert a < chance[0] + 0.2
    assert b > 0.95


def test_the_terms_are_the_losses_on_ratings_and_vad_comes_back(learnt):
    task, params = learnt["both"]
    people = _people(1)
    value, terms = task.loss({"params": params}, people, jax.random.key(0), 0)
    np.testing.assert_allclose(value, 0.5 * (terms["loss_labels"] + terms["loss_vad"]), rtol=1e-6)
    assert set(terms["moving"]) == {"context", "body", "fusion"}
    out = task.predict({"params": params}, people)
    error = 10 * np.abs(task_lib.to_tenths(out["vad_pred"]) - task_lib.to_tenths(out["vad"]))
    assert error.mean() < 1.0  # of 9 ratings; telling nothing gives 1.5 in two of three
    rated = task_lib.to_tenths(out["vad"])
    assert losses.margin_l2(rated, rated) == 0


def test_weights_of_torchvision_become_a_run_to_start_from(tmp_path):
    size = resnet.Size((1,), False, width=4)
    model, image = resnet.ResNet(size, classes=3), jnp.zeros((1, 64, 64, 3))
    like = jax.eval_shape(lambda: model.init(jax.random.key(0), image))["params"]
    g = np.random.default_rng(0)
    params = jax.tree.map(lambda s: g.normal(size=s.shape).astype(np.float32), like)
    given = names.to_state_dict(params, TORCHVISION)
    files.save(tmp_path / "body.safetensors", given)
    parallel = {f"module.{k}": v for k, v in given.items()}
    files.save(tmp_path / "context.safetensors", parallel)
    paths = [str(tmp_path / f"{k}.safetensors") for k in ("context", "body")]
    start.write(*paths, str(tmp_path / "run"), size)
    found = checkpoint.restore_params(tmp_path / "run")
    del params["head"]
    for branch in ("context", "body"):
        jax.tree.map(np.testing.assert_array_equal, found[branch], params)
    with pytest.raises(FileExistsError, match="holds checkpoints"):
        start.write(*paths, str(tmp_path / "run"), size)
    with pytest.raises(ValueError, match=r"body.safetensors: the state dict does not fit"):
        trunk(paths[1], resnet.Size((2,), False, width=4))
