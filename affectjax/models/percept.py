"""PerceptCLIP ("Don't Judge Before You CLIP", arXiv 2503.13260): one recipe for perceptual tasks.

CLIP's image tower, frozen, with low-rank branches in its attention, and a small network on the
projected feature: the emotion that a picture evokes, its quality, how well it is remembered.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float


class Percept(nn.Module):
    """Images to `output`: "logits" or "vad" (b, outputs), or "score" (b,); and "feature" (b, e).

    The feature is not normalised. Linear, ReLU and dropout a hidden width, then one linear layer.

    Attributes:
      tower: images -> {"feature": (b, e)}: `clip.ImageTower`, or `lora.Adapted` around it.
    """

    tower: nn.Module
    output: str = "logits"
    outputs: int = 8
    hidden: Sequence[int] = (512, 256)
    dropout: float = 0.5

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        if self.output not in ("logits", "vad", "score"):
            raise ValueError(f"output={self.output!r}; allowed: logits, vad, score")
        if self.output == "score" and self.outputs != 1:
            raise ValueError(f"a score is one number, outputs={self.outputs}")
        feature = self.tower(images, deterministic=deterministic)["feature"]
        x = feature.astype(jnp.float32)
        for i, width in enumerate(self.hidden):
            x = nn.relu(nn.Dense(width, name=f"mlp_fc{i + 1}")(x))
            x = nn.Dropout(self.dropout, deterministic=deterministic)(x)
        x = nn.Dense(self.outputs, name=f"mlp_fc{len(self.hidden) + 1}")(x)
        return {self.output: x[:, 0] if self.output == "score" else x, "feature": feature}
