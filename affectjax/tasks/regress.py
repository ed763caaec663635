"""Valence, arousal and dominance alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.metrics import states
from affectjax.tasks.classify import PASSED, vad_outputs, vad_term
from affectjax.tasks.inputs import Inputs

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Regress:
    """A model with the head "vad" (b, 3) and its loss: "mse" (HiCMAE's default), "l1", "ccc"..."""

    model: nn.Module
    inputs: Inputs
    criterion: Literal["mse", "l1", "smooth_l1", "ccc", "pcc", "gaussian_nll"] = "mse"

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        zeros = {k: jnp.zeros((1, *s.shape[1:]), s.dtype) for k, s in spec.items()}
        return self.model.init(key, *self.inputs(zeros), deterministic=True)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        frames, mel = self.inputs(batch, keys[0])
        rngs = {"dropout": keys[1]}
        out = self.model.apply(variables, frames, mel, deterministic=False, rngs=rngs)
        return vad_term(self.criterion, out, batch["vad"]), {}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        return {**vad_outputs(out), **{k: batch[k] for k in PASSED if k in batch}}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.DimensionScores
