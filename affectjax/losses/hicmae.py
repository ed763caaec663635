"""The pre-training loss of HiCMAE: reconstruction of both modalities, and contrast at the taps."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affectjax.losses import contrastive, masked
from affectjax.models.hicmae import gather


def terms(
    outputs: Mapping[str, Any],
    target_video: Float[Array, "b nv p"],
    target_audio: Float[Array, "b na q"],
    masked_video: Int[Array, "b kv"],
    masked_audio: Int[Array, "b ka"],
    *,
    temperature: float = 0.07,
    groups: int = 1,
) -> dict[str, Float[Array, " b"]]:
    """Per-example `video`, `audio` (mean squared errors of masked tokens) and `contrast`.

    `contrast` is the symmetric InfoNCE between the mean visible tokens of both encoders, summed
    over the taps. `groups` parts of the batch see only their own negatives.
    """
    taps = zip(outputs["taps_video"], outputs["taps_audio"], strict=True)
    contrast = [contrastive.between(v, a, temperature, groups) for v, a in taps]
    return {
        "video": masked.squared_error(outputs["pred_video"], gather(target_video, masked_video)),
        "audio": masked.squared_error(outputs["pred_audio"], gather(target_audio, masked_audio)),
        "contrast": jnp.sum(jnp.stack(contrast), axis=0),
    }


def total(parts: Mapping[str, Array], contrast_weight: float = 0.0025) -> Array:
    """video + audio + contrast_weight x contrast (weight of the released script)."""
    return parts["video"] + parts["audio"] + contrast_weight * parts["contrast"]
