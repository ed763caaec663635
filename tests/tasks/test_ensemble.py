"""An ensemble in one run: its members are single runs, its answer is their mean."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax import config as config_lib
from affectjax.models import hicmae, hicmae_finetune
from affectjax.tasks import classify, ensemble, inputs
from affectjax.train import optim, setup, shard
from tests.conftest import REPO

SPEC = {
    "audio": jax.ShapeDtypeStruct((6, 2960), jnp.float32),
    "audio_length": jax.ShapeDtypeStruct((6,), jnp.int32),
}


def _task(variance=False, **fields):
    heads = {"logits": 3, "vad": 3, **({"vad_log_variance": 3} if variance else {})}
    model = hicmae_finetune.Finetune(heads=heads, audio=hicmae.Tower(16, 1, 2), dropout=0.2)
    made = inputs.Inputs(mel_frames=16, mels=16, freq_mask=4, time_mask=4)
    return classify.Classify(model=model, inputs=made, classes=3, vad_weight=1.0, **fields)


def _batch():
    g = np.random.default_rng(0)
    return {
        "audio": jnp.asarray(g.standard_normal((6, 2960)), jnp.float32) * 0.1,
        "audio_length": jnp.array([2960, 2960, 2000, 2960, 1500, 2960]),
        "emotion": jnp.array([0, 1, 2, 0, 1, 2]),
        "vad": jnp.asarray(g.uniform(-1, 1, (6, 3)), jnp.float32),
        "subject": jnp.array([1, 2, 3, 1, 2, 4]),
        "valid": jnp.ones(6, bool),
    }


def _member(tree, i):
    return jax.tree.map(lambda x: np.asarray(x)[i], tree)


def _gradients(task):
    """(variables, batch, key) -> gradients and terms of a task's loss."""
    loss = lambda v, batch, key: task.loss(v, batch, key, jnp.int32(0))  # noqa: E731
    return jax.jit(jax.grad(loss, has_aux=True))


def _update(tx, variables, grads):
    def step(variables, grads):
        updates, _ = tx.update(grads, tx.init(variables), variables)
        return optax.apply_updates(variables, updates)

    return jax.jit(step)(variables, grads)


def test_each_member_steps_as_a_run_of_its_own():
    single, batch = _task(), _batch()
    several = ensemble.Ensemble(single, members=2)
    init, key = jax.random.key(0), jax.random.key(1)
    variables = jax.jit(lambda: several.init(init, SPEC))()
    grads, terms = _gradients(several)(variables, batch, key)
    options = {"schedule": optax.constant_schedule(1e-2), "clip": 0.1, "weight_decay": 0.3}
    stepped = _update(optim.adamw(variables, members=True, **options), variables, grads)
    assert float(optax.tree.norm(_member(grads, 0))) > 0.1, "the clip is at work"
    losses, gradients = [], _gradients(single)
    first = jax.jit(lambda k: single.init(k, SPEC))
    for i in range(2):
        own = first(jax.random.fold_in(init, i))
        jax.tree.map(np.testing.assert_array_equal, own, _member(variables, i))
        alone, outputs = gradients(own, batch, jax.random.fold_in(key, i))
        after = _update(optim.adamw(own, **options), own, alone)
        # The gradients, before Adam's division makes noise of what is nearly 0.
        close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)  # noqa: E731
        jax.tree.map(close, alone, _member(grads, i))
        gap = jax.tree.map(
            lambda a, b, g: np.abs(np.where(np.abs(g) > 1e-4, a - b, 0)).max(),
            *map(jax.device_get, (after, _member(stepped, i), alone)),
        )
        assert max(jax.tree.leaves(gap)) < 1e-6
        losses.append(outputs["loss_emotion"])
    np.testing.assert_allclose(terms["loss_emotion"], np.mean(losses), rtol=1e-5)


