"""CLIP-CAER's official model: features of both streams and of texts, logits, loss, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import classification
from affectjax.models import clip, clip_caer
from affectjax.weights import clip_caer as tables
from affectjax.weights import names
from tests.parity.reference import close, norms, split

VOCABULARY = "clip_model_.token_embedding.weight"


def _model(c, tokens, frames):
    size = clip.Size(
        image=c["img"],
        patch=c["patch"],
        embed=c["embed"],
        vision=clip.Tower(c["vw"], c["vl"], max(c["vw"] // 64, 1)),  # OpenAI's heads are 64 wide
        text=clip.Tower(c["td"], c["tl"], c["th"]),
        act="quick_gelu",
        context=tokens.shape[1],
        vocab=int(tokens.max()) + 1,
    )
    places = [list(range(1, 1 + c["n_ctx"]))] * len(tokens)  # position "end"
    return clip_caer.ClipCaer(
        size,
        tokens.tolist(),
        places,
        c["n_ctx"],
        str(c["csc"]) == "True",
        clip_caer.Temporal(c["temporal_layers"], c["heads"], c["dh"], c["mlp"], frames),
    )


def _vocabulary(state_dict, tokens, context):
    """The rows that the stored prefixes and suffixes embed; the others are not looked at."""
    width = state_dict["prompt_learner.token_prefix"].shape[-1]
    table = np.zeros((int(tokens.max()) + 1, width), np.float32)
    table[tokens[:, :1]] = state_dict["prompt_learner.token_prefix"]
    table[tokens[:, 1 + context :]] = state_dict["prompt_learner.token_suffix"]
    return table


class Case:
    def __init__(self, arrays, c):
        given, self.out = split(arrays, "in"), split(arrays, "out")
        self.norms, self.state_dict = split(arrays, "grad_norm"), split(arrays, "param")
        tokens = given["tokenized_prompts"]
        frames = self.state_dict["temporal_net.pos_embedding"].shape[1] - 1
        self.model, self.labels = _model(c, tokens, frames), jnp.asarray(given["labels"])
        clips = [given[k].transpose(0, 1, 3, 4, 2) for k in ("face_frames", "body_frames")]
        self.clips = [jnp.asarray(x) for x in clips]
        self.state_dict[VOCABULARY] = _vocabulary(self.state_dict, tokens, c["n_ctx"])
        start = jax.eval_shape(lambda: self.model.init(jax.random.key(0), *self.clips))["params"]
        self.params = names.to_params(self.state_dict, start, tables.OFFICIAL)

    def loss(self, params):
        out = self.model.apply({"params": params}, *self.clips)
        return classification.cross_entropy(out["logits"], self.labels), out


@pytest.fixture(scope="module")
def case(parity):
    with jax.default_matmul_precision("highest"):
        yield Case(*parity("clip_caer"))


def test_outputs_loss_and_gradients(case):
    (loss, out), grads = jax.jit(jax.value_and_grad(case.loss, has_aux=True))(case.params)
    flat = lambda x: x.reshape(-1, x.shape[-1])  # noqa: E731
    ours = {
        "image_features_face": flat(out["frames_face"]),
        "image_features_body": flat(out["frames_context"]),
        "temporal_face": out["temporal_face"],
        "temporal_body": out["temporal_context"],
        "text_features": out["text"],
        "video_projected": out["video"],
        "logits": out["logits"],
        "loss_ce": loss,
    }
    assert set(case.out) == set(ours)
    for name, reference in case.out.items():
        rtol, atol = (1e-5, 0) if "loss" in name else (1e-5, 5e-6)
        if name == "logits":  # 100 cos: the index's own tolerance
            rtol, atol = 0, 2e-4
        close(name, ours[name], reference, rtol, atol)
    grads = names.to_state_dict(grads, tables.OFFICIAL)
    del grads[VOCABULARY]
    for name, norm in norms(grads, case.norms).items():
        close(name, norm, case.norms[name], rtol=1e-4, atol=1e-5)


def test_the_state_dict_goes_round_bit_for_bit(case):
    back = names.to_state_dict(case.params, tables.OFFICIAL)
    kept = {k: v for k, v in case.state_dict.items() if "prompt_learner.token_" not in k}
    assert set(back) == set(kept)
    for name, given in kept.items():
        np.testing.assert_array_equal(back[name], given)
