"""SEVLM whole: CLIP's patches of a picture, and the texts that are said or scored after them."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int

from affectjax.models.clip import ImageTower
from affectjax.models.sevlm import SEVLM, VADEncoder


class Captioner(nn.Module):
    """Pictures and r texts on each to SEVLM's outputs.

    Attributes:
      trunk: of pictures; its "patches" are read.
      language: without a prefix.
      words: makes features of the words' VAD; None: words carry none.
    """

    trunk: ImageTower
    language: SEVLM
    words: VADEncoder | None = None

    def __call__(
        self,
        images: Float[Array, "b h w 3"],
        ids: Int[Array, "b r n"] | None = None,
        types: Int[Array, "b r n"] | None = None,
        vad: Float[Array, "b r n 3"] | None = None,
        negatives: Int[Array, "q c"] | None = None,
        deterministic: bool = True,
    ) -> dict[str, Array]:
        """The "patches" (b, m, d) and "feature" (b, d), their mean; with texts `SEVLM`'s outputs.

        The latter are of the c = b r texts, those on one picture side by side. The trunk is always
        without randomness.
        """
        patches = self.trunk(images)["patches"]
        out = {"patches": patches, "feature": patches.mean(1)}
        if ids is None or types is None:
            return out
        repeated = jnp.repeat(patches, ids.shape[1], axis=0)
        features = None
        if self.words is not None and vad is not None:
            features = self.words(_flat(vad), deterministic=deterministic)
        given = (_flat(ids), _flat(types), repeated, None, features, negatives)
        return {**out, **self.language(*given, deterministic)}


def _flat(x: Any) -> jax.Array:
    return x.reshape(-1, *x.shape[2:])
