"""A least-squares task small enough to check by hand."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Line:
    """Predict y = x w + b; loss is the mean squared error, plus noise drawn from the key."""

    width: int = 4
    noise: float = 0.0

    def init(self, key, spec):
        del spec
        w = jax.random.normal(key, (self.width, 1))
        return {"params": {"line": {"kernel": w, "bias": jnp.zeros(1)}}}

    def loss(self, variables, batch, key, step):
        del step
        noise = self.noise * jax.random.normal(key, batch["signal"].shape[:1])
        error = self._apply(variables, batch) + noise - batch["vad"][:, 0]
        value = jnp.mean(error**2)
        return value, {"loss_square": value}

    def predict(self, variables, batch):
        return {"y": self._apply(variables, batch), "valid": batch["valid"]}

    def _apply(self, variables, batch):
        line = variables["params"]["line"]
        return (batch["signal"][:, 0] @ line["kernel"])[:, 0] + line["bias"][0]


def make_batch(seed: int = 0, size: int = 16, width: int = 4) -> dict:
    keys = jax.random.split(jax.random.key(seed), 2)
    return {
        "signal": jax.random.normal(keys[0], (size, 1, width)),
        "vad": jax.random.uniform(keys[1], (size, 3)),
    }
