"""Valence, arousal and dominance alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.losses import missing
from affectjax.metrics import mixture, states
from affectjax.tasks import classify
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures
from affectjax.tasks.texts import Texts

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Regress:
    """A model with the head "vad" (b, d) and its loss: "mse" (HiCMAE's default), "l1", "ccc"...

    d is 2 where the data has valence and arousal alone; `inputs` as `classify.Classify`. `datasets`
    are the names of a mixture's parts, whose rows may lack VAD or a dimension of it: the loss is
    then of what is known. `scale` holds a number a dimension, such as its standard deviation over
    the training set: the loss is of values divided by it, so that all dimensions count alike.
    """

    model: nn.Module
    inputs: Inputs | Pictures | Texts
    criterion: classify.VadLoss = "mse"
    datasets: Sequence[str] = ()
    scale: Sequence[float] = ()

    def __post_init__(self) -> None:
        if self.scale and self.criterion == "gaussian_nll":
            raise ValueError("config.task.scale: gaussian_nll weighs dimensions by itself")

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        out = classify.in_training(self.model, variables, self.inputs(batch, keys[0]), keys[1])
        out, vad = self._scaled(out, batch["vad"])
        if self.datasets:
            value = classify.vad_term_of_known(self.criterion, out, *missing.known(vad))
        else:
            value = classify.vad_term(self.criterion, out, vad)
        return value, classify.moved(out)

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        return {**classify.vad_outputs(out), **classify.passed(batch, out)}

    def _scaled(
        self, out: dict[str, jax.Array], vad: jax.Array
    ) -> tuple[dict[str, jax.Array], jax.Array]:
        if not self.scale:
            return out, vad
        width = out["vad"].shape[1]
        if len(self.scale) != width:
            raise ValueError(
                f"config.task.scale has {len(self.scale)} numbers for the {width} dimensions that "
                "the model predicts"
            )
        scale = jnp.asarray(self.scale, jnp.float32)
        names: tuple[str, ...] = ("vad", "vad_low", "vad_high")
        scaled = {k: out[k] / scale for k in names if k in out}
        return {**out, **scaled}, vad[:, :width] / scale

    def metrics(self) -> type[clu_metrics.Collection]:
        if self.datasets:
            return mixture.of_datasets(states.DimensionScores, tuple(self.datasets))
        return states.DimensionScores
