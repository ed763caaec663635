"""Which losses and outputs a task's config gives."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from scipy import stats
from sklearn import metrics as sk

from affectjax.losses import ccc, regression
from affectjax.models import hicmae, hicmae_finetune
from affectjax.tasks import classify, inputs, pictures, regress

SPEC = {
    "audio": jax.ShapeDtypeStruct((4, 2960), jnp.float32),
    "audio_length": jax.ShapeDtypeStruct((4,), jnp.int32),
}


def _task(**fields):
    heads = {"logits": 3, "vad": 3, "vad_log_variance": 3}
    model = hicmae_finetune.Finetune(heads=heads, audio=hicmae.Tower(16, 1, 2))
    return classify.Classify(
        model=model, inputs=inputs.Inputs(mel_frames=16, mels=16), classes=3, **fields
    )


def _batch():
    g = np.random.default_rng(0)
    return {
        "audio": jnp.asarray(g.standard_normal((4, 2960)), jnp.float32) * 0.1,
        "audio_length": jnp.full(4, 2960),
        "emotion": jnp.array([0, 1, 2, 0]),
        "distribution": jnp.asarray(g.dirichlet(np.ones(3), 4), jnp.float32),
        "vad": jnp.asarray(g.uniform(-1, 1, (4, 3)), jnp.float32),
        "valid": jnp.ones(4, bool),
    }


def test_the_variance_head_is_learnt_by_the_likelihood_of_scipy():
    task, batch = _task(vad_weight=1.0, vad_loss="gaussian_nll"), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    _, terms = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    out = task.predict(variables, batch)
    density = stats.norm(out["vad_pred"], out["vad_sd"]).logpdf(batch["vad"])
    expected = -density.mean() - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(terms["loss_vad"], expected, rtol=1e-5)


def test_the_quantiles_are_learnt_by_the_pinball_losses_of_scikit_learn():
    model = hicmae_finetune.Finetune(
        heads={"vad": 3, "vad_quantiles": 6}, audio=hicmae.Tower(16, 1, 2)
    )
    ears = inputs.Inputs(mel_frames=16, mels=16)
    task, batch = regress.Regress(model=model, inputs=ears, criterion="pinball"), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    value, _ = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    out = task.predict(variables, batch)
    assert (out["vad_low"] < out["vad_pred"]).all()
    assert (out["vad_pred"] < out["vad_high"]).all()
    each = zip(("vad_low", "vad_pred", "vad_high"), (0.025, 0.5, 0.975), strict=True)
    expected = sum(sk.mean_pinball_loss(batch["vad"], out[k], alpha=q) for k, q in each)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_raters_shares_are_the_target_where_the_config_says_so():
    task, batch = _task(target="distribution"), _batch()
    variables = task.init(jax.random.key(0), SPEC)
    value, _ = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    p = np.asarray(task.predict(variables, batch)["probabilities"])
    expected = -(np.asarray(batch["distribution"]) * np.log(p)).sum(-1).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_names_of_losses():
    g = np.random.default_rng(1)
    out = {"vad": jnp.asarray(g.uniform(-1, 1, (5, 3)))}
    vad = jnp.asarray(g.uniform(-1, 1, (5, 3)))
    assert classify.vad_term("mse", out, vad) == regression.mse(out["vad"], vad)
    assert classify.vad_term("ccc", out, vad) == ccc.ccc_loss(out["vad"], vad)
    with pytest.raises(ValueError, match=r"no loss 'mae'; allowed: mse, l1"):
        classify.vad_term("mae", out, vad)
    with pytest.raises(ValueError, match="add vad_log_variance=3"):
        classify.vad_term("gaussian_nll", out, vad)
    with pytest.raises(ValueError, match="add vad_quantiles=6"):
        classify.vad_term("pinball", out, vad)


def test_vad_alone():
    model = hicmae_finetune.Finetune(heads={"vad": 3}, audio=hicmae.Tower(16, 1, 2))
    task = regress.Regress(model=model, inputs=inputs.Inputs(mel_frames=16, mels=16))
    variables, batch = task.init(jax.random.key(0), SPEC), _batch()
    value, _ = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    error = np.asarray(task.predict(variables, batch)["vad_pred"] - batch["vad"])
    np.testing.assert_allclose(value, (error**2).mean(), rtol=1e-5)


class Mean(nn.Module):
    """The mean of each picture, as logits of one class."""

    @nn.compact
    def __call__(self, images, deterministic):
        del deterministic
        return {"logits": images.mean((1, 2, 3))[:, None]}


@pytest.mark.parametrize("how", [{"mixup": 0.8}, {"cutmix": 1.0}, {"mixup": 0.8, "cutmix": 1.0}])
def test_pictures_are_mixed_as_their_targets_are(how):
    """Of even pictures the share of the other one is to be read off the mean of the pixels."""
    read = pictures.Pictures(("face",), norm="none")
    task = classify.Classify(Mean(), read, classes=4, smoothing=0.1, **how)
    shades = np.array([0, 51, 204, 255], np.uint8)
    batch = {"face": jnp.asarray(np.tile(shades[:, None, None, None], (1, 8, 8, 3)))}
    targets = jax.nn.one_hot(jnp.arange(4), 4) * 0.9 + 0.1 / 4
    out, mixed, _ = classify.outputs_and_targets(task, {}, batch, jax.random.key(1), targets)
    share = (out["logits"][:, 0] - shades[::-1] / 255) / (shades / 255.0 - shades[::-1] / 255)
    assert 0 <= share[0] < 1
    np.testing.assert_allclose(mixed.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        mixed, share[:, None] * targets + (1 - share[:, None]) * targets[::-1], atol=1e-5
    )
    two = dataclasses.replace(task, inputs=pictures.Pictures(("face", "image")))
    both = {"face": batch["face"], "image": batch["face"]}
    with pytest.raises(ValueError, match="mix clips, or still pictures of one key"):
        classify.outputs_and_targets(two, {}, both, jax.random.key(1), targets)
