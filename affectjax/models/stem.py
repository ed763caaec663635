"""A convolutional stem: small strided convolutions in place of one cut into patches.

Early convolutions make transformers learn from few examples (Xiao et al. 2021, arXiv 2106.14881).
"""

from collections.abc import Sequence
from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import attention

# Where a clip is padded all channels are 0: a small epsilon would make gradients there 1e5.
_EPS = 1e-3


class AudioStem(nn.Module):
    """Log-mel -> 3 x 3 convolutions, each with LayerNorm and GELU -> one token per row left.

    With `patch` the first layer is cheaper: patches of so many rows and bins that do not overlap,
    through one matrix, in place of a convolution (as in ConvNeXt, arXiv 2201.03545).

    A token holds all bins that are left, side by side, so absolute frequency is kept.

    Attributes:
      channels: of each layer.
      strides: (rows, bins) of each; their products must divide the log-mel.
      patch: (rows, bins) of the first layer's patches, in place of strides[0]; none: a convolution.
      dropout: on the tokens.
    """

    channels: Sequence[int] = (16, 32, 32)
    strides: Sequence[Sequence[int]] = ((2, 2), (2, 2), (1, 2))
    patch: Sequence[int] = ()
    dropout: float = 0.1
    dtype: Any = None

    @nn.compact
    def __call__(
        self, log_mel: Float[Array, "b n m"], deterministic: bool = True
    ) -> Float[Array, "b k p"]:
        """Tokens (b, n / row strides, m / bin strides x last channels).

        Raises:
          ValueError: the strides do not fit the channels or the log-mel.
        """
        self._check(log_mel.shape[1], log_mel.shape[2])
        x = log_mel[..., None]
        for i, (width, stride) in enumerate(zip(self.channels, self._strides(), strict=True)):
            if i == 0 and self.patch:
                cut = _blocks(x, stride)
                layer = attention.Dense(width, dtype=self.dtype, name="patch")
            else:
                cut, layer = x, self._conv(i, width, stride)
            norm = nn.LayerNorm(epsilon=_EPS, dtype=self.dtype, name=f"norm_{i}")
            x = attention.gelu(norm(layer(cut)))
        tokens = x.reshape(*x.shape[:2], -1)
        return nn.Dropout(self.dropout)(tokens, deterministic=deterministic)

    def _conv(self, i: int, width: int, stride: Sequence[int]) -> nn.Conv:
        name = f"Conv_{i}"
        return nn.Conv(width, (3, 3), tuple(stride), padding=1, dtype=self.dtype, name=name)

    def _strides(self) -> list[Sequence[int]]:
        return [self.patch, *self.strides[1:]] if self.patch else list(self.strides)

    def _check(self, rows: int, bins: int) -> None:
        strides = self._strides()
        if len(self.channels) != len(strides):
            raise ValueError(f"{len(self.channels)} channels, {len(strides)} strides")
        for row, bin_ in strides:
            if rows % row or bins % bin_:
                raise ValueError(f"strides {strides} do not divide the log-mel, {rows}x{bins}")
            rows, bins = rows // row, bins // bin_


def _blocks(x: Any, size: Sequence[int]) -> Any:
    """(b, h, w, c) -> (b, h / r, w / s, r s c)."""
    b, h, w, c = x.shape
    grid = x.reshape(b, h // size[0], size[0], w // size[1], size[1], c)
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // size[0], w // size[1], -1)
