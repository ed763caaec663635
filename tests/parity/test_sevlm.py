"""SEVLM's decoder: logits, means, the three losses, gradients, round trip of the state dict."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import sevlm as losses
from affectjax.models import sevlm, transformer
from affectjax.weights import names
from affectjax.weights import sevlm as tables
from tests.parity.reference import close, norms, split

ACTS = {"gelu_new": "gelu_tanh", "gelu": "gelu", "relu": "relu", "silu": "silu"}


class Case:
    def __init__(self, arrays, c):
        self.config, self.given, self.out = c, split(arrays, "in"), split(arrays, "out")
        self.norms, self.state_dict = split(arrays, "grad_norm"), split(arrays, "param")
        sizes = (c["n_embd"], c["n_layer"], c["num_attention_heads"], c["n_inner"] or 0)
        tower = transformer.Tower(*sizes)
        size = sevlm.Size(c["vocab_size"], c["max_position_embeddings"], tower, c["len_prefix"])
        self.model = sevlm.SEVLM(
            size,
            vad=bool(c["use_VAD_loss"]),
            contrast=bool(c["use_cl_loss"]),
            tied="lm_head.weight" not in self.state_dict,
            act=ACTS[c["activation_function"]],
            eps=c["layer_norm_epsilon"],
        )
        g = self.given
        rows = [g[k] for k in ("negative_index_emotion", "negative_index_visual") if k in g]
        self.inputs = (
            jnp.asarray(g["input_ids"]),
            jnp.asarray(g["token_type_ids"]),
            g["image_hidden"],
            g.get("prefix_hidden"),
            g["emo_features"],
            jnp.asarray(np.stack(rows)),
        )
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), *self.inputs))
        self.params = names.to_params(self.state_dict, start["params"], tables.DECODER)

    def loss(self, params):
        c, g, weights = self.config, self.given, self.config["loss_weights"]
        out = self.model.apply({"params": params}, *self.inputs)
        text = g["labels"][:, c["len_prefix"] :]
        terms = {"loss_xe": weights["alpha"] * losses.next_token(out["logits"], text)}
        if c["use_cl_loss"]:
            terms["loss_contrastive"] = weights["cl"] * losses.belong(out["scores"])
        if c["use_VAD_loss"]:
            vad = g["vad_labels"][:, c["len_prefix"] + sevlm.SPOKEN - 1 :]
            terms["loss_vad"] = weights["vad"] * losses.next_vad(out["vad"], vad)
        total = sum(terms.values())
        kept = ("logits", "image_mean", "explanation_mean")
        return total, terms | {"loss_total": total} | {k: out[k] for k in kept}


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("sevlm"))


def test_outputs_losses_and_gradients(case):
    (_, ours), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.params)
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name.startswith("loss") else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    grads = names.to_state_dict(grads, tables.DECODER)
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, tables.DECODER)
    assert set(back) == set(case.state_dict)
    for name, given in case.state_dict.items():
        np.testing.assert_array_equal(back[name], given)
