"""What an exported model answers: pure functions of (parameters, inputs), for a server to call."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import traverse_util

from affectjax.affect.attributes import KINDS
from affectjax.data.ops import video
from affectjax.evals import attributes, calibrate, intervals
from affectjax.tasks.ensemble import Ensemble

Served = dict[str, jax.Array]
Serve = Callable[[Mapping[str, jax.Array], Mapping[str, jax.Array]], Served]

INPUTS = {
    "frames": "RGB, the face over time, in order; all of one window",
    "face_frames": "RGB, the face cut out of each of `frames`",
    "image": "RGB, a picture",
    "face": "RGB, the face",
    "person": "RGB, the person cut out of `image`",
    "tokens": "ids of the pieces of vocab.txt, its marks [CLS] and [SEP] around each text",
    "token_length": "the tokens of each row; what follows them is not read",
    "text": "UTF-8, a text a row, none of them blank",
    "audio": "mono waveform at 16 kHz in [-1, 1]; shorter ones are zero-padded inside",
    "audio_length": f"the samples of each row that are sound, more than {video.SHORTEST}",
}
OUTPUTS = {
    "probabilities": "(b, k) of the categories in labels.txt, calibrated as --mode=evaluate fitted",
    "labels": "(b, k) of each label of labels.txt by itself",
    "present": "(b, k) bool, the label's probability reaches its threshold",
    "score": "(b,)",
    "action_units": "(b, a), the probability of each unit of config.json's task.units",
    **{kind: f"(b, k), the probability of each {kind} of attributes.json" for kind in KINDS},
    attributes.OBJECTS: "(b, k), the probability of each of attributes.json's objects by itself",
    "vad": "(b, d) in [-1, 1]: valence, arousal and, where d is 3, dominance",
    "vad_low": "(b, d), the lower end of the interval",
    "vad_high": "(b, d), `vad_low` to `vad_high` held 95% of validation clips",
    "vad_sd": "(b, d), the standard deviation that the model itself predicts",
    "cut": "(b,) bool, the text is longer than what the model reads of it",
    "embedding": "(b, e), what the heads read; members of an ensemble side by side",
    "said": "(b, n) the ids that were generated, each a line of pieces.txt; padding behind the end",
    "emotion": "(b,) UTF-8, the emotion that the text names",
    "because": "(b,) UTF-8, the reason that it gives, empty where it gives none",
}


def every(task: Any, fitted: Mapping[str, Any]) -> dict[str, Serve]:
    """The functions by signature: `predict`, `embed`, and of a task that answers in words `say`."""
    told = {"predict": predict(task, fitted), "embed": embed(task)}
    return told | ({"say": say(task)} if hasattr(task, "say") else {})


def predict(task: Any, fitted: Mapping[str, Any]) -> Serve:
    """Named outputs of OUTPUTS, with what --mode=evaluate fitted (`evals.calibrate`) inside."""

    def serve(params: Mapping[str, jax.Array], given: Mapping[str, jax.Array]) -> Served:
        out = task.predict({"params": nested(params)}, given)
        served = {}
        if "probabilities" in out:
            log_p = jnp.log(jnp.maximum(out["probabilities"], 1e-30))
            served["probabilities"] = jax.nn.softmax(calibrate.tuned(log_p, fitted))
        if "multilabel_pred" in out:
            least = jnp.asarray(fitted.get("thresholds", 0.5), jnp.float32)
            served["labels"] = out["multilabel_pred"]
            served["present"] = out["multilabel_pred"] >= least
        if "score_pred" in out:
            served["score"] = out["score_pred"]
        if "action_units_pred" in out:
            served["action_units"] = out["action_units_pred"]
        if attributes.TOLD in out:
            served |= {kind: out[f"{kind}_probabilities"] for kind in KINDS}
        if "contents_pred" in out:
            served[attributes.OBJECTS] = out["contents_pred"]
        if "vad_pred" in out:
            served |= _rated(out, fitted)
        return served

    return serve


def embed(task: Any) -> Serve:
    """The feature (b, e) that the heads read, as `embedding`."""

    def serve(params: Mapping[str, jax.Array], given: Mapping[str, jax.Array]) -> Served:
        return {"embedding": _feature(task, nested(params), given)}

    return serve


def say(task: Any) -> Serve:
    """The ids that a task which answers in words generates, as `said` (b, n)."""

    def serve(params: Mapping[str, jax.Array], given: Mapping[str, jax.Array]) -> Served:
        ids = task.say({"params": nested(params)}, given)
        return {"said": ids.astype(jnp.int32)}

    return serve


def flat(params: Any) -> dict[str, Any]:
    """A tree of parameters by path, "encoder/blocks_0/kernel": the form that files hold."""
    return traverse_util.flatten_dict(params, sep="/")


def nested(params: Mapping[str, Any]) -> Any:
    """The inverse of `flat`."""
    return traverse_util.unflatten_dict(dict(params), sep="/")


def _rated(out: Mapping[str, jax.Array], fitted: Mapping[str, Any]) -> Served:
    served = {"vad": out["vad_pred"]}
    ends = intervals.ends(out, fitted)
    if ends is not None:
        served["vad_low"], served["vad_high"] = ends
    if "vad_sd" in out:
        served["vad_sd"] = out["vad_sd"]
    return served


def _feature(task: Any, params: Any, given: Mapping[str, jax.Array]) -> jax.Array:
    if isinstance(task, Ensemble):
        each = [jax.tree.map(lambda x, i=i: x[i], params) for i in range(task.members)]
        return jnp.concatenate([_feature(task.task, own, given) for own in each], axis=-1)
    out = task.model.apply({"params": params}, *task.inputs(given), deterministic=True)
    if "feature" not in out:
        raise ValueError(f"config.task.model returns no `feature` to embed, only {sorted(out)}")
    return out["feature"].astype(jnp.float32)
