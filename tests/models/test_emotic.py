"""EMOTIC's networks: counts of the authors' printed one, what each branch sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from affectjax.models import emotic, norm
from tests.models.test_backbones import count
from tests.models.test_resnet import convolve

SCENES, PEOPLE = jnp.zeros((1, 224, 224, 3)), jnp.zeros((1, 128, 128, 3))


def test_the_printed_network_has_the_authors_sizes():
    """Counted from `emotic_cnn_model_structure.txt` of rkosti/emotic."""
    context, body = (emotic.Decomposed(emotic.DECOMPOSED[k]) for k in ("context", "body"))
    assert count(context, SCENES) == 11_499_008
    assert count(body, PEOPLE) == 179_712
    assert count(emotic.Fusion(), jnp.zeros((1, 640)), jnp.zeros((1, 128))) == 204_829
    whole = emotic.Emotic(context, body, emotic.Fusion())
    assert count(whole, SCENES, PEOPLE) == 11_499_008 + 179_712 + 204_829


def test_a_picture_of_another_size_than_the_pool_is_for_is_refused():
    body = emotic.Decomposed(emotic.DECOMPOSED["body"])
    with pytest.raises(ValueError, match=r"leave a map of \(2, 2\), not 1"):
        jax.eval_shape(body.init, jax.random.key(0), SCENES)


@pytest.mark.parametrize("late", [(), (1,)], ids=["norm first", "relu first"])
def test_separable_convolutions_by_their_definition(late):
    pairs = (emotic.Pair(2, 3, 5, 2, 2), emotic.Pair(3, 4, stride=2))
    model = emotic.Decomposed(emotic.Decomposition(pairs, (3, 8), late))
    g = np.random.default_rng(0)
    images = g.normal(size=(2, 13, 13, 3)).astype(np.float32)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]
    p = jax.tree.map(lambda s: g.uniform(-0.5, 0.9, s.shape).astype(np.float32), shapes)
    for i in range(2):
        p[f"norm_{i}"]["var"] += 1
    relu = lambda v: np.maximum(v, 0)  # noqa: E731
    x = images.transpose(0, 3, 1, 2)
    for i, pair in enumerate(pairs):
        for name, along in ((f"rows_{i}", (1, 0)), (f"columns_{i}", (0, 1))):
            strides = [pair.stride if on else 1 for on in along]
            w = p[name]["kernel"].transpose(3, 2, 0, 1)
            x = convolve(x, w, strides, [pair.pad * on for on in along])
            x += p[name]["bias"][:, None, None]
            x = relu(x) if along == (1, 0) else x
        n = {k: v[:, None, None] for k, v in p[f"norm_{i}"].items()}
        x = relu(x) if i in late else x
        x = (x - n["mean"]) / np.sqrt(n["var"] + 1e-5) * n["scale"] + n["bias"]
        x = x if i in late else relu(x)
    feature = model.apply({"params": p}, images)["feature"]
    np.testing.assert_allclose(feature, x[:, :, :3, :3].mean((2, 3)), rtol=1e-4, atol=1e-5)


class Look(nn.Module):
    """A branch as cheap as can be: the mean colour."""

    @nn.compact
    def __call__(self, images, deterministic=True):
        return {"feature": norm.BatchNorm()(nn.Dense(4)(images.mean((1, 2))), deterministic)}


def _tiny(sees):
    return emotic.Emotic(Look(), Look(), emotic.Fusion(8), sees)


@pytest.mark.parametrize("sees", ["both", "context", "body"])
def test_a_branch_sees_what_its_name_says(sees):
    model = _tiny(sees)
    a, b = (jax.random.normal(jax.random.key(i), (2, 16, 16, 3)) for i in (1, 2))
    params = jax.jit(model.init)(jax.random.key(0), a, b)["params"]
    branches = {"context", "body"} if sees == "both" else {sees}
    assert set(params) == branches | {"fusion"}

    def total(scenes, people):
        return jnp.sum(model.apply({"params": params}, scenes, people)["categories"] ** 2)

    seen = [bool(g.any()) for g in jax.jit(jax.grad(total, (0, 1)))(a, b)]
    assert seen == [k in branches for k in ("context", "body")]


def test_in_training_the_norms_move_and_dropout_acts():
    model = _tiny("both")
    images = jax.random.normal(jax.random.key(1), (4, 16, 16, 3))
    params = jax.jit(model.init)(jax.random.key(0), images, images)
    run = jax.jit(
        lambda key: model.apply(
            params, images, images, False, rngs={"dropout": key}, mutable=[norm.MOVING]
        )
    )
    (one, state), (two, _) = run(jax.random.key(2)), run(jax.random.key(3))
    assert not np.allclose(one["vad"], two["vad"])
    assert {"context", "body", "fusion"} == set(state[norm.MOVING])
    with pytest.raises(ValueError, match="sees='all'"):
        _tiny("all").apply(params, images, images)
