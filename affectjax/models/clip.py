"""CLIP (Radford et al. 2021, arXiv 2103.00020): image and text towers in one space.

Sizes of OpenAI's release and of OpenCLIP's (Cherti et al. 2022, arXiv 2212.07143). Images are RGB
in [0, 1] normalised by `MEAN` and `STD`; texts are the ids of `data/clip_tokens.py`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.attention import Dense, drop_path_rates
from affectjax.models.transformer import (
    Block,
    PatchEmbed,
    Tower,
    causal,
    layer_norm,
    positions_for,
)

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
EPS = 1e-5
SCALE_INIT = float(np.log(1 / 0.07))


@dataclass(frozen=True)
class Size:
    """What a published name stands for: image side, patch, common width, both towers."""

    image: int
    patch: int
    embed: int
    vision: Tower
    text: Tower
    act: str = "gelu"
    context: int = 77
    vocab: int = 49408


_S, _M, _B = Tower(384, 12, 6), Tower(512, 12, 8), Tower(768, 12, 12)
_PLUS, _L, _H = Tower(896, 12, 14), Tower(1024, 24, 16), Tower(1280, 32, 16)
_G, _BIG = Tower(1408, 40, 16, 6144), Tower(1664, 48, 16, 8192)
_E = Tower(1792, 56, 16, 15360)
_T384, _T512, _T640 = Tower(384, 12, 6), Tower(512, 12, 8), Tower(640, 12, 10)
_T768, _T1024 = Tower(768, 12, 12), Tower(1024, 24, 16)
_T1280, _TE = Tower(1280, 32, 20), Tower(1280, 36, 20)

# Radford et al., table 20 (B and L); the model configs of OpenCLIP 3.3 for the rest.
_SIZES: Mapping[str, Size] = {
    "S/32": Size(224, 32, 384, _S, _T384),
    "S/16": Size(224, 16, 384, _S, _T384),
    "M/32": Size(224, 32, 512, _M, _T512),
    "M/16": Size(224, 16, 512, _M, _T512),
    "B/32": Size(224, 32, 512, _B, _T512),
    "B/32@256": Size(256, 32, 512, _B, _T512),
    "B/16": Size(224, 16, 512, _B, _T512),
    "B+/32@256": Size(256, 32, 640, _PLUS, _T640),
    "B+/16": Size(224, 16, 640, _PLUS, _T640),
    "B+/16@240": Size(240, 16, 640, _PLUS, _T640),
    "L/16": Size(224, 16, 768, _L, _T768),
    "L/16@320": Size(320, 16, 768, _L, _T768),
    "L/14": Size(224, 14, 768, _L, _T768),
    "L/14@280": Size(280, 14, 768, _L, _T768),
    "L/14@336": Size(336, 14, 768, _L, _T768),
    "H/16": Size(224, 16, 1024, _H, _T1024),
    "H/14": Size(224, 14, 1024, _H, _T1024),
    "H/14@378": Size(378, 14, 1024, _H, _T1024),
    "g/14": Size(224, 14, 1024, _G, _T1024),
    "bigG/14": Size(224, 14, 1280, _BIG, _T1280),
    "e/14": Size(224, 14, 1280, _E, _TE),
}
OPENAI = ("B/32", "B/16", "L/14", "L/14@336")


def size(name: str) -> Size:
    """The size of a name like "B/16" or "L/14@336", with exact GELU as OpenCLIP trains.

    "openai:B/16" is OpenAI's release, which has quick GELU; so have the weights that OpenCLIP
    calls "-quickgelu": "quick:H/14".

    >>> size("openai:L/14").act, size("L/14").vision.width
    ('quick_gelu', 1024)
    """
    family, _, plain = name.rpartition(":")
    names = OPENAI if family == "openai" else tuple(_SIZES)
    if family not in ("", "quick", "openai") or plain not in names:
        raise ValueError(f"no size {name!r} of CLIP; there are {', '.join(sizes())}")
    found = _SIZES[plain]
    return dataclasses.replace(found, act="quick_gelu") if family else found


def sizes() -> list[str]:
    """All names that `size` knows, but for the "quick:" ones."""
    return [*(f"openai:{n}" for n in OPENAI), *_SIZES]


class ImageTower(nn.Module):
    """Images to "feature" (b, e), not normalised, and "tokens" (b, 1 + n, d), the last hidden.

    Also "patches" (b, n, d), the tokens without the first, after the norm of the feature.

    Attributes:
      image: side of the images that the position table is for. Images of another size are an
        error unless `interpolate`, which resizes the table in the forward pass.
      drop_path: largest rate of stochastic depth, rising linearly over the blocks.
    """

    tower: Tower
    image: int
    patch: int
    embed: int
    act: str = "quick_gelu"
    eps: float = EPS
    interpolate: bool = False
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self,
        images: Float[Array, "b h w 3"],
        prompts: Float[Array, "l p d"] | None = None,
        deterministic: bool = True,
    ) -> dict[str, Array]:
        """`prompts` are visual prompts: p tokens put after the patches, anew in the first l blocks.

        l = 1 is VPT-shallow, l = depth VPT-deep (Jia et al. 2022, arXiv 2203.12119).
        """
        t = self.tower
        x = self._embed(images)
        patches = x.shape[1]
        x = layer_norm("ln_pre", self.eps, self.dtype)(x)
        self.sow("intermediates", "hidden_0", x)
        for i, rate in enumerate(drop_path_rates(self.drop_path, t.depth)):
            if prompts is not None and i < prompts.shape[0]:
                rows = jnp.broadcast_to(prompts[i], (x.shape[0], *prompts.shape[1:]))
                x = jnp.concatenate([x[:, :patches], rows.astype(x.dtype)], axis=1)
            settings = {"eps": self.eps, "drop_path": rate, "dtype": self.dtype}
            block = Block(t.heads, t.hidden, self.act, **settings, name=f"blocks_{i}")
            if i + 1 < t.depth:
                x = block(x, None, deterministic)
            else:
                x, first = block(x, None, deterministic, at=0)
            self.sow("intermediates", f"hidden_{i + 1}", x)
        norm = layer_norm("ln_post", self.eps, self.dtype)
        project = Dense(self.embed, use_bias=False, dtype=self.dtype, name="proj")
        return {
            "feature": project(norm(first)),
            "tokens": x[:, :patches],
            "patches": norm(x[:, 1:patches]),
        }

    def _embed(self, images: Float[Array, "b h w 3"]) -> Float[Array, "b m d"]:
        width, side = self.tower.width, self.image // self.patch
        embed = PatchEmbed(width, self.patch, False, dtype=self.dtype, name="patch_embed")
        x = embed(images)
        init = nn.initializers.normal(width**-0.5)
        first = self.param("class_token", init, (width,))
        table = self.param("positions", init, (side * side + 1, width))
        table = positions_for(table, images.shape, self.patch, self.image, self.interpolate)
        first = jnp.broadcast_to(first, (x.shape[0], 1, width)).astype(x.dtype)
        return jnp.concatenate([first, x], axis=1) + table.astype(x.dtype)


class TextTower(nn.Module):
    """Token ids to "feature" (b, e), not normalised, and "tokens" (b, n, d) after the last norm."""

    tower: Tower
    embed_width: int
    context: int = 77
    vocab: int = 49408
    act: str = "quick_gelu"
    eps: float = EPS
    dtype: Any = None

    def setup(self) -> None:
        t = self.tower
        init = nn.initializers.normal(0.02)
        self.token_embedding = self.param("token_embedding", init, (self.vocab, t.width))
        init = nn.initializers.normal(0.01)
        self.positions = self.param("positions", init, (self.context, t.width))
        settings = {"eps": self.eps, "dtype": self.dtype}
        self.blocks = [Block(t.heads, t.hidden, self.act, **settings) for _ in range(t.depth)]
        self.ln_final = nn.LayerNorm(epsilon=self.eps, dtype=self.dtype)
        self.proj = Dense(self.embed_width, use_bias=False, dtype=self.dtype)

    def __call__(self, tokens: Int[Array, "b n"]) -> dict[str, Array]:
        """The feature is read where the id is highest: at the end of the text."""
        return self.encode(self.embed(tokens), end_of_text(tokens))

    def embed(self, tokens: Int[Array, "b n"]) -> Float[Array, "b n d"]:
        """Rows of the vocabulary, without positions."""
        return jnp.take(self.token_embedding, tokens, axis=0)

    def encode(self, x: Float[Array, "b n d"], end: Int[Array, " b"]) -> dict[str, Array]:
        """From rows of the vocabulary, or learned prompts among them, and the last text token."""
        length = x.shape[1]
        if length > self.context:
            raise ValueError(f"a text of {length} tokens is longer than the context {self.context}")
        x = (x + self.positions[:length]).astype(self.dtype or x.dtype)
        self.sow("intermediates", "hidden_0", x)
        hide = causal(length)
        for i, block in enumerate(self.blocks):
            if i + 1 < len(self.blocks):
                x = block(x, hide)
            else:
                x, whole = block(x, hide, at=end)
            self.sow("intermediates", f"hidden_{i + 1}", x)
        return {"feature": self.proj(self.ln_final(whole)), "tokens": self.ln_final(x)}


class Clip(nn.Module):
    """Both towers and their common scale."""

    size: Size
    interpolate: bool = False
    drop_path: float = 0.0
    dtype: Any = None

    def setup(self) -> None:
        s = self.size
        self.visual = ImageTower(
            s.vision,
            s.image,
            s.patch,
            s.embed,
            s.act,
            interpolate=self.interpolate,
            drop_path=self.drop_path,
            dtype=self.dtype,
        )
        self.text = TextTower(s.text, s.embed, s.context, s.vocab, s.act, dtype=self.dtype)
        self.logit_scale = self.param("logit_scale", nn.initializers.constant(SCALE_INIT), ())

    def __call__(
        self, images: Float[Array, "b h w 3"], tokens: Int[Array, "k n"]
    ) -> dict[str, Array]:
        """The "logits" (b, k) = exp(logit_scale) cos(image, text); features and tokens of both."""
        image, text = self.visual(images), self.text(tokens)
        scale = jnp.exp(self.logit_scale)
        return {
            "logits": scale * unit(image["feature"]) @ unit(text["feature"]).T,
            **{f"image_{k}": v for k, v in image.items()},
            **{f"text_{k}": v for k, v in text.items()},
        }

    def encode_image(self, images: Float[Array, "b h w 3"]) -> Float[Array, "b e"]:
        """Image features, not normalised."""
        return self.visual(images)["feature"]

    def encode_text(self, tokens: Int[Array, "k n"]) -> Float[Array, "k e"]:
        """Text features, not normalised."""
        return self.text(tokens)["feature"]


def end_of_text(tokens: Int[Array, "b n"]) -> Int[Array, " b"]:
    """Place of the highest id, which is the end-of-text token."""
    return jnp.argmax(tokens, axis=-1)


def unit(x: Float[Array, "*b d"]) -> Float[Array, "*b d"]:
    """x / |x|, in float32."""
    x = x.astype(jnp.float32)
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)
