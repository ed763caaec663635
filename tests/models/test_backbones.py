"""Counts of parameters of published image and video models, as timm and transformers build them.

Counted by numel over the parameters of timm 1.0.31 and transformers 5.23, with heads of 1000
classes; MaxViT of torchvision as its documentation states.
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from affectjax.models import maxvit, norm, swin, videomae, vit, windows


def count(model, *inputs):
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), *inputs))["params"]
    flat = traverse_util.flatten_dict(shapes, sep="/")
    statistics = ("mean", "var")  # of batch normalisation: buffers elsewhere
    return sum(math.prod(x.shape) for k, x in flat.items() if not k.endswith(statistics))


def _with_depth(tower, depth, count):
    """The count at a depth from those at one and two blocks: blocks are alike."""
    one, two = (count(dataclasses.replace(tower, depth=d)) for d in (1, 2))
    return one + (depth - 1) * (two - one)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("Ti/16", 5717416),
        ("S/32", 22878952),
        ("S/16", 22050664),
        ("B/32", 88224232),
        ("B/16", 86567656),
        ("B/16@384", 86859496),
        ("B/8", 86576872),
        ("L/16", 304326632),
        ("L/32@384", 306632680),
        ("H/14", 632045800),
        ("g/14", 1012611432),
        ("G/14", 1844440680),
    ],
)
def test_vit(name, published):
    s = vit.size(name)
    images = jnp.zeros((1, s.image, s.image, 3))
    model = lambda tower: vit.ViT(tower, s.image, s.patch, classes=1000)  # noqa: E731
    assert _with_depth(s.tower, s.tower.depth, lambda t: count(model(t), images)) == published


@pytest.mark.parametrize(
    ("name", "published"),
    [("S", 24028608), ("B", 94209408), ("L", 317779968), ("H", 653101696)],
)
def test_videomae_for_pre_training(name, published):
    encoder, decoder = videomae.size(name)
    inputs = (jnp.zeros((1, 16, 224, 224, 3)), jnp.zeros((1, 1568), bool), 1408)
    model = lambda tower: videomae.Pretrain(tower, decoder)  # noqa: E731
    assert _with_depth(encoder, encoder.depth, lambda t: count(model(t), *inputs)) == published


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("T", 28288354),
        ("B@384", 87903584),
        ("L", 196532476),
    ],
)
def test_swin(name, published):
    side = 384 if "@" in name else 224
    model = swin.Swin(swin.size(name), classes=1000)
    assert count(model, jnp.zeros((1, side, side, 3))) == published


@pytest.mark.parametrize(
    ("name", "flavour", "published"),
    [("T", maxvit.TORCHVISION, 30919624), ("T", maxvit.TF, 30916528)],
)
def test_maxvit(name, flavour, published):
    bias = flavour is maxvit.TF
    model = maxvit.MaxViT(maxvit.size(name), flavour, outputs=1000, output_bias=bias)
    assert count(model, jnp.zeros((1, 224, 224, 3))) == published


def test_unknown_names_say_which_there_are():
    for of, word in ((vit, "Ti/16"), (swin, "B@384"), (maxvit, "XL"), (videomae, "H")):
        with pytest.raises(ValueError, match=f"no size 'Q' of .*{word}"):
            of.size("Q")


def test_windows_and_grids_come_back_as_they_went():
    x = jnp.arange(2 * 4 * 6 * 3.0).reshape(2, 4, 6, 3)
    for cut, join in (
        (windows.partition, windows.unpartition),
        (windows.grid_partition, windows.grid_unpartition),
    ):
        np.testing.assert_array_equal(join(cut(x, 2), 2, (4, 6)), x)
        with pytest.raises(ValueError, match="a map of 4x6 does not divide"):
            cut(x, 4)
    np.testing.assert_array_equal(windows.partition(x, 2)[0], x[0, :2, :2].reshape(4, 3))
    np.testing.assert_array_equal(windows.grid_partition(x, 2)[0], x[0, ::2, ::3].reshape(4, 3))


def test_batch_norm_by_the_batch_and_by_running_statistics():
    """Closed forms: momentum 0.9 on zeros and ones, unbiased variance."""
    model = norm.BatchNorm()
    x = jnp.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
    variables = model.init(jax.random.key(0), x)
    same = model.apply(variables, x)
    np.testing.assert_allclose(same, x / np.sqrt(1 + 1e-5), rtol=1e-6)
    y, state = model.apply(variables, x, deterministic=False, mutable=[norm.MOVING])
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(y.var(0), 1, rtol=1e-4)
    np.testing.assert_allclose(state[norm.MOVING]["mean"], [0.3, 0.4], rtol=1e-6)
    np.testing.assert_allclose(state[norm.MOVING]["var"], [0.9 + 0.4, 0.9 + 1.2], rtol=1e-6)
    grads = jax.grad(lambda v: (model.apply(v, x) ** 2).sum())(variables)["params"]
    assert not grads["mean"].any()
    assert not grads["var"].any()
    assert grads["scale"].all()
