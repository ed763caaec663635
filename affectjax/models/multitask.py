"""Several things told of one feature: any backbone, and a linear head for each."""

from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import heads


class Multitask(nn.Module):
    """Pictures to "logits" (b, classes), "vad" (b, dimensions) and "multilabel_logits" (b, labels).

    Attributes:
      trunk: pictures -> {"feature": (b, d)}.
      classes, dimensions, labels: of each head; 0 for none. "vad" is bounded by tanh.
      dropout: on the feature.
      std: of the expressions' first weights, see `heads.Categorical`.
    """

    trunk: nn.Module
    classes: int = 0
    dimensions: int = 0
    labels: int = 0
    dropout: float = 0.0
    std: float = 0.0

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        feature = self.trunk(images, deterministic=deterministic)["feature"]
        read = nn.Dropout(self.dropout, deterministic=deterministic)(feature)
        out = {"feature": feature}
        if self.classes:
            out |= heads.Categorical(self.classes, self.std, name="expression")(read)
        if self.dimensions:
            out |= heads.VAD(self.dimensions, name="dimensions")(read)
        if self.labels:
            out |= heads.MultiLabel(self.labels, name="units")(read)
        return out
