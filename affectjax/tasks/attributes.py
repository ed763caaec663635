"""An emotion and what else a picture holds, of which annotations tell a part: EmoSet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics

from affectjax.affect.attributes import KINDS
from affectjax.losses import classification, missing
from affectjax.metrics import attributes as attribute_states
from affectjax.metrics import states
from affectjax.models.attributed import Attributed
from affectjax.tasks import classify
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Attributes:
    """`models.attributed` and its loss; what is unknown (below 0) teaches nothing.

    loss = CE(emotion) + attribute_weight sum over the kinds of CE(attribute) + object_weight
    BCE(objects), each the mean over the rows that are known, and 0 where none is. Objects that an
    annotation does not list count as absent, as in the official data class.

    Attributes:
      classes: categories of the emotion.
      negative: those of them that are negative: adds `polarity`, scored as one of two.
    """

    model: Attributed
    inputs: Pictures
    classes: int
    negative: Sequence[int] = ()
    attribute_weight: float = 0.2
    object_weight: float = 0.2

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        out = classify.in_training(self.model, variables, self.inputs(batch, keys[0]), keys[1])
        terms = {"loss_emotion": missing.categorical(out["logits"], batch["emotion"])}
        total = terms["loss_emotion"]
        if self.model.counts:
            truth = _truth(batch, "attributes", len(KINDS))
            for i, kind in enumerate(KINDS):
                terms[f"loss_{kind}"] = missing.categorical(out[f"{kind}_logits"], truth[:, i])
                total += self.attribute_weight * terms[f"loss_{kind}"]
        if self.model.counts and self.model.objects:
            truth = _truth(batch, "contents", self.model.objects)
            terms["loss_objects"] = classification.binary_cross_entropy(
                out["objects_logits"], truth
            )
            total += self.object_weight * terms["loss_objects"]
        return total, {**terms, **classify.moved(out)}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`probabilities`, and of each attribute `<kind>_probabilities`; `attributes_pred` (b, n),
        the index of the likeliest of each; `contents_pred`; `polarity_pred`.
        """
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        p = jax.nn.softmax(out["logits"])
        named = {"logits": out["logits"], "probabilities": p}
        if self.model.counts:
            each = {kind: jax.nn.softmax(out[f"{kind}_logits"]) for kind in KINDS}
            named |= {f"{kind}_probabilities": q for kind, q in each.items()}
            named["attributes_pred"] = jnp.stack([q.argmax(-1) for q in each.values()], axis=-1)
        if "objects_logits" in out:
            named["contents_pred"] = jax.nn.sigmoid(out["objects_logits"])
        named |= {k: batch[k] for k in ("attributes", "contents") if k in batch}
        if self.negative:
            named["polarity_pred"] = p[:, jnp.asarray(self.negative)].sum(-1)
            if "emotion" in batch:
                y = batch["emotion"]
                bad = jnp.isin(y, jnp.asarray(self.negative)).astype(jnp.int32)
                named["polarity"] = jnp.where(y >= 0, bad, -1)
        return {**named, **classify.passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        return attribute_states.AttributeScores if self.model.counts else states.CategoryScores


def _truth(batch: Batch, key: str, width: int) -> jax.Array:
    if key not in batch or batch[key].shape[1] != width:
        found = sorted(batch) if key not in batch else batch[key].shape[1]
        raise ValueError(
            f"config.task.model tells {width} {key}, the batch's {key} is {found}: make them by "
            "data.ops.labels.Attributes"
        )
    return batch[key]
