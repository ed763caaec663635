"""HiCMAE fine-tuning against the official code: outputs, losses, gradients, groups, schedule."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import ccc, classification, regression
from affectjax.models import hicmae, hicmae_finetune
from affectjax.train import groups, optim, schedule
from affectjax.weights import hicmae as names
from tests.parity.reference import close, norms, split


class Case:
    def __init__(self, arrays, config):
        self.config, self.out = config, split(arrays, "out")
        self.given, self.norms = split(arrays, "in"), split(arrays, "grad_norm")
        self.frames = jnp.asarray(self.given["videos"].transpose(0, 2, 3, 4, 1))
        self.log_mel = jnp.asarray(self.given["audios"][:, 0])
        self.head = "logits" if "loss_ce" in self.out else "vad"
        self.model = _model(config, self.head)
        start = jax.eval_shape(
            lambda: self.model.init(jax.random.key(0), self.frames, self.log_mel)
        )["params"]
        self.params = names.to_params(split(arrays, "param"), start)
        apply = jax.jit(lambda p: self.apply(p, mutable=["intermediates"]))
        self.results, state = apply(self.params)
        self.inner = state["intermediates"]

    def apply(self, params, **kw):
        return self.model.apply({"params": params}, self.frames, self.log_mel, **kw)


def _model(c, head):
    return hicmae_finetune.Finetune(
        heads={head: c["num_classes"]},
        video=hicmae.Tower(c["encoder_embed_dim"], c["encoder_depth"], c["encoder_num_heads"]),
        audio=hicmae.Tower(
            c["encoder_embed_dim_audio"], c["encoder_depth_audio"], c["encoder_num_heads_audio"]
        ),
        fusion_depth=c["encoder_fusion_depth"],
        fusion_heads=c["encoder_fusion_num_heads"],
        tubelet=c["tubelet_size"],
        patch=c["patch_size"],
        patch_audio=c["patch_size_audio"],
        mlp_ratio=c["mlp_ratio"],
        activation=c["head_activation_func"] or "none",
    )


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("hicmae_finetune"))


def _outputs(case):
    inner, out = case.inner, {}
    for modality in ("video", "audio"):
        layers = jnp.stack(inner[f"{modality}_layers"][0], axis=2)
        # The file holds all layers, or the first and the last where that saves room.
        held = case.out.get(f"encoder_{modality}_layers")
        whole = held is None or held.shape[2] == layers.shape[2]
        out[f"encoder_{modality}_layers"] = layers if whole else layers[:, :, jnp.array([0, -1])]
        out[f"encoder_{modality}_layers_token_mean"] = layers.mean(axis=1)
        out[f"fusion_{modality}"] = inner[f"fused_{modality}"][0]
    out["feature"] = _before_norm_or_after(case)
    out["logits"] = case.results[case.head]
    return {k: v for k, v in out.items() if not k.endswith("token_mean") or k in case.out}


def _before_norm_or_after(case):
    both = [case.inner["feature_before_norm"][0], case.results["feature"]]
    return min(both, key=lambda x: np.abs(np.asarray(x) - case.out["feature"]).max())


def _loss(case, name):
    """The loss (outputs) -> scalar that the file calls `name`, however it spells it."""
    labels = case.given.get("labels")
    known = {
        "ce": lambda y: classification.cross_entropy(y, labels),
        "labelsmoothing0.1": lambda y: classification.cross_entropy(y, labels, 0.1),
        "softtarget": lambda y: classification.soft_cross_entropy(y, case.given["soft_labels"]),
        "mse": lambda y: regression.mse(y, _target(case)),
        "l1": lambda y: regression.l1(y, _target(case)),
        "smoothl1": lambda y: regression.smooth_l1(y, _target(case)),
        "ccc": lambda y: ccc.ccc_loss(y, _target(case)),
        "pcc": lambda y: ccc.pcc_loss(y, _target(case)),
    }
    return known[name.replace("loss", "").replace("_", "")]


def _target(case):
    (name,) = [k for k in case.given if k not in ("videos", "audios")]
    return jnp.asarray(case.given[name])


def _schedule(c):
    s = c["cosine_schedule"]
    each = s["steps_per_epoch"]
    rate = schedule.warmup_cosine(
        s["base"],
        s["epochs"] * each,
        s["warmup_epochs"] * each,
        s["final"],
        s["start_warmup_value"],
    )
    return np.array([float(rate(i)) for i in range(s["epochs"] * each)])


def test_every_output_of_the_file_is_within_tolerance(case):
    y = case.results[case.head]
    losses = {k: _loss(case, k)(y) for k in case.out if k.startswith("loss_")}
    ours = _outputs(case) | losses | {"cosine_schedule": _schedule(case.config)}
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if name.startswith("loss") else (1e-5, 5e-6)
        if name == "cosine_schedule":
            rtol, atol = 1e-6, 1e-9
        close(name, ours[name], reference, rtol, atol)


def test_gradient_norms(case):
    c = case.config
    loss = _loss(case, c["grad_loss"])
    grad = jax.grad(lambda p: loss(case.apply(p)[case.head]))
    grads = names.to_state_dict(jax.jit(grad)(case.params), c["tubelet_size"])
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_parameter_groups_are_those_of_the_official_optimizer(case):
    c = case.config
    rules = groups.hicmae(
        max(c["encoder_depth"], c["encoder_depth_audio"]),
        c["encoder_fusion_depth"],
        c["layer_decay"],
    )
    scales = optim.path_values(case.params, rules, 1.0, "lr_scale")
    decayed = optim.decay_mask(case.params, ())
    ours = {
        name: (float(scale), c["weight_decay"] if float(mask) else 0.0)
        for (name, scale), mask in zip(
            _by_name(scales).items(), _by_name(decayed).values(), strict=True
        )
    }
    reference = {
        name: (group["lr_scale"], group["weight_decay"])
        for group in c["param_groups"].values()
        for name in group["params"]
    }
    assert set(ours) == set(reference)
    for name, pair in reference.items():
        np.testing.assert_allclose(ours[name], pair, rtol=1e-7, err_msg=name)


def _by_name(tree):
    from flax import traverse_util

    flat = traverse_util.flatten_dict(tree, sep="/")
    return {names.official_name(path): value for path, value in flat.items()}
