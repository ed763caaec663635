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

    A token holds all bins that are left, side by side, so absolute frequency is kept.

    Attributes:
      channels: of each convolution.
      strides: (rows, bins) of each; their products must divide the log-mel.
      dropout: on the tokens.
    """

    channels: Sequence[int] = (16, 32, 32)
    strides: Sequence[Sequence[int]] = ((2, 2), (2, 2), (1, 2))
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
        for i, (width, stride) in enumerate(zip(self.channels, self.strides, strict=True)):
            conv = nn.Conv(width, (3, 3), tuple(stride), padding=1, dtype=self.dtype)
            norm = nn.LayerNorm(epsilon=_EPS, dtype=self.dtype, name=f"norm_{i}")
            x = attention.gelu(norm(conv(x)))
        tokens = x.reshape(*x.shape[:2], -1)
        return nn.Dropout(self.dropout)(tokens, deterministic=deterministic)

    def _check(self, rows: int, bins: int) -> None:
        if len(self.channels) != len(self.strides):
            raise ValueError(f"{len(self.channels)} channels, {len(self.strides)} strides")
        for row, bin_ in self.strides:
            if rows % row or bins % bin_:
                raise ValueError(f"strides {self.strides} do not divide the log-mel, {rows}x{bins}")
            rows, bins = rows // row, bins // bin_
