"""UniEmoX (arXiv 2409.18877): a masked scene, the person in it, and CLIP, whom both listen to.

A masked auto-encoder (He et al. 2022, arXiv 2111.06377) of the scene, whose class token, with that
of the person cut out, is to say what CLIP's image tower says. Parameters of the encoder lie under
`trunk`, as those of `multitask.Multitask`, which fine-tunes it.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from affectjax.models import clip
from affectjax.models.attention import Dense
from affectjax.models.tokens import gather, split_mask
from affectjax.models.transformer import Tower, layer_norm, sincos_2d
from affectjax.models.videomae import Decoder
from affectjax.models.vit import ViT

EPS = 1e-6


class Fusion(nn.Module):
    """ELU(W (norm(scene) + norm(person))): "easyfusion" of the code, both under one norm."""

    width: int

    @nn.compact
    def __call__(
        self, scene: Float[Array, "b d"], person: Float[Array, "b d"]
    ) -> Float[Array, "b e"]:
        norm = layer_norm("norm", 1e-5)
        return nn.elu(Dense(self.width, name="linear")(norm(scene) + norm(person)))


class UniEmoX(nn.Module):
    """Pre-training: what is hidden of the scene, and what scene and person say together.

    Attributes:
      trunk: the encoder; with `fixed` positions as published.
      decoder: the decoder's tower.
      teacher: CLIP. No gradient reaches it; to hold it still freeze "^teacher/".
      person: False: the scene's class token stands in for both (the ablation without fusion).
    """

    trunk: ViT
    decoder: Tower
    teacher: clip.Clip
    person: bool = True

    def setup(self) -> None:
        width = self.decoder.width
        self.project = Dense(width)
        self.mask_token = self.param("mask_token", nn.initializers.normal(0.02), (width,))
        outputs = self.trunk.patch**2 * 3
        self.decode = Decoder(self.decoder, outputs, EPS, self.trunk.dtype, key_bias=True)
        self.fusion = Fusion(self.teacher.size.embed)

    def __call__(
        self,
        scenes: Float[Array, "b h w 3"],
        people: Float[Array, "b h w 3"],
        seen: Float[Array, "b i j 3"],
        tokens: Int[Array, "b n"],
        masks: tuple[Bool[Array, "b m"], Bool[Array, "b m"]],
        masked: int,
    ) -> dict[str, Any]:
        """Scenes and people as the trunk reads them, the scenes as CLIP does, and their texts.

        Each view has a mask of `masked` (static) patches. Returns "prediction" (b, masked, p) of
        the scene's hidden patches in ascending order of their places, and "fused", "image",
        "text" (b, e) and the "scale" of CLIP, from all but the first two without a gradient.
        """
        visible, hidden = split_mask(masks[0], masked)
        scene = self.project(self.trunk(scenes, visible=visible)["tokens"])
        first = scene[:, 0]
        person = first
        if self.person:
            shown, _ = split_mask(masks[1], masked)
            person = self.project(self.trunk(people, visible=shown)["first"])
        said = self.teacher(seen, tokens)
        told = {k: said[f"{k}_feature"] for k in ("image", "text")}
        told["scale"] = jnp.exp(self.teacher.logit_scale)
        return {
            "prediction": self._reconstruct(scene, visible, hidden, scenes.shape),
            "fused": self.fusion(first, person),
            **jax.tree.map(jax.lax.stop_gradient, told),
        }

    def _reconstruct(
        self, scene: Array, visible: Array, hidden: Array, shape: tuple[int, ...]
    ) -> Float[Array, "b k p"]:
        """The hidden patches, from the class token, the seen ones and a token for each hidden."""
        rows, columns = (side // self.trunk.patch for side in shape[1:3])
        grid = jnp.asarray(sincos_2d(rows, columns, self.decoder.width), jnp.float32)[None]
        known = scene[:, 1:] + gather(grid, visible)
        missing = self.mask_token + gather(grid, hidden)
        x = jnp.concatenate([scene[:, :1], known, missing], axis=1)
        return self.decode(x.astype(scene.dtype), hidden.shape[1])
