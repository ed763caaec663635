"""VideoMAE (Tong et al. 2022, arXiv 2203.12602): masked auto-encoding of clips."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from affectjax.models.attention import Dense, drop_path_rates, sincos
from affectjax.models.hicmae import gather, split_mask
from affectjax.models.transformer import Block, PatchEmbed, Tower, layer_norm

# Table 7 of the paper and the released pre-training configs: encoder, decoder.
SIZES: Mapping[str, tuple[Tower, Tower]] = {
    "S": (Tower(384, 12, 6), Tower(192, 4, 3)),
    "B": (Tower(768, 12, 12), Tower(384, 4, 6)),
    "L": (Tower(1024, 24, 16), Tower(512, 4, 8)),
    "H": (Tower(1280, 32, 16), Tower(640, 4, 8)),
}


def size(name: str) -> tuple[Tower, Tower]:
    """(encoder, decoder) of a named size."""
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of VideoMAE; there are {', '.join(SIZES)}")
    return SIZES[name]


class Encoder(nn.Module):
    """Tubelets with fixed positions through the blocks; only tokens `index` where given.

    Keys have no bias. `norm` False leaves out the last norm: models that pool by the mean have
    theirs after it.
    """

    tower: Tower
    patch: int = 16
    tubelet: int = 2
    norm: bool = False
    eps: float = 1e-12
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        frames: Float[Array, "b t h w 3"],
        index: Int[Array, "b v"] | None = None,
        deterministic: bool = True,
    ) -> Float[Array, "b v d"]:
        t = self.tower
        embed = PatchEmbed(t.width, self.patch, tubelet=self.tubelet, dtype=self.dtype)
        x = embed.copy(name="patch_embed")(frames)
        x = x + jnp.asarray(sincos(x.shape[1], t.width), x.dtype)
        if index is not None:
            x = gather(x, index)
        for i, rate in enumerate(drop_path_rates(self.drop_path, t.depth)):
            settings = {"eps": self.eps, "key_bias": False, "drop_path": rate, "dtype": self.dtype}
            x = Block(t.heads, t.hidden, **settings, name=f"blocks_{i}")(x, None, deterministic)
        return layer_norm("norm", self.eps, self.dtype)(x) if self.norm else x


class Pretrain(nn.Module):
    """Encode the visible tubelets, decode the masked: "prediction" (b, k, p), "tokens" (b, v, d).

    Predicted patches are in ascending order of their place, pixels in the order of
    `transformer.cut`; the loss is `losses.masked.squared_error` against `masked.video_target`.
    """

    encoder_tower: Tower
    decoder_tower: Tower
    patch: int = 16
    tubelet: int = 2
    norm: bool = False
    eps: float = 1e-12
    dtype: Any = None

    @nn.compact
    def __call__(
        self, frames: Float[Array, "b t h w 3"], mask: Bool[Array, "b n"], masked: int
    ) -> dict[str, Array]:
        """`masked`, the number of True in each row of the mask, is static."""
        visible, hidden = split_mask(mask, masked)
        encoder = Encoder(
            self.encoder_tower, self.patch, self.tubelet, self.norm, self.eps, 0.0, self.dtype
        )
        x = encoder.copy(name="encoder")(frames, visible)
        t = self.decoder_tower
        project = Dense(t.width, use_bias=False, dtype=self.dtype, name="encoder_to_decoder")
        token = self.param("mask_token", nn.initializers.normal(0.02), (t.width,))
        positions = jnp.asarray(sincos(mask.shape[1], t.width))[None]
        at_visible, at_hidden = gather(positions, visible), gather(positions, hidden)
        y = jnp.concatenate([project(x) + at_visible, token + at_hidden], axis=1)
        y = Decoder(t, self.tubelet * self.patch**2 * 3, self.eps, self.dtype, name="decoder")(
            y.astype(x.dtype), masked
        )
        return {"prediction": y, "tokens": x}


class Decoder(nn.Module):
    """Blocks over all tokens, then norm and a linear layer to pixels on the last `masked`."""

    tower: Tower
    outputs: int
    eps: float = 1e-12
    dtype: Any = None
    key_bias: bool = False

    @nn.compact
    def __call__(self, x: Float[Array, "b n d"], masked: int) -> Float[Array, "b k p"]:
        t, settings = self.tower, {"eps": self.eps, "key_bias": self.key_bias, "dtype": self.dtype}
        for i in range(t.depth):
            x = Block(t.heads, t.hidden, **settings, name=f"blocks_{i}")(x)
        x = layer_norm("norm", self.eps, self.dtype)(x[:, -masked:])
        return Dense(self.outputs, dtype=self.dtype, name="head")(x)
