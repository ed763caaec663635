"""From a batch as the host sends it to what a model reads: on device, inside jit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from affectjax.data.ops import audio as audio_ops
from affectjax.data.ops import erase

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
LOG_MEL = "log_mel"  # of a batch on device only, see `Inputs.shared`
_STILL = 1e-4  # variance of the noise that a still clip may hold: 0.6 of 255 steps


def one_row(spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, jax.Array]:
    """A batch of one row of zeros of the shapes and dtypes of `spec`, to make parameters from."""
    return {k: jnp.zeros((1, *s.shape[1:]), s.dtype) for k, s in spec.items()}


@dataclass(frozen=True)
class Inputs:
    """How frames and waveforms become model inputs.

    Attributes:
      mel_frames: rows n of the log-mel (10 ms each); longer audio is cut, shorter padded.
      mels: log-mel bins m.
      clip_norm: instead of fixed statistics, subtract each bin's mean over the clip and divide by
        the clip's standard deviation: takes out microphone and loudness.
      mel_mean, mel_std: normalisation (x - mean) / (2 std); AudioSet's by default, as HiCMAE.
      frame_norm: "imagenet" subtracts and divides by ImageNet's statistics, as HiCMAE; "change"
        shows what moves: each pixel's mean over the clip is subtracted, and the clip divided by its
        standard deviation, which takes out the person, the light and the background.
      erase: probability of random erasing of a clip in training.
      freq_mask, time_mask: widest SpecAugment masks in bins and rows; 0 for none (as HiCMAE).
      masks: number of masks of each kind.
    """

    mel_frames: int = 256
    mels: int = 128
    mel_mean: float = -4.2677393
    mel_std: float = 4.5689974
    clip_norm: bool = False
    frame_norm: Literal["imagenet", "change"] = "imagenet"
    erase: float = 0.0
    freq_mask: int = 0
    time_mask: int = 0
    masks: int = 1

    def __call__(self, batch: Mapping[str, Array], key: jax.Array | None = None) -> tuple[Any, Any]:
        """Normalised frames and log-mel of a batch, None for what it lacks; augmented with a key.

        Raises:
          ValueError: the batch holds neither frames nor audio.
        """
        heard = "audio" in batch or LOG_MEL in batch
        if "frames" not in batch and not heard:
            raise ValueError(f"the batch holds neither frames nor audio, only {sorted(batch)}")
        keys = jax.random.split(key, 2) if key is not None else (None, None)
        frames = self.frames(batch["frames"], keys[0]) if "frames" in batch else None
        log_mel = self.log_mel(batch, keys[1]) if heard else None
        return frames, log_mel

    def shared(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """The batch with `log_mel` in place of the waveform: the part that no key changes.

        Calls on it give the same as on the batch itself; an ensemble computes it once.
        """
        if "audio" not in batch:
            return dict(batch)
        rest = {k: v for k, v in batch.items() if k not in ("audio", "audio_length")}
        return {**rest, LOG_MEL: self._plain_log_mel(batch)}

    def frames(
        self, frames: UInt8[Array, "b t h w 3"], key: jax.Array | None = None
    ) -> Float[Array, "b t h w 3"]:
        """Frames in [0, 255] to normalised values; erased at random with a key."""
        if self.frame_norm not in ("imagenet", "change"):
            raise ValueError(f"frame_norm={self.frame_norm!r}; allowed: imagenet, change")
        normal = normalise(frames.astype(jnp.float32) / 255.0)
        if self.frame_norm == "change":
            normal = change(normal)
        if key is None or not self.erase:
            return normal
        return erase.random_erase(key, normal, prob=self.erase)

    def shown(self, frames: Float[Array, "b t h w 3"]) -> Float[Array, "b t h w 3"]:
        """What decoders reconstruct of normalised frames: pixels in [0, 1], or the change."""
        return denormalise(frames) if self.frame_norm == "imagenet" else frames

    def log_mel(
        self, batch: Mapping[str, Array], key: jax.Array | None = None
    ) -> Float[Array, "b n m"]:
        """The normalised log-mel of `audio`; masked as SpecAugment with a key."""
        mel = batch[LOG_MEL] if LOG_MEL in batch else self._plain_log_mel(batch)
        if key is None or not (self.freq_mask or self.time_mask):
            return mel
        return audio_ops.spec_augment(
            key,
            mel,
            freq_mask=self.freq_mask,
            time_mask=self.time_mask,
            freq_masks=self.masks,
            time_masks=self.masks,
        )

    def _plain_log_mel(self, batch: Mapping[str, Array]) -> Float[Array, "b n m"]:
        length = batch["audio_length"]
        mel = audio_ops.log_mel_batch(
            batch["audio"],
            length,
            num_frames=self.mel_frames,
            num_mels=self.mels,
            mean=self.mel_mean,
            std=self.mel_std,
        )
        if self.clip_norm:
            mel = audio_ops.normalise_clip(mel, audio_ops.frame_count(length))
        return mel


def normalise(frames: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    """RGB in [0, 1] to zero mean and unit variance by ImageNet's statistics."""
    return (frames - jnp.asarray(IMAGENET_MEAN)) / jnp.asarray(IMAGENET_STD)


def change(frames: Float[Array, "b t h w c"]) -> Float[Array, "b t h w c"]:
    """(x - mean over t) / SD of that over the clip; a still clip is all 0.

    >>> clip = jnp.array([1.0, 3.0]).reshape(1, 2, 1, 1, 1)
    >>> change(clip).round(2).ravel().tolist()
    [-1.0, 1.0]
    """
    moved = frames - frames.mean(axis=1, keepdims=True)
    variance = (moved**2).mean(axis=(1, 2, 3, 4), keepdims=True)
    return moved * jax.lax.rsqrt(variance + _STILL)


def denormalise(frames: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    """The inverse of `normalise`."""
    return frames * jnp.asarray(IMAGENET_STD) + jnp.asarray(IMAGENET_MEAN)
