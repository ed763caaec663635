"""Swin under Hugging Face's names: every stage, loss, gradients, round trip."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import swin
from affectjax.weights import names
from affectjax.weights import swin as tables
from tests.parity.reference import close, norms, split


class Case:
    def __init__(self, arrays, c):
        self.out, self.norms = split(arrays, "out"), split(arrays, "grad_norm")
        self.state_dict = split(arrays, "param")
        self.images = jnp.asarray(arrays["in/pixel_values"].transpose(0, 2, 3, 1))
        size = swin.Size(
            c["embed_dim"], tuple(c["depths"]), tuple(c["num_heads"]), c["window_size"]
        )
        self.model = swin.Swin(
            size, patch=c["patch_size"], mlp_ratio=c["mlp_ratio"], eps=c["layer_norm_eps"]
        )
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), self.images))["params"]
        self.params = names.to_params(self.state_dict, start, tables.HUGGING_FACE)

    def loss(self, params):
        out, state = self.model.apply({"params": params}, self.images, mutable=["intermediates"])
        return (out["feature"] ** 2).mean(), (out, state["intermediates"])


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("swin"))


def test_outputs_loss_and_gradients(case):
    (value, (out, inner)), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.params)
    flat = {k: v[0] for k, v in inner.items() if k.startswith(("hidden", "stage"))}
    ours = {k: v.reshape(len(v), -1, v.shape[-1]) for k, v in flat.items()}
    ours |= {"last_hidden_state": out["tokens"], "pooler_output": out["feature"]}
    ours["loss_mean_square_pooler"] = value
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name.startswith("loss") else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    grads = names.to_state_dict(grads, tables.HUGGING_FACE)
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("table", [tables.HUGGING_FACE, tables.OFFICIAL])
def test_the_state_dict_goes_round_bit_for_bit(case, table):
    given = names.to_state_dict(case.params, table)
    if table is tables.HUGGING_FACE:
        assert set(given) == set(case.state_dict)
    back = names.to_params(given, case.params, table)
    again = names.to_state_dict(back, tables.HUGGING_FACE)
    for name, array in case.state_dict.items():
        np.testing.assert_array_equal(again[name], array)
