"""Vision Transformer (Dosovitskiy et al. 2021, arXiv 2010.11929) for pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attention import Dense, drop_path_rates
from affectjax.models.tokens import gather
from affectjax.models.transformer import (
    Block,
    PatchEmbed,
    Tower,
    layer_norm,
    positions_for,
    sincos_2d,
)


@dataclass(frozen=True)
class Size:
    """Image side, patch and tower of a name."""

    image: int
    patch: int
    tower: Tower


_TOWERS: Mapping[str, Tower] = {
    "Ti": Tower(192, 12, 3),
    "S": Tower(384, 12, 6),
    "B": Tower(768, 12, 12),
    "L": Tower(1024, 24, 16),
    "H": Tower(1280, 32, 16),
    "g": Tower(1408, 40, 16, 6144),
    "G": Tower(1664, 48, 16, 8192),
}
_NAMES = ("Ti/16", "S/32", "S/16", "B/32", "B/16", "B/8", "L/32", "L/16", "H/14", "g/14", "G/14")


def size(name: str) -> Size:
    """The size of a name like "B/16" or "B/16@384"; without "@" images are of 224.

    Dosovitskiy et al., table 1; Ti and S as DeiT (Touvron et al. 2021), g and G as Zhai et al.
    (2022, arXiv 2106.04560).

    >>> size("B/16@384")
    Size(image=384, patch=16, tower=Tower(width=768, depth=12, heads=12, mlp=0))
    """
    plain, _, side = name.partition("@")
    if plain not in _NAMES or (side and not side.isdigit()):
        raise ValueError(f"no size {name!r} of ViT; there are {', '.join(_NAMES)}, and with @side")
    letters, _, patch = plain.partition("/")
    return Size(int(side or 224), int(patch), _TOWERS[letters])


class ViT(nn.Module):
    """Images to "feature" (b, d) and "tokens" (b, 1 + n, d), both after the last norm.

    Also "first" (b, d), the class token, whatever the feature is.

    Attributes:
      image: side of the images that the position table is for; another is an error unless
        `interpolate`, which resizes the table in the forward pass.
      pool: the feature is the class "token" or the "mean" of the patches.
      pooler: the feature goes through a linear layer and tanh (Hugging Face's ViTModel).
      classes: also "logits" (b, k) by a linear head; 0 for none.
      eps: of the norms; 1e-6 in timm and Google's code, 1e-12 in Hugging Face's configs.
      fixed: positions of patches are `transformer.sincos_2d` in place of a learned table, and the
        class token has none (MAE, He et al. 2022, arXiv 2111.06377).
    """

    tower: Tower
    image: int = 224
    patch: int = 16
    pool: Literal["token", "mean"] = "token"
    pooler: bool = False
    classes: int = 0
    act: str = "gelu"
    eps: float = 1e-6
    interpolate: bool = False
    drop_path: float = 0.0
    fixed: bool = False
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        images: Float[Array, "b h w 3"],
        deterministic: bool = True,
        visible: Int[Array, "b v"] | None = None,
    ) -> dict[str, Array]:
        """`visible`: the places of the patches that are read, beside the class token; None: all."""
        if self.pool not in ("token", "mean"):
            raise ValueError(f"pool={self.pool!r}; allowed: 'token', 'mean'")
        t = self.tower
        x = self._embed(images)
        if visible is not None:
            x = jnp.concatenate([x[:, :1], gather(x[:, 1:], visible)], axis=1)
        self.sow("intermediates", "hidden_0", x)
        for i, rate in enumerate(drop_path_rates(self.drop_path, t.depth)):
            settings = {"eps": self.eps, "drop_path": rate, "dtype": self.dtype}
            block = Block(t.heads, t.hidden, self.act, **settings, name=f"blocks_{i}")
            if i + 1 < t.depth:
                x = block(x, None, deterministic)
            else:
                x, first = block(x, None, deterministic, at=0)
            self.sow("intermediates", f"hidden_{i + 1}", x)
        norm = layer_norm("norm", self.eps, self.dtype)
        x, first = norm(x), norm(first)
        feature = first if self.pool == "token" else x[:, 1:].mean(axis=1)
        if self.pooler:
            feature = jnp.tanh(Dense(t.width, dtype=self.dtype, name="pooler")(feature))
        out = {"feature": feature, "first": first, "tokens": x}
        if self.classes:
            out["logits"] = Dense(self.classes, name="head")(feature.astype(jnp.float32))
        return out

    def _embed(self, images: Float[Array, "b h w 3"]) -> Float[Array, "b m d"]:
        width, side = self.tower.width, self.image // self.patch
        x = PatchEmbed(width, self.patch, dtype=self.dtype, name="patch_embed")(images)
        normal = nn.initializers.normal(0.02)
        init = normal if self.fixed else nn.initializers.zeros
        first = self.param("class_token", init, (width,))
        if self.fixed:
            grid = sincos_2d(images.shape[1] // self.patch, images.shape[2] // self.patch, width)
            table = jnp.asarray(np.pad(grid, ((1, 0), (0, 0))), jnp.float32)
        else:
            table = self.param("positions", normal, (side * side + 1, width))
            table = positions_for(table, images.shape, self.patch, self.image, self.interpolate)
        first = jnp.broadcast_to(first, (x.shape[0], 1, width)).astype(x.dtype)
        return jnp.concatenate([first, x], axis=1) + table.astype(x.dtype)
