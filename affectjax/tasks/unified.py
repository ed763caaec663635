"""Expressions, valence and arousal, and action units of a face in one model, coupled.

After Kollias, Sharmanska & Zafeiriou (FaceBehaviorNet, arXiv 1910.11111; the unified framework of
Aff-Wild2, arXiv 2103.15792): databases that label one of the three each train one network, and what
expressions and units tell of each other reaches the rows that lack a label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.affect import action_units
from affectjax.losses import coupling, missing
from affectjax.metrics import units as unit_states
from affectjax.tasks import classify
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Unified:
    """Rows of a mixture (`data.mix`) that each have some of three labels, and the coupled loss.

    loss = CE + unit_weight BCE + vad_weight (1 - mean CCC) + matching_weight matching
    + co_annotation_weight co_annotation, each of what is known (`losses.missing`); the last two are
    `losses.coupling`, by `affect.action_units.shares`.

    Attributes:
      model: a Flax module, (*inputs, deterministic) -> "logits" (b, k), "vad" (b, d) and
        "multilabel_logits" (b, a), such as `models.multitask.Multitask`.
      names: the k expressions, those of `config.data.labels`.
      units: numbers of the a units, those of `config.data.units`.
      datasets: names of the mixture's parts.
      present: a unit counts as present from this intensity on.
      entropy: matching is a divergence (`losses.coupling.matching`); False: a cross-entropy, as
        published, which costs the units more than it gives (experiments/aff_wild2/README.md).
      temperature: of the expressions that units suggest.
    """

    model: nn.Module
    inputs: Inputs | Pictures
    names: Sequence[str]
    units: Sequence[int]
    datasets: Sequence[str]
    unit_weight: float = 1.0
    vad_weight: float = 1.0
    matching_weight: float = 1.0
    co_annotation_weight: float = 1.0
    present: float = 0.2
    entropy: bool = True
    temperature: float = 0.2

    @property
    def classes(self) -> int:
        return len(self.names)

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        out = classify.in_training(self.model, variables, self.inputs(batch, keys[0]), keys[1])
        prior = jnp.asarray(action_units.shares(self.names, self.units), jnp.float32)
        targets = missing.targets(batch["emotion"], batch["possible"])
        logits, unit_logits, truth = out["logits"], out["multilabel_logits"], self._units(batch)
        terms = {
            "loss_emotion": missing.cross_entropy(logits, targets, batch["possible"]),
            "loss_units": missing.binary_cross_entropy(unit_logits, truth),
            "loss_vad": classify.vad_term_of_known("ccc", out, *missing.known(batch["vad"])),
            "loss_matching": coupling.matching(logits, unit_logits, prior, self.entropy),
            "loss_co_annotation": coupling.co_annotation(
                logits, unit_logits, targets, truth, prior, self.temperature
            ),
        }
        weights = {
            "loss_emotion": 1.0,
            "loss_units": self.unit_weight,
            "loss_vad": self.vad_weight,
            "loss_matching": self.matching_weight,
            "loss_co_annotation": self.co_annotation_weight,
        }
        total = jnp.stack([weights[name] * value for name, value in terms.items()]).sum()
        return total, {**terms, **classify.moved(out)}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`probabilities` (b, k), `vad_pred` (b, d) and `action_units_pred` (b, a) in [0, 1]."""
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        named = {
            "logits": out["logits"],
            "probabilities": jax.nn.softmax(out["logits"]),
            "action_units_pred": jax.nn.sigmoid(out["multilabel_logits"]),
            **classify.vad_outputs(out),
        }
        if "action_units" in batch:
            named["action_units"] = self._units(batch)
        return {**named, **classify.passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        return unit_states.UnifiedScores

    def _units(self, batch: Batch) -> jax.Array:
        """1 where a unit is present, 0 where it is not, NaN where that is unknown."""
        given = batch.get("action_units")
        if given is None or given.shape[1] != len(self.units):
            found = sorted(batch) if given is None else given.shape[1]
            raise ValueError(
                f"config.task.units has {len(self.units)} units, the batch's action_units is "
                f"{found}: name the same in config.data.units"
            )
        return jnp.where(jnp.isnan(given), jnp.nan, (given >= self.present).astype(jnp.float32))
