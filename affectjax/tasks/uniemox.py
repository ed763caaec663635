"""Pre-training of UniEmoX: a hidden scene is drawn, and its class token says what CLIP says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics

from affectjax.losses import masked
from affectjax.losses import uniemox as losses
from affectjax.metrics import states
from affectjax.models import masks
from affectjax.models.tokens import gather, split_mask
from affectjax.models.transformer import cut
from affectjax.models.uniemox import UniEmoX
from affectjax.tasks.inputs import one_row
from affectjax.tasks.masked import EVAL_SEED, PASSED
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class UniEmoXPretrain:
    """loss = mae_weight MSE + likeness_weight L_sim + pattern_weight L_con (`losses.uniemox`).

    Attributes:
      inputs: three pictures: the scene, the person, and the scene as CLIP reads it, such as
        keys ("image", "person", "image") and norms ("imagenet", "imagenet", "clip").
      mask: share of patches hidden of each view: n - int(n (1 - mask)) of n, as MAE's code counts.
      normalised: patches are normalised before they are predicted; the code leaves that off.
    """

    model: UniEmoX
    inputs: Pictures
    mask: float = 0.9
    normalised: bool = False
    mae_weight: float = 1.0
    likeness_weight: float = 1.0
    pattern_weight: float = 1.0

    def __post_init__(self) -> None:
        if len(self.inputs.keys) != 3:
            raise ValueError(
                f"config.task.inputs.keys = {list(self.inputs.keys)}: name scene, person, and the "
                "scene that CLIP sees"
            )

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return self.model.init(key, *self._given(one_row(spec), key))

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        parts = {k: v.mean() for k, v in self._terms(variables, batch, key).items()}
        return self._total(parts), {f"loss_{k}": v for k, v in parts.items()}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """Losses of each picture under masks that are always the same.

        L_con is left out: it depends on which pictures share a batch.
        """
        parts = self._terms(variables, batch, jax.random.key(EVAL_SEED))
        del parts["pattern"]
        named = {f"loss_{k}": v for k, v in parts.items()}
        known = {k: batch[k] for k in PASSED if k in batch}
        return {"loss": self._total(parts), **named, **known}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.LossScores

    def _total(self, parts: Mapping[str, jax.Array]) -> jax.Array:
        weights = {
            "mae": self.mae_weight,
            "likeness": self.likeness_weight,
            "pattern": self.pattern_weight,
        }
        return jnp.stack([weights[k] * v for k, v in parts.items()]).sum(0)

    def _terms(self, variables: Any, batch: Batch, key: jax.Array) -> dict[str, jax.Array]:
        given = self._given(batch, key)
        scenes, hidden = given[0], split_mask(given[4][0], given[5])[1]
        out = self.model.apply(variables, *given)
        target = cut(scenes, self.model.trunk.patch)
        if self.normalised:
            target = masked.normalise_patches(target)
        return {
            "mae": masked.squared_error(out["prediction"], gather(target, hidden)),
            "likeness": losses.likeness(out["fused"], out["image"]),
            "pattern": losses.pattern(out["fused"], out["image"], out["text"], out["scale"]),
        }

    def _given(self, batch: Batch, key: jax.Array) -> tuple[Any, ...]:
        """What the model is called with: pictures, texts, masks, and how much these hide."""
        if "tokens" not in batch:
            raise ValueError(
                f"the batch has no tokens of CLIP, only {sorted(batch)}: make them by "
                "data.ops.labels.Described and data.ops.text.ClipTokens"
            )
        scenes, people, seen = self.inputs(batch)
        side = self.model.trunk.patch
        b, n = len(scenes), (scenes.shape[1] // side) * (scenes.shape[2] // side)
        hidden = n - int(n * (1 - self.mask))
        two = tuple(masks.random_subset(k, b, n, hidden) for k in jax.random.split(key))
        return scenes, people, seen, batch["tokens"], two, hidden
