"""MaxViT of torchvision with CAGE's head and losses, and of timm: outputs, losses, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import regression
from affectjax.models import maxvit
from affectjax.weights import maxvit as tables
from affectjax.weights import names
from tests.parity.reference import close, norms, split


class Case:
    def __init__(self, arrays, c, model, table):
        self.config, self.given, self.table = c, split(arrays, "in"), table
        self.out, self.norms = split(arrays, "out"), split(arrays, "grad_norm")
        self.state_dict, self.model = split(arrays, "param"), model
        self.images = jnp.asarray(self.given["images"].transpose(0, 2, 3, 1))
        start = jax.eval_shape(lambda: model.init(jax.random.key(0), self.images))["params"]
        self.params = names.to_params(self.state_dict, start, table)

    def run(self, loss):
        """Losses, intermediates and outputs, and gradients of loss(outputs) -> (scalar, dict)."""

        def both(params):
            out, state = self.model.apply(
                {"params": params}, self.images, mutable=["intermediates"]
            )
            value, terms = loss(out["outputs"])
            return value, (terms, out, state["intermediates"])

        (_, found), grads = jax.jit(jax.value_and_grad(both, has_aux=True))(self.params)
        grads = names.to_state_dict(grads, self.table)
        assert not any(v.any() for k, v in grads.items() if "running" in k)
        return found, {k: v for k, v in grads.items() if "running" not in k}


def _torchvision(c):
    size = maxvit.Size(
        c["stem_channels"],
        tuple(c["block_channels"]),
        tuple(c["block_layers"]),
        c["head_dim"],
        c["partition_size"],
    )
    return maxvit.MaxViT(size, maxvit.TORCHVISION, outputs=c["num_outputs"])


def _timm(c):
    sizes = (c["stem_width"], tuple(c["embed_dim"]), tuple(c["depths"]), c["dim_head"], c["window"])
    more = {"outputs": c["num_classes"], "output_bias": True, "squeeze": c["se"]}
    return maxvit.MaxViT(maxvit.Size(*sizes), maxvit.TF, **more)


FILES = {
    "maxvit_torchvision_cage": (_torchvision, tables.TORCHVISION),
    "maxvit_timm": (_timm, tables.TIMM),
}


@pytest.fixture(scope="module")
def case(request, parity):
    model, table = FILES[request.param]
    arrays, config = parity(request.param)
    with jax.default_matmul_precision("highest"):
        yield Case(arrays, config, model(config), table)


def _maps(inner, layers):
    return {k: jnp.moveaxis(inner[v][0], -1, 1) for k, v in layers.items()}


def _compare(case, ours, grads):
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name.startswith("loss") else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", ["maxvit_torchvision_cage"], indirect=True)
def test_torchvision_with_the_head_and_losses_of_cage(case):
    classes, vad = (jnp.asarray(case.given[k]) for k in ("classes", "valence_arousal"))
    weights = jnp.asarray(case.config["class_weights"])

    def loss(outputs):
        each = -jnp.take_along_axis(jax.nn.log_softmax(outputs[:, :8]), classes[:, None], 1)[:, 0]
        w = weights[classes]
        terms = {
            "loss_ce_unweighted": each.mean(),
            "loss_weighted_ce": (w * each).sum() / w.sum(),
            "loss_mse": regression.mse(outputs[:, 8:], vad),
        }
        terms["loss_total"] = terms["loss_weighted_ce"] + 5 * terms["loss_mse"]
        return terms["loss_total"], terms

    (terms, out, inner), grads = case.run(loss)
    layers = {
        "stem": "stem",
        "mbconv": "stage_0_blocks_0_conv_out",
        "window_attention": "stage_0_blocks_0_window_out",
        "grid_attention": "stage_0_blocks_0_grid_out",
    }
    layers |= {
        f"block{i}": f"stage_{i}_blocks_{n - 1}_grid_out"
        for i, n in enumerate(case.config["block_layers"])
    }
    _compare(case, _maps(inner, layers) | terms | {"outputs": out["outputs"]}, grads)


@pytest.mark.parametrize("case", ["maxvit_timm"], indirect=True)
def test_timm(case):
    (terms, out, inner), grads = case.run(
        lambda y: ((y**2).mean(), {"loss_mean_square": (y**2).mean()})
    )
    layers = {"stem": "stem", "stage0_conv": "stage_0_blocks_0_conv_out"}
    layers |= {
        f"stage{i}": f"stage_{i}_blocks_{n - 1}_grid_out"
        for i, n in enumerate(case.config["depths"])
    }
    ours = _maps(inner, layers) | terms | {"logits": out["outputs"]}
    ours["stage0_block_attn"] = inner["stage_0_blocks_0_window_out"][0]  # timm's are channel-last
    ours["stage0_grid_attn"] = inner["stage_0_blocks_0_grid_out"][0]
    _compare(case, ours, grads)


@pytest.mark.parametrize("case", list(FILES), indirect=True)
def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, case.table)
    assert set(back) == set(case.state_dict)
    for name, given in case.state_dict.items():
        np.testing.assert_array_equal(back[name], given)


def test_cage_names_its_last_layer_behind_a_dropout_of_the_second_stage():
    assert tables.CAGE.name("maxvit/stem_conv1/kernel") == "stem.0.0.weight"
    assert tables.CAGE.name("maxvit/head/kernel") == "classifier.5.weight"
    assert tables.CAGE_VA.name("maxvit/head/kernel") == "classifier.6.weight"
