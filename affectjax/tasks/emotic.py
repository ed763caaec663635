"""People in scenes: EMOTIC's categories, regressed on 0 and 1, and VAD with a margin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np
from clu import metrics as clu_metrics
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.affect.vad import EMOTIC10
from affectjax.losses import emotic as losses
from affectjax.metrics import states
from affectjax.tasks import classify
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]
_HALF = (EMOTIC10.high - EMOTIC10.low) / 2
_MIDDLE = (EMOTIC10.high + EMOTIC10.low) / 2


@dataclass(frozen=True)
class Emotic:
    """A model of "categories" (b, k) and "vad" (b, 3) as `models.emotic`, and the port's loss.

    loss = category_weight sum w_i (prediction_i - category_i)^2 + vad_weight [vad_loss], both
    summed over the batch (`losses.emotic`), so that of a batch in `train.accum` parts is the mean
    of the parts' sums, and dynamic weights count people in a part.

    Attributes:
      model: a Flax module, (scenes, people, deterministic) -> "categories" and "vad".
      labels: names of the k categories in the order of the batch's `multilabel`.
      weighting: of categories: "dynamic" by how many people of the batch show them, "static" the
        port's table for the 26 of EMOTIC, "mean" 1 / k.
      vad_loss: "smooth_l1" or "l2", with `margin` in ratings from 1 to 10.
    """

    model: nn.Module
    inputs: Pictures
    labels: Sequence[str]
    weighting: Literal["dynamic", "static", "mean"] = "dynamic"
    category_weight: float = 0.5
    vad_weight: float = 0.5
    vad_loss: Literal["smooth_l1", "l2"] = "smooth_l1"
    margin: float = 1.0

    def __post_init__(self) -> None:
        if self.weighting not in ("dynamic", "static", "mean"):
            raise ValueError(
                f"config.task.weighting = {self.weighting!r}; allowed: dynamic, static, mean"
            )
        if self.vad_loss not in ("smooth_l1", "l2"):
            raise ValueError(f"config.task.vad_loss = {self.vad_loss!r}; allowed: smooth_l1, l2")
        if self.weighting == "static" and len(self.labels) != len(losses.STATIC):
            raise ValueError(
                f"config.task.weighting = 'static' is for the {len(losses.STATIC)} categories of "
                f"EMOTIC, config.task.labels has {len(self.labels)}"
            )

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        given = self.inputs(batch, keys[0])
        out = classify.in_training(self.model, variables, given, keys[1])
        truth = self._truth(batch)
        of_vad = losses.margin_l2 if self.vad_loss == "l2" else losses.margin_smooth_l1
        terms = {
            "loss_labels": losses.discrete(out["categories"], truth, self._weights(truth)),
            "loss_vad": of_vad(out["vad"], to_tenths(batch["vad"]), self.margin),
        }
        total = self.category_weight * terms["loss_labels"] + self.vad_weight * terms["loss_vad"]
        return total, {**terms, **classify.moved(out)}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`multilabel_pred` (b, k), scores about 0 for absent and 1 for present, and VAD."""
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        vad = {"vad_pred": from_tenths(out["vad"])}
        named = {"multilabel_pred": out["categories"], **vad}
        if "multilabel" in batch:
            named["multilabel"] = batch["multilabel"]
        return {**named, **classify.passed(batch, {"vad": vad["vad_pred"]})}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.for_multilabel(vad=True)

    def _weights(self, truth: Float[Array, "b k"]) -> Float[Array, " k"] | np.ndarray | float:
        if self.weighting == "dynamic":
            return losses.dynamic_weights(truth)
        return losses.STATIC if self.weighting == "static" else 1 / len(self.labels)

    def _truth(self, batch: Batch) -> Float[Array, "b k"]:
        truth = batch.get("multilabel")
        if truth is None or truth.shape[1] != len(self.labels):
            found = sorted(batch) if truth is None else truth.shape[1]
            raise ValueError(
                f"config.task.labels names {len(self.labels)} labels, the batch's multilabel is "
                f"{found}"
            )
        return truth


def to_tenths(vad: Float[Array, "b 3"]) -> Float[Array, "b 3"]:
    """VAD in [-1, 1] to the ratings from 1 to 10 over ten, what the network is taught.

    >>> to_tenths(np.array([-1.0, 0.0, 1.0])).tolist()
    [0.1, 0.55, 1.0]
    """
    return (_MIDDLE + _HALF * vad) / losses.SCALE


def from_tenths(rated: Float[Array, "b 3"]) -> Float[Array, "b 3"]:
    """The inverse of `to_tenths`."""
    return (losses.SCALE * rated - _MIDDLE) / _HALF
