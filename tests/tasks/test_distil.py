"""The student: what prototypes do to its plane, a teacher's weights, files of prototypes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax.affect import norms
from affectjax.affect.labels import FERPLUS8
from affectjax.models import resnet, taught
from affectjax.tasks import distil
from affectjax.train import checkpoint, state, step
from experiments.neurogaze import start

K = len(FERPLUS8)


class Look(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        del deterministic
        return {"feature": nn.relu(nn.Dense(24)(x))}


class Teacher(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        return {"logits": nn.Dense(K)(x)}


def _task(teacher=None, **fields):
    return distil.Distil(
        model=taught.Taught(Look(), classes=K, width=2, teacher=teacher),
        inputs=lambda batch, key=None: (batch["signal"][:, 0],),
        names=FERPLUS8.names,
        prototypes=distil.of_file(""),
        **fields,
    )


def _faces(seed, size=160):
    g = np.random.default_rng(seed)
    emotion = g.integers(0, K, size)
    seen = np.random.default_rng(5).normal(0, 1, (K, 10))[emotion] + g.normal(0, 0.5, (size, 10))
    return {
        "signal": jnp.asarray(seen, jnp.float32)[:, None],
        "emotion": jnp.asarray(emotion, jnp.int32),
    }


def _learnt(task):
    rows, unseen, tx = _faces(0), _faces(1), optax.adam(0.01)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in rows.items()}
    one = step.train_step(task, tx, seed=0)

    @jax.jit
    def run(key):
        begun = state.create(task.init(key, spec)["params"], tx)
        return jax.lax.scan(lambda s, _: (one(s, rows)[0], None), begun, None, 150)[0].params

    out = task.model.apply({"params": run(jax.random.key(0))}, unseen["signal"][:, 0], True)
    right = (out["logits"].argmax(-1) == unseen["emotion"]).mean()
    place = np.asarray(out["projected"])
    angle = lambda p: p / np.linalg.norm(p, axis=1, keepdims=True)  # noqa: E731
    felt = norms.of_space(FERPLUS8)[0][unseen["emotion"], :2]
    moved = np.asarray(unseen["emotion"]) != FERPLUS8.index("neutral")
    return float(right), float((angle(place) * angle(felt + 1e-9)).sum(1)[moved].mean())


def test_prototypes_turn_the_projection_to_where_valence_and_arousal_point():
    """Accuracy on unseen faces, chance 0.125, and the mean cosine to the category's own point."""
    right, cosine = _learnt(_task(prototype_weight=1.0))
    plain, untouched = _learnt(_task(prototype_weight=0.0, geometry_weight=0.0))
    assert right > 0.8
    assert plain > 0.8
    assert cosine > 0.8 > 0.4 > untouched


def test_a_teacher_is_heard_in_training_only_and_receives_no_gradient():
    rows, task = _faces(0, 16), _task(Teacher(), teacher_weight=0.3)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in rows.items()}
    variables = task.init(jax.random.key(0), spec)
    grads, terms = jax.grad(task.loss, has_aux=True)(variables, rows, jax.random.key(1), 100)
    assert terms["loss_teacher"] > 0
    assert all((g == 0).all() for g in jax.tree.leaves(grads["params"]["teacher"]))
    assert "teacher_logits" not in task.model.apply(variables, rows["signal"][:, 0], True)
    silent = {"params": {k: v for k, v in variables["params"].items() if k != "teacher"}}
    with pytest.raises(ValueError, match=r"teacher_weight needs config\.task\.model\.teacher"):
        _task(teacher_weight=0.3).loss(silent, rows, jax.random.key(1), 0)


def test_a_run_becomes_the_teacher_to_start_from(tmp_path):
    size, faces = resnet.Size((1,), False, width=4), jnp.zeros((1, 32, 32, 3))
    model = taught.Taught(resnet.ResNet(size), classes=K, width=2)
    params = jax.tree.map(np.asarray, model.init(jax.random.key(0), faces)["params"])
    with checkpoint.manager(tmp_path / "plain", "uar") as manager:
        checkpoint.save(manager, 0, state.State(jnp.zeros((), jnp.int32), params, {}), {})
        checkpoint.wait(manager)
    start.write(str(tmp_path / "plain"), str(tmp_path / "start"))
    found = checkpoint.restore_params(tmp_path / "start")
    own = resnet.ResNet(size, classes=K).apply({"params": found["teacher"]}, faces + 0.3)["logits"]
    theirs = model.apply({"params": params}, faces + 0.3)["logits"]
    np.testing.assert_allclose(own, theirs, rtol=1e-5)
    with pytest.raises(FileExistsError, match="holds checkpoints"):
        start.write(str(tmp_path / "plain"), str(tmp_path / "start"))
    with pytest.raises(ValueError, match=r"holds \['teacher'\]: name a run of"):
        start.write(str(tmp_path / "start"), str(tmp_path / "other"))


def test_files_of_prototypes(tmp_path):
    rows = np.random.default_rng(0).normal(0, 1, (25, 6))
    np.savez(tmp_path / "p.npz", prototypes=rows, valence=np.zeros(25))
    np.testing.assert_allclose(distil.of_file(str(tmp_path / "p.npz")), rows)
    np.savez(tmp_path / "bad.npz", prototypes=rows * np.nan)
    with pytest.raises(ValueError, match=r"bad.npz holds 1 arrays \(m, d\), expected one, finite"):
        distil.of_file(str(tmp_path / "bad.npz"))
    given = {"model": None, "inputs": None, "names": FERPLUS8.names}
    with pytest.raises(ValueError, match="has 24 rows, not one for each cell"):
        distil.Distil(**given, prototypes=rows[:24].tolist())
    with pytest.raises(ValueError, match=r"contracted names \['joy'\], not among"):
        distil.Distil(**given, prototypes=rows.tolist(), contracted=("joy",))
