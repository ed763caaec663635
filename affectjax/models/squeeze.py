"""Squeeze and excitation (Hu et al. 2018, arXiv 1709.01507): channels gated by the whole map."""

from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.transformer import activation


class SqueezeExcite(nn.Module):
    """x sigmoid(fc2 act(fc1 mean(x))); `squeeze` is the width between the two layers."""

    squeeze: int
    act: str = "silu"
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "b h w d"]) -> Float[Array, "b h w d"]:
        y = x.mean(axis=(1, 2), keepdims=True)
        y = activation(self.act)(self._layer(self.squeeze, "fc1")(y))
        return x * nn.sigmoid(self._layer(x.shape[-1], "fc2")(y))

    def _layer(self, width: int, name: str) -> nn.Conv:
        init = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
        return nn.Conv(width, (1, 1), kernel_init=init, dtype=self.dtype, name=name)
