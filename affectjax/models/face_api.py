"""The expression network of face-api.js (V. Mühler, MIT): 112 x 112 pixels, 324 k parameters.

Four blocks of four convolutions of 3 x 3, each but the very first separable; within a block every
convolution reads the sum of all before it.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.separable import Separable

MEAN = tuple(x / 255 for x in (122.782, 117.001, 104.298))  # of RGB in [0, 1], its only statistic
SIDE = 112


class FaceApi(nn.Module):
    """Faces to "logits" (b, classes) and "feature" (b, d).

    Attributes:
      widths: of the blocks; each halves the sides.
    """

    classes: int = 7
    widths: Sequence[int] = (32, 64, 128, 256)

    @nn.compact
    def __call__(
        self, faces: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Float[Array, "b k"]]:
        """RGB / 255 less MEAN."""
        del deterministic
        x = faces
        for i, width in enumerate(self.widths):
            name = f"dense{i}_conv0"
            if i == 0:
                first = nn.Conv(width, (3, 3), 2, name=name)
            else:
                first = Separable(width, 2, use_bias=True, name=name)
            total = nn.relu(first(x))
            for j in range(1, 4):
                conv = Separable(width, use_bias=True, name=f"dense{i}_conv{j}")
                total = total + conv(nn.relu(total))
            x = nn.relu(total)
        feature = jnp.mean(x, axis=(1, 2))
        return {"logits": nn.Dense(self.classes, name="fc")(feature), "feature": feature}
