"""Batch normalisation whose running statistics are parameters that no gradient reaches.

So one tree holds everything a model is: it is stored, averaged, frozen, exported and converted as
any other parameter is. In training the module sows what the statistics become, and whoever takes
the step writes it in.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

MOVING = "moving"  # the collection that training sows into


class BatchNorm(nn.Module):
    """(x - mean) / sqrt(var + eps) scale + bias over all axes but the last.

    With `deterministic` the running statistics are used, else those of the batch; then the
    collection "moving" receives, by parameter, momentum x running + (1 - momentum) x batch, with
    the unbiased variance (as torch, whose momentum is 1 - ours).
    """

    eps: float = 1e-5
    momentum: float = 0.9
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "*b d"], deterministic: bool = True) -> Float[Array, "*b d"]:
        width = (x.shape[-1],)
        scale = self.param("scale", nn.initializers.ones, width)
        bias = self.param("bias", nn.initializers.zeros, width)
        mean = jax.lax.stop_gradient(self.param("mean", nn.initializers.zeros, width))
        var = jax.lax.stop_gradient(self.param("var", nn.initializers.ones, width))
        dtype = self.dtype or x.dtype
        if not deterministic:
            flat = x.reshape(-1, x.shape[-1]).astype(jnp.float32)
            batch_mean, batch_var = flat.mean(axis=0), flat.var(axis=0)
            unbiased = batch_var * (len(flat) / max(len(flat) - 1, 1))
            for name, old, new in (("mean", mean, batch_mean), ("var", var, unbiased)):
                moved = self.momentum * old + (1 - self.momentum) * jax.lax.stop_gradient(new)
                self.sow(MOVING, name, moved, reduce_fn=lambda _, value: value, init_fn=lambda: 0)
            mean, var = batch_mean, batch_var
        factor = scale * jax.lax.rsqrt(var + self.eps)
        return x.astype(dtype) * factor.astype(dtype) + (bias - mean * factor).astype(dtype)
