"""Self-supervised pre-training of HiCMAE: masked reconstruction and cross-modal contrast."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
from clu import metrics as clu_metrics
from jaxtyping import Array

from affectjax.losses import hicmae as hicmae_loss
from affectjax.losses import masked
from affectjax.metrics import states
from affectjax.models import hicmae, masks
from affectjax.tasks.inputs import Inputs, one_row

Batch = Mapping[str, jax.Array]
EVAL_SEED = 0
PASSED = ("subject", "view", "valid")


@dataclass(frozen=True)
class MaskedPretrain:
    """loss = video MSE + audio MSE + contrast_weight x InfoNCE summed over the taps.

    Attributes:
      mask_video, mask_audio: shares of tokens hidden (tubes of places; any tokens).
      target: what the video decoder predicts, see `losses.masked.video_target`.
      group: frames in a group of "framediff"; 0 for those of a tubelet.
      difference_weight: w of (1 - w) first frame + w differences in the video loss of "framediff"
        (`losses.masked.weighted_frames`); 0 for the plain mean, as the released script.
      negative_groups: parts of the batch with negatives of their own; 1 is the whole global batch,
        the number of devices is what a run computes that exchanges nothing ("local").
    """

    model: hicmae.Pretrain
    inputs: Inputs
    mask_video: float = 0.9
    mask_audio: float = 0.8
    target: Literal["plain", "framediff", "unnormalised"] = "framediff"
    group: int = 0
    difference_weight: float = 0.0
    contrast_weight: float = 0.0025
    temperature: float = 0.07
    negative_groups: int = 1

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        frames, mel = self.inputs(one_row(spec))
        return self.model.init(key, frames, mel, *self._masks(key, frames, mel))

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        parts = {k: v.mean() for k, v in self._terms(variables, batch, key).items()}
        named = {f"loss_{k}": v for k, v in parts.items()}
        return hicmae_loss.total(parts, self.contrast_weight), named

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """Reconstruction losses of each clip under masks that are always the same.

        The contrast is left out: it depends on which clips share a batch.
        """
        parts = self._terms(variables, batch, jax.random.key(EVAL_SEED))
        named = {"loss_video": parts["video"], "loss_audio": parts["audio"]}
        total = parts["video"] + parts["audio"]
        return {"loss": total, **named, **{k: batch[k] for k in PASSED if k in batch}}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.LossScores

    def _terms(self, variables: Any, batch: Batch, key: jax.Array) -> dict[str, Array]:
        frames, mel = self.inputs(batch)
        mask_v, mask_a, counts = self._masks(key, frames, mel)
        out = self.model.apply(variables, frames, mel, mask_v, mask_a, counts)
        m = self.model
        patches = hicmae.video_patches(self.inputs.shown(frames), m.tubelet, m.patch)
        target_v = masked.video_target(
            patches,
            frames=frames.shape[1],
            tubelet=m.tubelet,
            kind=self.target,
            group=self.group or None,
        )
        target_a = masked.audio_target(hicmae.audio_patches(mel, m.patch_audio))
        hidden_v, hidden_a = (
            hicmae.split_mask(mask, count)[1]
            for mask, count in zip((mask_v, mask_a), counts, strict=True)
        )
        parts = hicmae_loss.terms(
            out,
            target_v,
            target_a,
            hidden_v,
            hidden_a,
            temperature=self.temperature,
            groups=self.negative_groups,
        )
        if self.difference_weight:
            wanted = hicmae.gather(target_v, hidden_v)
            parts["video"] = masked.weighted_frames(
                out["pred_video"], wanted, m.tubelet, self.difference_weight
            )[0]
        return parts

    def _masks(self, key: jax.Array, frames: Array, mel: Array) -> tuple[Any, Any, Any]:
        m, keys = self.model, jax.random.split(key)
        b, t, h, w, _ = frames.shape
        slots, places = t // m.tubelet, (h // m.patch) * (w // m.patch)
        tokens = (mel.shape[1] // m.patch_audio) * (mel.shape[2] // m.patch_audio)
        counts = (
            slots * masks.masked_count(self.mask_video, places),
            masks.masked_count(self.mask_audio, tokens),
        )
        video = masks.tube_mask(keys[0], b, slots, places, self.mask_video)
        audio = masks.random_mask(keys[1], b, tokens, self.mask_audio)
        return video, audio, counts
