"""Labels that may hold together: EMOTIC's 26 categories, action units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.losses import classification
from affectjax.metrics import states
from affectjax.tasks import classify
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures
from affectjax.tasks.texts import Texts

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class MultiLabel:
    """A model with the head "multilabel_logits" (k labels) and optionally "vad", and its loss.

    loss = label_weight BCE(multilabel, logits) + vad_weight vad_loss(vad, prediction), the
    sigmoid cross-entropy averaged over labels and batch.

    Attributes:
      model: a Flax module, (*inputs, deterministic) -> {"multilabel_logits": (b, k), ...}.
      labels: names of the k labels in the order of the batch's `multilabel`.
      smoothing: targets (1 - s) y + s / 2.
      vad_loss: see `classify.vad_term`.
      mixup, cutmix, mix_prob, mix_audio: as `classify.Classify`.
    """

    model: nn.Module
    inputs: Inputs | Pictures | Texts
    labels: Sequence[str]
    smoothing: float = 0.0
    label_weight: float = 1.0
    vad_weight: float = 0.0
    vad_loss: classify.VadLoss = "mse"
    mixup: float = 0.0
    cutmix: float = 0.0
    mix_prob: float = 1.0
    mix_audio: bool = True

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        targets = (1 - self.smoothing) * self._truth(batch) + self.smoothing / 2
        out, targets, vad = classify.outputs_and_targets(self, variables, batch, key, targets)
        logits = out["multilabel_logits"]
        cross = classification.binary_cross_entropy(logits, targets)
        terms = {"loss_labels": cross, **classify.moved(out)}
        total = self.label_weight * terms["loss_labels"]
        if self.vad_weight:
            terms["loss_vad"] = classify.vad_term(self.vad_loss, out, vad)
            total += self.vad_weight * terms["loss_vad"]
        return total, terms

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`multilabel_pred` (b, k), the probability of each label by itself, and VAD."""
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        named = {"multilabel_pred": jax.nn.sigmoid(out["multilabel_logits"])}
        if "vad" in out:
            named |= classify.vad_outputs(out)
        if "multilabel" in batch:
            named["multilabel"] = batch["multilabel"]
        return {**named, **classify.passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.for_multilabel(vad=bool(self.vad_weight))

    def _truth(self, batch: Batch) -> jax.Array:
        truth = batch.get("multilabel")
        if truth is None or truth.shape[1] != len(self.labels):
            found = sorted(batch) if truth is None else truth.shape[1]
            raise ValueError(
                f"config.task.labels names {len(self.labels)} labels, the batch's multilabel is "
                f"{found}: name as many, or make it by an op such as data.ops.labels.Present"
            )
        return truth
