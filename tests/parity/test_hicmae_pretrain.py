"""HiCMAE pre-training against the official code: every output, loss and gradient in the file."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import contrastive, masked
from affectjax.losses import hicmae as hicmae_loss
from affectjax.models import attention, hicmae
from affectjax.tasks.inputs import denormalise
from affectjax.weights import hicmae as names
from tests.parity.reference import close, norms, split

PRED = 2e-5  # predictions: the index asks for 2e-5 absolute
VARIANTS = {
    "framediff": ("framediff", None),
    "plain": ("plain", None),
    "unnormalised": ("unnormalised", None),
    "framediff_group4": ("framediff", 4),
}


class Case:
    """The model and batch of a file, and everything computed from them."""

    def __init__(self, arrays, config):
        self.config, self.out = config, split(arrays, "out")
        self.norms = split(arrays, "grad_norm")
        given = split(arrays, "in")
        self.frames = jnp.asarray(given["videos"].transpose(0, 2, 3, 4, 1))
        self.log_mel = jnp.asarray(given["audios"][:, 0])
        self.masks = (jnp.asarray(given["mask_video"]), jnp.asarray(given["mask_audio"]))
        self.masked = tuple(int(m[0].sum()) for m in self.masks)
        self.model = _model(config)
        start = jax.eval_shape(
            lambda: self.model.init(
                jax.random.key(0), self.frames, self.log_mel, *self.masks, self.masked
            )
        )["params"]
        self.params = names.to_params(split(arrays, "param"), start)
        self.index = [
            hicmae.split_mask(m, n)[1] for m, n in zip(self.masks, self.masked, strict=True)
        ]
        apply = jax.jit(lambda params: self.apply(params, mutable=["intermediates"]))
        self.results, state = apply(self.params)
        self.inner = state["intermediates"]
        self.gradients = _gradients(self)

    def apply(self, params, **kw):
        return self.model.apply(
            {"params": params}, self.frames, self.log_mel, *self.masks, self.masked, **kw
        )

    def targets(self, variant):
        kind, group = VARIANTS[variant]
        c = self.config
        video = masked.video_target(
            hicmae.video_patches(denormalise(self.frames), c["tubelet_size"], c["patch_size"]),
            frames=c["num_frames"],
            tubelet=c["tubelet_size"],
            kind=kind,
            group=group,
        )
        audio = masked.audio_target(
            hicmae.audio_patches(self.log_mel, c["patch_size_audio"]),
            "unnormalised" if kind == "unnormalised" else "plain",
        )
        return video, audio

    def terms(self, outputs, variant):
        parts = hicmae_loss.terms(
            outputs,
            *self.targets(variant),
            *self.index,
            temperature=self.config["inter_contrastive_temperature"],
        )
        return {k: v.mean() for k, v in parts.items()}


def _model(c):
    return hicmae.Pretrain(
        video=hicmae.Tower(c["encoder_embed_dim"], c["encoder_depth"], c["encoder_num_heads"]),
        audio=hicmae.Tower(
            c["encoder_embed_dim_audio"], c["encoder_depth_audio"], c["encoder_num_heads_audio"]
        ),
        decoder_video=hicmae.Tower(
            c["decoder_embed_dim"], c["decoder_depth"], c["decoder_num_heads"]
        ),
        decoder_audio=hicmae.Tower(
            c["decoder_embed_dim_audio"], c["decoder_depth_audio"], c["decoder_num_heads_audio"]
        ),
        fusion_depth=c["encoder_fusion_depth"],
        fusion_heads=c["encoder_fusion_num_heads"],
        layers=tuple(c["return_intermediate_features"]),
        tubelet=c["tubelet_size"],
        patch=c["patch_size"],
        patch_audio=c["patch_size_audio"],
        mlp_ratio=c["mlp_ratio"],
    )


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("hicmae_pretrain"))


def test_every_output_of_the_file_is_compared(case):
    ours = {**_features(case), **_targets(case), **_losses(case), **case.gradients[1]}
    assert set(ours) == set(case.out), set(ours) ^ set(case.out)


def test_features_and_predictions(case):
    for name, value in _features(case).items():
        rtol, atol = (0, PRED) if name.startswith("pred_") else (1e-5, 5e-6)
        close(name, value, case.out[name], rtol, atol)


def test_targets(case):
    for name, value in _targets(case).items():
        close(name, value, case.out[name])


def test_losses(case):
    for name, value in _losses(case).items():
        close(name, value, case.out[name], rtol=1e-5, atol=0)
    for variant, value in case.config["losses"].items():
        close(variant, _losses(case)[f"loss_{variant}_total"], value, rtol=1e-5, atol=0)


def test_gradients(case):
    grads, chosen = case.gradients
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)
    for name, value in chosen.items():
        close(name, value, case.out[name], rtol=1e-4, atol=1e-6)


def test_the_state_dict_goes_round_bit_for_bit(case, parity):
    given = split(parity("hicmae_pretrain")[0], "param")
    back = names.to_state_dict(case.params, case.config["tubelet_size"])
    assert set(back) == set(given)
    for name in given:
        np.testing.assert_array_equal(back[name], given[name])


def _features(case):
    c, r, inner = case.config, case.results, case.inner
    out = {k: r[k] for k in r if not k.startswith("taps")}
    for i, layer in enumerate(c["return_intermediate_features"]):
        v, a = r["taps_video"][i], r["taps_audio"][i]
        out[f"encoder_video_inter_{layer}"], out[f"encoder_audio_inter_{layer}"] = v, a
        out[f"logits_per_video_{layer}"] = contrastive.similarity(
            v, a, c["inter_contrastive_temperature"]
        )
    for name, block in inner["encoder_fusion"].items():
        out[f"fusion_{name}"] = block[0]
    for suffix, modality in (("", "video"), ("_audio", "audio")):
        for name, block in inner[f"decoder{suffix}"].items():
            out[f"dec_{name}_{modality}"] = block[0]
    # The file holds some of the inner blocks; what it does not hold cannot be compared.
    return {
        k: v for k, v in (out | _embeddings(case)).items() if k in case.out or "_block" not in k
    }


def _embeddings(case):
    c, p = case.config, case.params
    patches = {
        "video": hicmae.video_patches(case.frames, c["tubelet_size"], c["patch_size"]),
        "audio": hicmae.audio_patches(case.log_mel, c["patch_size_audio"]),
    }
    out = {}
    for modality, suffix in (("video", ""), ("audio", "_audio")):
        embed = hicmae.PatchEmbed(c[f"encoder_embed_dim{suffix}"])
        weights = {"params": p[f"encoder{suffix}"]["patch_embed"]}
        out[f"patch_embed_{modality}"] = embed.apply(weights, patches[modality])
        tokens = patches[modality].shape[1]
        for part in ("encoder", "decoder"):
            table = attention.sincos(tokens, c[f"{part}_embed_dim{suffix}"])
            out[f"pos_embed_{part}_{modality}"] = table[None]
    return out


def _targets(case):
    out = {}
    for variant in VARIANTS:
        video, audio = case.targets(variant)
        video = hicmae.gather(video, case.index[0])
        views = {"": video, "_item0": video[:1], "_item_mean": video.mean(-1)}
        out |= {f"target_video_{variant}{k}": v for k, v in views.items()}
        if variant in ("plain", "unnormalised"):
            out[f"target_audio_{variant}"] = hicmae.gather(audio, case.index[1])
    return {k: v for k, v in out.items() if k in case.out}


def _losses(case):
    c, out = case.config, {}
    for variant in VARIANTS:
        parts = case.terms(case.results, variant)
        out |= {
            f"loss_{variant}_video": parts["video"],
            f"loss_{variant}_audio": parts["audio"],
            f"loss_{variant}_hcmcl": parts["contrast"],
            f"loss_{variant}_total": hicmae_loss.total(parts, c["loss_weight"]),
        }
    return out | _weighted(case) | {"loss_hcmcl_per_layer": _per_layer(case)}


def _per_layer(case):
    r, t = case.results, case.config["inter_contrastive_temperature"]
    pairs = zip(r["taps_video"], r["taps_audio"], strict=True)
    return jnp.stack(
        [contrastive.info_nce(contrastive.similarity(v, a, t)).mean() for v, a in pairs]
    )


def _weighted(case):
    c = case.config
    target = hicmae.gather(case.targets("framediff")[0], case.index[0])
    video, first, second = masked.weighted_frames(
        case.results["pred_video"], target, c["tubelet_size"], c["target_diff_weight"]
    )
    parts = {**case.terms(case.results, "framediff"), "video": video.mean()}
    return {
        "loss_framediff_weighted_video": parts["video"],
        "loss_framediff_weighted_audio": parts["audio"],
        "loss_framediff_weighted_hcmcl": parts["contrast"],
        "loss_framediff_weighted_total": hicmae_loss.total(parts, c["loss_weight"]),
        "loss_framediff_weighted_first_frame": first.mean(),
        "loss_framediff_weighted_second_frame": second.mean(),
    }


def _gradients(case):
    c = case.config

    def loss(params):
        return hicmae_loss.total(
            case.terms(case.apply(params), c["grad_variant"]), c["loss_weight"]
        )

    grads = names.to_state_dict(jax.jit(jax.grad(loss))(case.params), c["tubelet_size"])
    chosen = {k: grads[k.removeprefix("grad_")] for k in case.out if k.startswith("grad_")}
    return grads, chosen
