"""CAGE (Wagner, Mätzler, Vossberg, Schneider et al. 2024, arXiv 2404.14975): MaxViT for faces.

One linear layer without bias gives the expressions, valence and arousal together.
"""

from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import maxvit


class Cage(nn.Module):
    """Faces to "logits" (b, classes), where there are classes, "vad" (b, dimensions), "feature".

    Attributes:
      classes: 8 or 7 of AffectNet; 0 for valence and arousal alone.
      dimensions: 2, valence and arousal, without a bound; 0 for the expressions alone.
      dropout: on the feature (0.3 where valence and arousal are learnt alone).
    """

    size: maxvit.Size
    classes: int = 8
    dimensions: int = 2
    dropout: float = 0.0
    drop_path: float = 0.0
    dtype: Any = None

    @nn.compact
    def __call__(
        self, faces: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        outputs = self.classes + self.dimensions
        if not outputs:
            raise ValueError("config.task.model: classes and dimensions are both 0")
        out = maxvit.MaxViT(
            self.size,
            maxvit.TORCHVISION,
            outputs=outputs,
            dropout=self.dropout,
            drop_path=self.drop_path,
            dtype=self.dtype,
            name="maxvit",
        )(faces, deterministic)
        named = {"feature": out["feature"]}
        if self.classes:
            named["logits"] = out["outputs"][:, : self.classes]
        if self.dimensions:
            named["vad"] = out["outputs"][:, self.classes :]
        return named
