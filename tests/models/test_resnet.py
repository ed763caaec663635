"""ResNet: torchvision's counts, and its forward pass written out in NumPy from a state dict."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from affectjax.models import norm, resnet
from affectjax.weights import names
from affectjax.weights import resnet as tables
from tests.models.test_backbones import count


@pytest.mark.parametrize(
    ("name", "published"),
    [("18", 11689512), ("34", 21797672), ("50", 25557032), ("152", 60192808)],
)
def test_counts_of_torchvision(name, published):
    model = resnet.ResNet(resnet.size(name), classes=1000)
    assert count(model, jnp.zeros((1, 64, 64, 3))) == published


def convolve(x, w, strides, pads):
    """A convolution by its definition: x (b, c, h, w), w (o, c, i, j)."""
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in pads)))
    windows = sliding_window_view(x, w.shape[2:], (2, 3))[:, :, :: strides[0], :: strides[1]]
    return np.einsum("bchwij,ocij->bohw", windows, w)


class Reference:
    """torchvision's ResNet on (b, c, h, w) by the names of its state dict, in float64."""

    def __init__(self, state_dict, train):
        self.p = {k: v.astype(np.float64) for k, v in state_dict.items()}
        self.train, self.moved = train, {}

    def conv(self, x, name, stride, pad):
        return convolve(x, self.p[f"{name}.weight"], (stride, stride), (pad, pad))

    def bn(self, x, name):
        axis = (0, 2, 3)
        mean, var = self.p[f"{name}.running_mean"], self.p[f"{name}.running_var"]
        if self.train:
            self.moved[f"{name}.running_mean"] = 0.9 * mean + 0.1 * x.mean(axis)
            self.moved[f"{name}.running_var"] = 0.9 * var + 0.1 * x.var(axis, ddof=1)
            mean, var = x.mean(axis), x.var(axis)
        mean, var, w, b = (
            v[:, None, None] for v in (mean, var, self.p[f"{name}.weight"], self.p[f"{name}.bias"])
        )
        return (x - mean) / np.sqrt(var + 1e-5) * w + b

    def block(self, x, name, stride):
        deep = f"{name}.conv3.weight" in self.p
        strides = (1, stride, 1) if deep else (stride, 1)
        y = x
        for i, s in enumerate(strides, 1):
            side = self.p[f"{name}.conv{i}.weight"].shape[2]
            y = self.bn(self.conv(y, f"{name}.conv{i}", s, side // 2), f"{name}.bn{i}")
            y = np.maximum(y, 0) if i < len(strides) else y
        if f"{name}.downsample.0.weight" in self.p:
            x = self.bn(self.conv(x, f"{name}.downsample.0", stride, 0), f"{name}.downsample.1")
        return np.maximum(x + y, 0)

    def __call__(self, x, depths):
        x = np.maximum(self.bn(self.conv(x, "conv1", 2, 3), "bn1"), 0)
        x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        x = sliding_window_view(x, (3, 3), (2, 3))[:, :, ::2, ::2].max((4, 5))
        for i, depth in enumerate(depths):
            for j in range(depth):
                x = self.block(x, f"layer{i + 1}.{j}", 2 if i and not j else 1)
        return x.mean((2, 3)) @ self.p["fc.weight"].T + self.p["fc.bias"]


@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
@pytest.mark.parametrize("train", [False, True], ids=["running", "batch"])
def test_logits_and_statistics_are_those_of_torchvision(bottleneck, train):
    g = np.random.default_rng(0)
    size = resnet.Size((1, 2), bottleneck, width=4)
    model = resnet.ResNet(size, classes=3)
    images = g.normal(size=(2, 20, 20, 3)).astype(np.float32)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]
    params = jax.tree.map(lambda s: g.uniform(0.2, 0.6, s.shape).astype(np.float32), shapes)
    given = names.to_state_dict(params, tables.TORCHVISION)
    reference = Reference(given, train)
    expected = reference(images.transpose(0, 3, 1, 2), size.depths)
    with jax.default_matmul_precision("highest"):
        out, state = model.apply(
            {"params": params}, images, deterministic=not train, mutable=[norm.MOVING]
        )
    np.testing.assert_allclose(out["logits"], expected, rtol=2e-5, atol=1e-4)
    assert out["feature"].shape == (2, size.feature)
    if train:
        moved = names.to_state_dict(state[norm.MOVING], tables.TORCHVISION)
        assert set(moved) == set(reference.moved)
        for name, value in reference.moved.items():
            np.testing.assert_allclose(moved[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    counters = {"bn1.num_batches_tracked": np.array(7)}
    back = names.to_params(given | counters, params, tables.TORCHVISION)
    jax.tree.map(np.testing.assert_array_equal, back, params)


def test_an_unknown_size_says_which_there_are():
    with pytest.raises(ValueError, match="no size '20' of ResNet; there are 18"):
        resnet.size("20")
