"""An emotion read together with what else the picture holds: EmoSet's attribute module.

Of the paper (Yang et al. 2023, arXiv 2307.07961) the wiring could not be read: which stage
tells which attribute, and how the emotion reads them, is ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.affect.attributes import KINDS
from affectjax.models.attention import Dense

OBJECTS = "objects"
# Early maps hold colour and light, late ones what somebody does.
DEPTHS: Mapping[str, int] = {
    "brightness": 0,
    "colorfulness": 0,
    "scene": 1,
    OBJECTS: 1,
    "facial_expression": 2,
    "human_action": 2,
}


class Attributed(nn.Module):
    """Pictures to "logits" (b, classes), and of each attribute "<kind>_logits" (b, its count).

    Each attribute has an embedding: the mean of a map of the trunk at its depth, a hidden layer,
    ReLU; one linear layer tells the attribute from it, and the emotion is read from the trunk's
    feature and all embeddings, side by side. All are float32.

    Attributes:
      trunk: pictures -> "feature" (b, d) and the maps named in `stages`, such as `resnet.ResNet`.
      counts: of each of `affect.attributes.KINDS`; empty: the plain network, without the module.
      objects: labels that may hold together.
      stages: the maps for early, middle and late attributes (`DEPTHS`).
      width: of each embedding.
      stop: the emotion's gradient does not reach the embeddings, which then serve the attributes
        alone.
    """

    trunk: nn.Module
    classes: int
    counts: Sequence[int] = ()
    objects: int = 0
    stages: Sequence[str] = ("stage_0", "stage_2", "stage_3")
    width: int = 64
    dropout: float = 0.0
    stop: bool = False
    dtype: Any = None

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        if len(self.counts) not in (0, len(KINDS)) or len(self.stages) != 3:
            raise ValueError(
                f"config.task.model has {len(self.counts)} counts for {', '.join(KINDS)}, and "
                f"{len(self.stages)} stages for early, middle and late"
            )
        seen = self.trunk(images, deterministic=deterministic)
        if absent := [s for s in self.stages if self.counts and s not in seen]:
            raise ValueError(
                f"config.task.model.stages names {absent}, the trunk gives {sorted(seen)}"
            )
        read = [seen["feature"].astype(jnp.float32)]
        out = {}
        for kind, count in self._heads().items():
            pooled = seen[self.stages[DEPTHS[kind]]].mean(axis=(1, 2)).astype(jnp.float32)
            embedded = nn.relu(Dense(self.width, dtype=self.dtype, name=f"{kind}_embed")(pooled))
            embedded = embedded.astype(jnp.float32)
            out[f"{kind}_logits"] = Dense(count, name=kind)(embedded)
            read.append(jax.lax.stop_gradient(embedded) if self.stop else embedded)
        feature = jnp.concatenate(read, axis=-1)
        kept = nn.Dropout(self.dropout, deterministic=deterministic)(feature)
        return {"logits": Dense(self.classes, name="emotion")(kept), "feature": feature, **out}

    def _heads(self) -> dict[str, int]:
        if not self.counts:
            return {}
        heads = dict(zip(KINDS, self.counts, strict=True))
        return {**heads, OBJECTS: self.objects} if self.objects else heads
