"""LoRA against peft on a small language model: branches, off, merged, loss, gradients, names."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.core import FrozenDict

from affectjax.models import lora
from affectjax.weights import lora as peft
from affectjax.weights import names
from tests.parity.llama import NAMES, Llama
from tests.parity.reference import close, norms, split

OURS = {f"{n}_proj": f"attn/{n}$" for n in "qkvo"} | {
    f"{n}_proj": f"mlp/{n}$" for n in ("gate", "up", "down")
}


class Case:
    def __init__(self, arrays, c):
        self.out, self.norms = split(arrays, "out"), split(arrays, "grad_norm/adapter")
        self.adapter_dict = split(arrays, "param/adapter")
        self.tokens = jnp.asarray(arrays["in/input_ids"])
        given = c["lora"]
        targets = [OURS[name] for name in given["target_modules"]]
        self.lora = lora.Lora(targets, given["r"], given["lora_alpha"], given["use_rslora"])
        self.model = Llama(FrozenDict(c))
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), self.tokens))["params"]
        self.params = names.to_params(split(arrays, "param/base"), start, NAMES)
        like = jax.eval_shape(lambda: lora.init(jax.random.key(0), start, self.lora))
        self.adapters = peft.to_adapters(self.adapter_dict, like, NAMES)
        # peft merges in place, and the file's base was stored after that: take the branches out.
        query = np.asarray(self.params["layers_0"]["attn"]["q"]["kernel"]).T
        if np.array_equal(query, self.out["merged_q_proj_layer0"]):
            self.params = lora.unmerge(self.params, self.adapters, self.lora)

    def loss(self, adapters):
        logits = lora.apply(self.model, self.params, adapters, self.lora, self.tokens)
        each = optax.softmax_cross_entropy_with_integer_labels(logits[:, :-1], self.tokens[:, 1:])
        return each.mean(), logits


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("lora"))


def test_outputs_loss_and_gradients(case):
    (loss, logits), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.adapters)
    merged = lora.merge(case.params, case.adapters, case.lora)
    run = jax.jit(lambda p: case.model.apply({"params": p}, case.tokens))
    ours = {
        "logits": logits,
        "loss": loss,
        "logits_adapter_off": run(case.params),
        "logits_merged": run(merged),
        "merged_q_proj_layer0": merged["layers_0"]["attn"]["q"]["kernel"].T,
    }
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name == "loss" else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    grads = peft.to_state_dict(grads, NAMES)
    reference = {k.replace(".default.weight", ".weight"): v for k, v in case.norms.items()}
    for name, norm in norms(grads, reference).items():
        close(name, norm, reference[name], rtol=1e-4, atol=1e-5)


def test_unmerging_takes_the_branches_out_again(case):
    merged = lora.merge(case.params, case.adapters, case.lora)
    back = lora.unmerge(merged, case.adapters, case.lora)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), back, case.params)


def test_the_adapters_go_round_bit_for_bit(case):
    back = peft.to_state_dict(case.adapters, NAMES)
    assert set(back) == set(case.adapter_dict)
    for name, given in case.adapter_dict.items():
        np.testing.assert_array_equal(back[name], given)