@pytest.mark.parametrize("variance", [False, True])
def test_its_answer_is_the_mean_and_the_spread_of_the_mixture(variance):
    single, batch = _task(variance), _batch()
    several = ensemble.Ensemble(single, members=2)
    variables = jax.jit(lambda: several.init(jax.random.key(0), SPEC))()
    out = jax.jit(several.predict)(variables, batch)
    alone = jax.jit(single.predict)
    each = [alone(_member(variables, i), batch) for i in range(2)]
    p = np.mean([e["probabilities"] for e in each], axis=0)
    np.testing.assert_allclose(out["probabilities"], p, atol=1e-6)
    np.testing.assert_allclose(jax.nn.softmax(out["logits"]), p, atol=1e-6)
    vad = np.stack([e["vad_pred"] for e in each])
    own = np.stack([e["vad_sd"] for e in each]) if variance else np.zeros_like(vad)
    np.testing.assert_allclose(out["vad_pred"], vad.mean(0), atol=1e-6)
    np.testing.assert_allclose(out["vad_sd"], np.sqrt((own**2).mean(0) + vad.var(0)), atol=1e-4)
    np.testing.assert_array_equal(out["subject"], batch["subject"])


def test_a_member_learns_nothing_from_whom_it_holds_out_and_alone_judges_them():
    task = ensemble.Ensemble(_task(mixup=0.3), members=2, held_out=[[1], [2, 3]])
    batch, key = _batch(), jax.random.key(1)
    variables = jax.jit(lambda: task.init(jax.random.key(0), SPEC))()
    louder = {**batch, "audio": batch["audio"].at[jnp.array([0, 3])].mul(-3.0)}  # subject 1

    gradients = _gradients(task)
    quiet, loud = (gradients(variables, b, key)[0] for b in (batch, louder))
    same = [
        jax.tree.map(lambda a, b, i=i: bool((a[i] == b[i]).all()), quiet, loud) for i in range(2)
    ]
    assert all(jax.tree.leaves(same[0]))
    assert not all(jax.tree.leaves(same[1]))
    only = gradients(variables, {**batch, "subject": jnp.ones(6, jnp.int32)}, key)[0]
    assert [float(optax.tree.norm(_member(only, i))) > 0 for i in range(2)] == [False, True]
    alone, several = jax.jit(_task().predict), jax.jit(task.predict)
    each = [alone(_member(variables, i), batch)["probabilities"] for i in range(2)]
    found = several(variables, batch)["probabilities"]
    for row, subject in enumerate([1, 2, 3, 1, 2, 4]):
        by = [each[0]] if subject == 1 else [each[1]] if subject < 4 else each
        np.testing.assert_allclose(found[row], np.mean([p[row] for p in by], 0), atol=1e-6)
    anonymous = {k: v for k, v in batch.items() if k != "subject"}
    everyone = several(variables, anonymous)["probabilities"]
    np.testing.assert_allclose(everyone, np.mean(each, 0), atol=1e-6)


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="1 groups of subjects for 2 members"):
        ensemble.Ensemble(_task(), members=2, held_out=[[1]])
    with pytest.raises(ValueError, match="at least 1"):
        ensemble.Ensemble(_task(), members=0)
    task = ensemble.Ensemble(_task(), members=1, held_out=[[1]])
    batch = {k: v for k, v in _batch().items() if k != "subject"}
    variables = jax.eval_shape(lambda: task.init(jax.random.key(0), SPEC))
    with pytest.raises(ValueError, match="needs the key subject"):
        jax.eval_shape(task.loss, variables, batch, jax.random.key(1), jnp.int32(0))


def test_members_clipped_together_are_refused():
    config = config_lib.load(f"{REPO}/configs/hicmae/ravdess_speech.py:tiny,fake,members=2")
    config.optimizer.members = False
    mesh = shard.make_mesh({"data": 1}, jax.devices()[:1])
    with pytest.raises(ValueError, match="members=True"):
        setup.prepare(config, mesh, {})
