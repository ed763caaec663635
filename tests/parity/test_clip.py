"""CLIP under Hugging Face's and OpenAI's names: features, logits, loss, gradients, round trip."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import contrastive
from affectjax.models import clip
from affectjax.weights import clip as tables
from affectjax.weights import names
from tests.parity.reference import close, norms, split

TABLES = {"hf": tables.HUGGING_FACE, "openai": tables.OPENAI}


def _size(c):
    return clip.Size(
        image=c["img"],
        patch=c["patch"],
        embed=c["embed"],
        vision=clip.Tower(c["vd"], c["vl"], c["vh"], int(c["vd"] * c["vmlp"])),
        text=clip.Tower(c["td"], c["tl"], c["th"]),
        act="quick_gelu",
        context=c["ctx"],
        vocab=c["vocab"],
    )


class Case:
    def __init__(self, arrays, config):
        self.config, self.out = config, split(arrays, "out")
        self.norms, self.state_dict = split(arrays, "grad_norm"), split(arrays, "param")
        given = split(arrays, "in")
        self.images = jnp.asarray(given["pixel_values"].transpose(0, 2, 3, 1))
        self.tokens, self.given = jnp.asarray(given["input_ids"]), given
        self.table = TABLES[config["names"]]
        self.model = clip.Clip(_size(config))
        start = jax.eval_shape(lambda: self.apply_init())["params"]
        self.params = names.to_params(self.state_dict, start, self.table)

    def apply_init(self):
        return self.model.init(jax.random.key(0), self.images, self.tokens)

    def apply(self, params, act="quick_gelu", **kw):
        model = clip.Clip(dataclasses.replace(self.model.size, act=act))
        return model.apply({"params": params}, self.images, self.tokens, **kw)


@pytest.fixture(scope="module", params=["clip_hf", "clip_openai"])
def case(request, parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity(request.param))


def _outputs(case):
    out = {}
    for act, suffix in (("quick_gelu", ""), ("gelu", "_gelu")):
        run = jax.jit(lambda p, act=act: case.apply(p, act, mutable=["intermediates"]))
        results, state = run(case.params)
        image, text = results["image_feature"], results["text_feature"]
        out |= {
            f"image_features{suffix}": image,
            f"text_features{suffix}": text,
            f"image_embeds_normalised{suffix}": clip.unit(image),
            f"text_embeds_normalised{suffix}": clip.unit(text),
            f"logits_per_image{suffix}": results["logits"],
        }
        if not suffix:
            inner = state["intermediates"]
            out |= {f"vision_{k}": v[0] for k, v in inner["visual"].items() if "hidden" in k}
            out |= {f"text_{k}": v[0] for k, v in inner["text"].items() if "hidden" in k}
            out["vision_last_hidden"] = results["image_tokens"]
            out["text_last_hidden"] = results["text_tokens"]
            out["contrastive_loss"] = _loss(case, results)
    return out


def _loss(case, results):
    pairs = min(results["logits"].shape)
    return contrastive.info_nce(results["logits"][:pairs, :pairs]).mean()


def test_every_output_of_the_file_is_within_tolerance(case):
    ours = _outputs(case)
    missing = set(case.out) - set(ours)
    assert not missing, missing
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if "loss" in name else (1e-5, 5e-6)
        value = ours[name]
        if name.startswith(("text_hidden", "text_last")):  # rows after the text are padding
            shown = case.given["attention_mask"][..., None]
            value, reference = value * shown, reference * shown
        close(name, value, reference, rtol, atol)


def test_gradient_norms(case):
    if not case.norms:
        pytest.skip("the file holds no gradients")
    grads = jax.jit(jax.grad(lambda p: _loss(case, case.apply(p))))(case.params)
    grads = names.to_state_dict(grads, case.table)
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, case.table)
    assert set(back) == set(case.state_dict)
    for name, given in case.state_dict.items():
        np.testing.assert_array_equal(back[name], given)
