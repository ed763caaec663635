"""A convolutional stem: small strided convolutions in place of one cut into patches.

Early convolutions make transformers learn from few examples (Xiao et al. 2021, arXiv 2106.14881).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from affectjax.models import attention

# Where a clip is padded all channels are 0: a small epsilon would make gradients there 1e5.
_EPS = 1e-3
_LAYOUT = ("NHWC", "HWIO", "NHWC")


class AudioStem(nn.Module):
    """Log-mel -> 3 x 3 convolutions, each with LayerNorm and GELU -> one token per row left.

      With `patch` the first layer is cheaper: patches of so many rows and bins that do not overlap,
      through one matrix, in place of a convolution (as in ConvNeXt, arXiv 2201.03545).

      A token holds all bins that are left, side by side, so absolute frequency is kept.

    XX      dropout: on the tokens.
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
                cut, layer = x, Conv(width, tuple(stride), self.dtype, name=f"Conv_{i}")
            norm = nn.LayerNorm(epsilon=_EPS, dtype=self.dtype, name=f"norm_{i}")
            x = attention.gelu(norm(layer(cut)))
        tokens = x.reshape(*x.shape[:2], -1)
        return nn.Dropout(self.dropout)(tokens, deterministic=deterministic)

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


class Conv(nn.Module):
    """`nn.Conv(features, (3, 3), strides, padding=1)`, its gradient faster on a CPU."""

    features: int
    strides: tuple[int, int]
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b i j d"]:
        shape = (3, 3, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        dtype = self.dtype or x.dtype
        return conv3(x.astype(dtype), kernel.astype(dtype), self.strides) + bias.astype(dtype)


def conv3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"], strides: tuple[int, int]
) -> Float[Array, "b i j d"]:
    """3 x 3 convolution, padded by 1, of strides that divide h and w.

    XLA's gradient to x of a strided convolution is one over a dilated array, mostly zeros, and four
    times as slow on a CPU as what is done here for strides of 1 and 2: the kernel is cut into one
    of blocks, and a plain convolution gives each block of the gradient at once.
    """
    return _strided(x, kernel, strides) if max(strides) <= 2 else _conv(x, kernel, strides)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _strided(x: Any, kernel: Any, strides: tuple[int, int]) -> Any:
    return _conv(x, kernel, strides)


def _conv(x: Any, kernel: Any, strides: tuple[int, int]) -> Any:
    return lax.conv_general_dilated(x, kernel, strides, [(1, 1)] * 2, dimension_numbers=_LAYOUT)


def _forward(x: Any, kernel: Any, strides: tuple[int, int]) -> tuple[Any, tuple[Any, Any]]:
    return _conv(x, kernel, strides), (x, kernel)


def _backward(strides: tuple[int, int], kept: tuple[Any, Any], dy: Any) -> tuple[Any, Any]:
    x, kernel = kept
    turned = _block_kernel(kernel, strides)[::-1, ::-1].swapaxes(2, 3)
    padding = [(1, 1) if stride == 1 else (0, 1) for stride in strides]
    blocks = lax.conv_general_dilated(dy, turned, (1, 1), padding, dimension_numbers=_LAYOUT)
    _, pullback = jax.vjp(lambda k: _conv(x, k, strides), kernel)
    return _unblock(blocks, strides), pullback(dy)[0]


_strided.defvjp(_forward, _backward)


def _block_kernel(kernel: Any, strides: tuple[int, int]) -> Any:
    """The kernel over blocks: (blocks down, blocks across, cells of a block x c, d)."""
    for axis, stride in zip((0, 2), strides, strict=True):
        if stride == 2:  # taps -1, 0, 1 are the second cell of the block before and both of this
            padding = [(1, 0) if i == axis else (0, 0) for i in range(kernel.ndim)]
            shape = (*kernel.shape[:axis], 2, 2, *kernel.shape[axis + 1 :])
            kernel = jnp.pad(kernel, padding).reshape(shape)
        else:
            kernel = jnp.expand_dims(kernel, axis + 1)
    down, rows, across, columns, c, d = kernel.shape
    return kernel.transpose(0, 2, 1, 3, 4, 5).reshape(down, across, rows * columns * c, d)


def _blocks(x: Any, size: Sequence[int]) -> Any:
    """(b, h, w, c) -> (b, h / r, w / s, r s c)."""
    b, h, w, c = x.shape
    grid = x.reshape(b, h // size[0], size[0], w // size[1], size[1], c)
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // size[0], w // size[1], -1)


def _unblock(blocks: Any, size: tuple[int, int]) -> Any:
    """The inverse of `_blocks`."""
    b, i, j, _ = blocks.shape
    grid = blocks.reshape(b, i, j, *size, -1).transpose(0, 1, 3, 2, 4, 5)
    return grid.reshape(b, i * size[0], j * size[1], -1)
