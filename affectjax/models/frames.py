"""A network of still pictures on the frames of a clip."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float


class Frames(nn.Module):
    """The mean over time of what `net` says of each frame: "logits" and "feature".

    Probabilities are averaged, so "logits" (b, k) are their logarithm.
    """

    net: nn.Module

    @nn.compact
    def __call__(
        self, frames: Float[Array, "b t h w 3"], deterministic: bool = True
    ) -> dict[str, Float[Array, "b k"]]:
        b, t = frames.shape[:2]
        out = self.net(frames.reshape(b * t, *frames.shape[2:]), deterministic=deterministic)
        each = {k: x.reshape(b, t, -1) for k, x in out.items()}
        log_p = jax.nn.logsumexp(jax.nn.log_softmax(each["logits"]), axis=1) - jnp.log(t)
        return {"logits": log_p, "feature": each["feature"].mean(axis=1)}
