"""Pictures as inputs of the tasks: statistics, erasing, class weights, moving statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from affectjax.models import norm
from affectjax.tasks import classify, ensemble, pictures, regress

G = np.random.default_rng(0)
SPEC = {"image": jax.ShapeDtypeStruct((6, 4, 4, 3), jnp.uint8)}
BATCH = {
    "image": jnp.asarray(G.integers(0, 256, (6, 4, 4, 3)), jnp.uint8),
    "emotion": jnp.array([0, 1, 2, 0, 0, 1]),
    "vad": jnp.asarray(np.c_[G.uniform(-1, 1, (6, 2)), np.full(6, np.nan)], jnp.float32),
    "valid": jnp.ones(6, bool),
}


class Small(nn.Module):
    """Batch norm, the mean colour, one linear layer."""

    @nn.compact
    def __call__(self, images, deterministic=True):
        x = norm.BatchNorm(name="norm")(images, deterministic).mean((1, 2))
        out = nn.Dense(5, name="head")(x + images.mean((1, 2)))
        return {"logits": out[:, :3], "vad": out[:, 3:]}


def _classify(**fields):
    return classify.Classify(
        model=Small(), inputs=pictures.Pictures(), classes=3, vad_weight=2.0, **fields
    )


def test_statistics_are_subtracted_and_divided():
    (x,) = pictures.Pictures(norm="clip")(BATCH)
    mean = np.array([0.48145466, 0.4578275, 0.40821073])
    std = np.array([0.26862954, 0.26130258, 0.27577711])
    np.testing.assert_allclose(x, (np.asarray(BATCH["image"]) / 255 - mean) / std, atol=1e-5)
    with pytest.raises(ValueError, match="norm = 'vgg'; allowed: imagenet, clip, none"):
        pictures.Pictures(norm="vgg")
    with pytest.raises(ValueError, match=r"names \['face'\]"):
        pictures.Pictures(["face"])(BATCH)


def test_erasing_is_for_training_only():
    read = pictures.Pictures(erase=1.0)
    np.testing.assert_array_equal(read(BATCH)[0], pictures.Pictures()(BATCH)[0])
    assert (read(BATCH, jax.random.key(0))[0] != read(BATCH)[0]).any()


def test_class_weights_are_those_of_torch():
    weights = [0.2, 0.5, 0.3]
    task = _classify(class_weights=weights)
    variables = task.init(jax.random.key(0), SPEC)
    _, terms = task.loss(variables, BATCH, jax.random.key(1), 0)
    out, _ = Small().apply(
        variables, *task.inputs(BATCH), deterministic=False, mutable=[norm.MOVING]
    )
    log_p = np.asarray(jax.nn.log_softmax(out["logits"]))
    y = np.asarray(BATCH["emotion"])
    each = np.array(weights)[y]
    expected = -(each * log_p[np.arange(6), y]).sum() / each.sum()  # torch's weighted mean
    np.testing.assert_allclose(terms["loss_emotion"], expected, rtol=1e-5)
    with pytest.raises(ValueError, match="2 entries for 3 classes"):
        _classify(class_weights=[1.0, 2.0])
    with pytest.raises(ValueError, match="plain hard targets"):
        _classify(class_weights=weights, smoothing=0.1)


@pytest.mark.parametrize(
    "task", [_classify(), regress.Regress(Small(), pictures.Pictures(), "mse_ccc")], ids=["c", "r"]
)
def test_two_dimensions_are_learnt_and_statistics_handed_on(task):
    variables = task.init(jax.random.key(0), SPEC)
    value, terms = task.loss(variables, BATCH, jax.random.key(1), 0)
    assert np.isfinite(value)  # dominance is NaN in the data, and not asked for
    x = task.inputs(BATCH)[0]
    batch_mean = np.asarray(x).reshape(-1, 3).mean(0)
    np.testing.assert_allclose(terms["moving"]["norm"]["mean"], 0.1 * batch_mean, atol=1e-5)
    out = task.predict(variables, BATCH)
    assert out["vad_pred"].shape == out["vad"].shape == (6, 2)
    scores = task.metrics().single_from_model_output(**out).compute()
    assert {"ccc_valence", "ccc_arousal"} <= set(scores)
    assert "ccc_dominance" not in scores


def test_each_member_of_an_ensemble_has_statistics_of_its_own():
    task = ensemble.Ensemble(_classify(), 2)
    variables = task.init(jax.random.key(0), SPEC)
    _, terms = task.loss(variables, BATCH, jax.random.key(1), 0)
    shapes = jax.tree.map(jnp.shape, terms["moving"])
    assert shapes == {"norm": {"mean": (2, 3), "var": (2, 3)}}
