"""EMOTIC's fusion head with its losses and evaluation, as the PyTorch port computes them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import emotic as losses
from affectjax.metrics import precision, ranking
from affectjax.models import emotic
from affectjax.weights import emotic as tables
from affectjax.weights import names
from tests.parity.reference import close, norms, split


class Case:
    def __init__(self, arrays, c):
        self.config, self.given, self.out = c, split(arrays, "in"), split(arrays, "out")
        self.norms, self.state_dict = split(arrays, "grad_norm"), split(arrays, "param")
        assert c["scale"] == losses.SCALE
        assert c["bn_eps"] == emotic.EPS
        k, d = self.given["labels_cat"].shape[1], self.given["labels_cont"].shape[1]
        self.model = emotic.Fusion(c["hidden"], k, d)
        self.features = [self.given["context_features"], self.given["body_features"]]
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), *self.features))
        self.params = names.to_params(self.state_dict, start["params"], tables.TANDON)

    def loss(self, params):
        out = self.model.apply({"params": params}, *self.features)
        k = self.given["labels_cat"].shape[1]
        weights = {
            "dynamic": losses.dynamic_weights(self.given["labels_cat"]),
            "static": losses.STATIC,
            "mean": 1 / k,
        }
        terms = {
            f"loss_discrete_{name}": losses.discrete(out["categories"], self.given["labels_cat"], w)
            for name, w in weights.items()
        }
        for name, of in (("l2", losses.margin_l2), ("sl1", losses.margin_smooth_l1)):
            for margin in (0.1, 1):
                value = of(out["vad"], self.given["labels_cont"], margin)
                terms[f"loss_continuous_{name}_margin_{margin}"] = value
        total = self.config["cat_loss_weight"] * terms["loss_discrete_dynamic"]
        total += self.config["cont_loss_weight"] * terms["loss_continuous_sl1_margin_1"]
        terms |= {"loss_total": total, "dynamic_weights": weights["dynamic"][None]}
        return total, terms | {"pred_cat": out["categories"], "pred_cont": out["vad"]}


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("emotic_tandon"))


def test_outputs_losses_and_gradients(case):
    (_, ours), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.params)
    expected = {k: v for k, v in case.out.items() if not k.startswith("eval")}
    assert set(expected) == set(ours), set(expected) ^ set(ours)
    for name, reference in expected.items():
        rtol, atol = (1e-5, 0) if name.startswith("loss") else (1e-5, 5e-6)
        close(name, ours[name], reference, rtol, atol)
    grads = names.to_state_dict(grads, tables.TANDON)
    running = {k: grads.pop(k) for k in list(grads) if "running" in k}
    assert not any(v.any() for v in running.values())
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_the_evaluation(case):
    scores, labels = case.given["eval_cat_preds"].T, case.given["eval_cat_labels"].T
    error = np.abs(case.given["eval_cont_preds"] - case.given["eval_cont_labels"])
    ours = {
        "eval_ap": ranking.per_class(ranking.average_precision, scores, labels),
        "eval_thresholds": [
            precision.break_even(s, y, exact=True) for s, y in zip(scores.T, labels.T, strict=True)
        ],
        "eval_vad_mae": error.mean(1),
    }
    assert set(ours) == {k for k in case.out if k.startswith("eval")}
    for name, value in ours.items():
        close(name, value, case.out[name], rtol=0, atol=1e-6)


def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, tables.TANDON)
    assert set(back) == set(case.state_dict)
    for name, given in case.state_dict.items():
        np.testing.assert_array_equal(back[name], given)


def test_the_worked_examples_of_the_port():
    """The figures that the port's `loss.py` prints for these inputs."""
    target = np.zeros((2, 26), np.float32)
    target[0, :13], target[1, 13:], target[:, 13] = 1, 2, 0
    weights = losses.dynamic_weights(target)
    assert losses.discrete(jnp.ones((2, 26)), target, weights) == pytest.approx(37.1217, abs=1e-4)
    guess = jnp.array([[0.7] * 3, [0.25] * 3])
    truth = np.array([[0.9] * 3, [0.2] * 3], np.float32)
    assert losses.margin_smooth_l1(guess, truth) == pytest.approx(4.875, abs=1e-4)
    assert losses.margin_l2(guess, truth) == pytest.approx(12, abs=1e-4)
