"""A network that classifies faces, a projection beside it, and perhaps a teacher it listens to."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.attention import Dense


class Taught(nn.Module):
    """Faces to "logits" (b, k), "projected" (b, width) and "feature" (b, d).

    In training, with a teacher, also to "teacher_logits" (b, k), from which no gradient goes back.

    Attributes:
      trunk: faces -> {"feature": (b, d)}.
      width: of the projection, without a bias: that of the prototypes.
      teacher: faces -> {"logits": (b, k)}; None for none.
    """

    trunk: nn.Module
    classes: int
    width: int
    teacher: Any = None

    @nn.compact
    def __call__(
        self, faces: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        feature = self.trunk(faces, deterministic=deterministic)["feature"]
        x = feature.astype(jnp.float32)
        out = {
            "feature": feature,
            "logits": Dense(self.classes, name="head")(x),
            "projected": Dense(self.width, use_bias=False, name="projection")(x),
        }
        if self.teacher is not None and (not deterministic or self.is_initializing()):
            said = self.teacher(faces, deterministic=True)["logits"]
            out["teacher_logits"] = jax.lax.stop_gradient(said)
        return out
