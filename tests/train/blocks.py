"""One transformer block and a head on it: the smallest task with something to split."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import linen as nn

from affectjax.models import attention

SPEC = {
    "signal": jax.ShapeDtypeStruct((16, 4, 16), jnp.float32),
    "vad": jax.ShapeDtypeStruct((16, 3), jnp.float32),
}


class Stack(nn.Module):
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = attention.Block(2, name=f"blocks_{i}")(x, True)
        return attention.Dense(3, name="head")(attention.layer_norm("norm")(x).mean(axis=1))


@dataclass(frozen=True)
class Task:
    depth: int = 1

    def init(self, key, spec):
        return Stack(self.depth).init(key, jnp.zeros((1, *spec["signal"].shape[1:])))

    def loss(self, variables, batch, key, step):
        del key, step
        error = Stack(self.depth).apply(variables, batch["signal"]) - batch["vad"]
        value = (error**2).mean()
        return value, {"loss_square": value}

    def predict(self, variables, batch):
        return {"vad_pred": Stack(self.depth).apply(variables, batch["signal"])}
