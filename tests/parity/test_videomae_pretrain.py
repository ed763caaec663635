"""VideoMAE's pre-training model under Hugging Face's names: predictions, loss, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import masked
from affectjax.models import attention, hicmae, transformer, videomae
from affectjax.tasks.inputs import denormalise
from affectjax.weights import names
from affectjax.weights import vit as tables
from tests.parity.reference import close, norms, split


class Case:
    def __init__(self, arrays, c):
        self.config, self.out, self.norms = c, split(arrays, "out"), split(arrays, "grad_norm")
        self.state_dict = split(arrays, "param")
        self.frames = jnp.asarray(arrays["in/pixel_values"].transpose(0, 1, 3, 4, 2))
        self.mask = jnp.asarray(arrays["in/bool_masked_pos"])
        self.masked = int(self.mask[0].sum())
        self.model = videomae.Pretrain(
            _tower(c, ""),
            _tower(c, "decoder_"),
            patch=c["patch_size"],
            tubelet=c["tubelet_size"],
            norm="videomae.layernorm.weight" in self.state_dict,
        )
        inputs = (self.frames, self.mask, self.masked)
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), *inputs))["params"]
        self.params = names.to_params(self.state_dict, start, tables.HUGGING_FACE_VIDEOMAE)

    def target(self):
        c = self.config
        patches = transformer.cut(denormalise(self.frames), c["patch_size"], c["tubelet_size"])
        kind = "plain" if c["norm_pix_loss"] else "unnormalised"
        frames, tubelet = self.frames.shape[1], c["tubelet_size"]
        target = masked.video_target(patches, frames=frames, tubelet=tubelet, kind=kind)
        return hicmae.gather(target, hicmae.split_mask(self.mask, self.masked)[1])

    def loss(self, params):
        out = self.model.apply({"params": params}, self.frames, self.mask, self.masked)
        return masked.squared_error(out["prediction"], self.target()).mean(), out


def _tower(c, part):
    return transformer.Tower(
        c[f"{part}hidden_size"],
        c[f"{part}num_hidden_layers"],
        c[f"{part}num_attention_heads"],
        c[f"{part}intermediate_size"],
    )


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("videomae_pretrain"))


def test_outputs_loss_and_gradients(case):
    (value, out), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.params)
    positions = attention.sincos(case.mask.shape[1], case.config["hidden_size"])
    ours = {
        "encoder_last_hidden": out["tokens"],
        "encoder_position_embeddings": positions[None],
        "logits": out["prediction"],
        "loss": value,
    }
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name == "loss" else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    grads = names.to_state_dict(grads, tables.HUGGING_FACE_VIDEOMAE)
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, tables.HUGGING_FACE_VIDEOMAE)
    assert set(back) == set(case.state_dict)
    for name, given in case.state_dict.items():
        np.testing.assert_array_equal(back[name], given)
