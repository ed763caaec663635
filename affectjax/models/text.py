"""An encoder of texts with heads of affect on its pooled feature."""

from collections.abc import Mapping

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from affectjax.models import heads as heads_lib


class Text(nn.Module):
    """Texts to the heads' outputs by name (float32) and "feature" (b, d).

    Attributes:
      encoder: (ids, mask, deterministic=...) -> {"feature": (b, d)}, such as `bert.Bert`.
      heads: outputs by name: "vad" 3 (and beside it "vad_log_variance" 3 or "vad_quantiles" 6),
        "logits", "multilabel_logits"; each is one linear map.
      hidden: width of a tanh layer between feature and heads; 0 for none.
      dropout: in front of the hidden layer and of the heads.
    """

    encoder: nn.Module
    heads: Mapping[str, int]
    hidden: int = 0
    dropout: float = 0.1

    @nn.compact
    def __call__(
        self, ids: Int[Array, "b n"], mask: Bool[Array, "b n"], deterministic: bool = True
    ) -> dict[str, Float[Array, "b k"]]:
        feature = self.encoder(ids, mask, deterministic=deterministic)["feature"]
        drop = nn.Dropout(self.dropout, deterministic=deterministic)
        x = drop(feature.astype(jnp.float32))
        if self.hidden:
            x = drop(jnp.tanh(nn.Dense(self.hidden, name="head_hidden")(x)))
        outputs = {name: nn.Dense(n, name=f"head_{name}")(x) for name, n in self.heads.items()}
        if "vad_log_variance" in outputs:
            free = outputs["vad_log_variance"]
            outputs["vad_log_variance"] = heads_lib.bounded_log_variance(free)
        if "vad_quantiles" in outputs:
            outputs |= heads_lib.quantiles(outputs["vad"], outputs.pop("vad_quantiles"))
        return {"feature": feature, **outputs}
