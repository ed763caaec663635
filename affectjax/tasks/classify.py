"""Emotion categories, with valence-arousal-dominance beside them where wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.data.ops import mixing
from affectjax.losses import ccc, classification, regression
from affectjax.metrics import states
from affectjax.tasks.inputs import Inputs

Batch = Mapping[str, jax.Array]
PASSED = ("emotion", "vad", "distribution", "subject", "view", "valid")


@dataclass(frozen=True)
class Classify:
    """A model with the head "logits" (k classes) and optionally "vad", and its training loss.

    loss = emotion_weight CE(targets, logits) + vad_weight [vad_loss](vad, prediction).

    Attributes:
      model: a Flax module, (frames, log_mel, deterministic) -> {"logits": (b, k), "vad": (b, 3)}.
      classes: k.
      target: "hard" learns the category, "distribution" the raters' shares.
      smoothing: label smoothing of hard targets, q = (1 - s) onehot + s / k.
      vad_loss: see `vad_term`.
      mixup, cutmix: alphas of the Beta distributions; 0 for none. The pair of a row is mixed in
        all targets alike. mix_audio False leaves audio unmixed, as the official code of HiCMAE.
    """

    model: nn.Module
    inputs: Inputs
    classes: int
    target: Literal["hard", "distribution"] = "hard"
    smoothing: float = 0.0
    emotion_weight: float = 1.0
    vad_weight: float = 0.0
    vad_loss: Literal["mse", "l1", "smooth_l1", "ccc", "pcc", "gaussian_nll"] = "mse"
    mixup: float = 0.0
    cutmix: float = 0.0
    mix_prob: float = 1.0
    mix_audio: bool = True

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        zeros = {k: jnp.zeros((1, *s.shape[1:]), s.dtype) for k, s in spec.items()}
        return self.model.init(key, *self.inputs(zeros), deterministic=True)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        out, targets, vad = outputs_and_targets(self, variables, batch, key, self._targets(batch))
        terms = {"loss_emotion": classification.soft_cross_entropy(out["logits"], targets)}
        total = self.emotion_weight * terms["loss_emotion"]
        if self.vad_weight:
            terms["loss_vad"] = vad_term(self.vad_loss, out, vad)
            total += self.vad_weight * terms["loss_vad"]
        return total, terms

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        named = {"logits": out["logits"], "probabilities": jax.nn.softmax(out["logits"])}
        if "vad" in out:
            named |= vad_outputs(out)
        return {**named, **{k: batch[k] for k in PASSED if k in batch}}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.for_classification(vad=bool(self.vad_weight))

    def _targets(self, batch: Batch) -> jax.Array:
        if self.target == "distribution":
            return batch["distribution"]
        return classification.smooth_targets(batch["emotion"], self.classes, self.smoothing)


def outputs_and_targets(
    task: Any, variables: Any, batch: Batch, key: jax.Array, targets: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array, Any]:
    """The model's outputs in training, with the targets (b, k) and VAD that mixing made of them.

    `task` holds model, inputs, vad_weight and the fields of mixing as `Classify`; VAD is None
    where its weight is 0.
    """
    keys = jax.random.split(key, 3)
    frames, mel = task.inputs(batch, keys[0])
    vad: Any = batch["vad"] if task.vad_weight else None
    if task.mixup or task.cutmix:
        frames, mel, targets, vad = mixing.mix(
            keys[1],
            frames,
            mel,
            targets,
            vad,
            mixup=task.mixup,
            cutmix=task.cutmix,
            prob=task.mix_prob,
            mix_audio=task.mix_audio,
        )
    rngs = {"dropout": keys[2]}
    out = task.model.apply(variables, frames, mel, deterministic=False, rngs=rngs)
    return out, targets, vad


def vad_term(name: str, out: Mapping[str, jax.Array], vad: jax.Array) -> jax.Array:
    """The loss of a config's name between the heads' outputs and the target (b, 3), a scalar.

    mse, l1, smooth_l1; ccc and pcc, 1 - the coefficient over the batch, mean over dimensions;
    gaussian_nll, of a model with the head "vad_log_variance" beside "vad".

    Raises:
      ValueError: the name is not one of the six, or the head is missing.
    """
    losses: dict[str, Callable[..., jax.Array]] = {
        "mse": regression.mse,
        "l1": regression.l1,
        "smooth_l1": regression.smooth_l1,
        "ccc": ccc.ccc_loss,
        "pcc": ccc.pcc_loss,
    }
    if name == "gaussian_nll":
        if "vad_log_variance" not in out:
            raise ValueError(
                "config.task: the loss gaussian_nll needs a head vad_log_variance: add "
                f"vad_log_variance=3 to config.task.model.heads, now {sorted(out)}"
            )
        return regression.gaussian_nll(out["vad"], out["vad_log_variance"], vad)
    if name not in losses:
        allowed = ", ".join([*losses, "gaussian_nll"])
        raise ValueError(f"config.task: no loss {name!r}; allowed: {allowed}")
    return losses[name](out["vad"], vad)


def vad_outputs(out: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """`vad_pred` (b, 3) and, of a model that predicts it, its standard deviation `vad_sd`."""
    named = {"vad_pred": out["vad"]}
    if "vad_log_variance" in out:
        named["vad_sd"] = jnp.exp(0.5 * out["vad_log_variance"])
    return named
