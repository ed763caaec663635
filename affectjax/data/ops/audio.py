"""Speech features in JAX, so that training, evaluation and exported models share one code.

`fbank` follows Kaldi's `compute-fbank-feats` as `torchaudio.compliance.kaldi.fbank` does it.
"""

from functools import lru_cache
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

RATE = 16_000
FRAME, SHIFT = 400, 160  # 25 ms windows every 10 ms
LOG_FLOOR = 1.1920928955078125e-07  # float32's epsilon, as Kaldi
AUDIOSET_MEAN, AUDIOSET_STD = -4.2677393, 4.5689974


def mel_scale(hertz: float | Real[np.ndarray, "*b"]) -> Float[np.ndarray | np.floating, "*b"]:
    """Hertz to mel as in Kaldi and HTK, 1127 ln(1 + f / 700)."""
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)


@lru_cache
def mel_banks(
    num_mels: int = 128, n_fft: int = 512, rate: int = RATE, low: float = 20.0, high: float = 0.0
) -> Float[np.ndarray, "m f"]:
    """Kaldi's triangular filters over the bins below Nyquist, (num_mels, n_fft / 2).

    Triangles are linear in mel; `high` <= 0 counts from Nyquist. With 128 filters on 512 points
    filter 3 holds no bin, so it always gives the floor.
    """
    top = high if high > 0 else rate / 2 + high
    edges = np.linspace(mel_scale(low), mel_scale(top), num_mels + 2)
    left, centre, right = (edges[i : i + num_mels, None] for i in range(3))
    mel = mel_scale(np.arange(n_fft // 2) * rate / n_fft)[None]
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@lru_cache
def window(name: Literal["hanning", "povey"], length: int) -> Float[np.ndarray, " s"]:
    """The symmetric Hann window, or Kaldi's povey window, Hann to the power 0.85."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
    if name not in ("hanning", "povey"):
        raise ValueError(f"no window {name!r}; allowed: hanning, povey")
    return (hann if name == "hanning" else hann**0.85).astype(np.float32)


@lru_cache
def fourier(frame: int, n_fft: int) -> Float[np.ndarray, "f k"]:
    """Cosines, then sines, of the bins below Nyquist over `frame` samples: (frame, n_fft)."""
    turns = np.outer(np.arange(frame), np.arange(n_fft // 2)) % n_fft / n_fft
    angle = 2 * np.pi * turns
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def fbank(
    waveform: Float[Array, "*b s"],
    *,
    rate: int = RATE,
    num_mels: int = 128,
    frame: int = FRAME,
    shift: int = SHIFT,
    window_name: Literal["hanning", "povey"] = "hanning",
    preemphasis: float = 0.97,
    low: float = 20.0,
    high: float = 0.0,
) -> Float[Array, "*b n m"]:
    """Log-mel filterbank energies, one row for each whole frame (Kaldi's snip_edges).

    Per frame: subtract the mean, pre-emphasise, window, power spectrum on the next power of two,
    mel filters, natural log with float32's epsilon as floor. No dither, no energy.

    Raises:
      ValueError: the waveform is shorter than one frame.
    """
    samples = waveform.shape[-1]
    if samples < frame:
        raise ValueError(f"{samples} samples are less than one frame of {frame}")
    n_fft = 1 << (frame - 1).bit_length()
    x = _frames(waveform, frame, shift)
    x = x - x.mean(-1, keepdims=True)
    before = jnp.concatenate([x[..., :1], x[..., :-1]], axis=-1)
    x = (x - preemphasis * before) * window(window_name, frame)
    # A matrix product, for XLA does not split an FFT: each chip would do it for the whole batch.
    parts = jnp.matmul(x, fourier(frame, n_fft), precision="highest")
    cosine, sine = jnp.split(parts, 2, axis=-1)
    banks = mel_banks(num_mels, n_fft, rate, low, high)
    energy = jnp.matmul(cosine**2 + sine**2, banks.T, precision="highest")
    return jnp.log(jnp.maximum(energy, LOG_FLOOR))


def _frames(waveform: Float[Array, "*b s"], frame: int, shift: int) -> Float[Array, "*b n f"]:
    """Overlapping frames, put together from blocks of `shift` samples: no gather."""
    count, blocks = 1 + (waveform.shape[-1] - frame) // shift, -(-frame // shift)
    needed = (count + blocks - 1) * shift
    missing = max(needed - waveform.shape[-1], 0)
    padding = [(0, 0)] * (waveform.ndim - 1) + [(0, missing)]
    grid = jnp.pad(waveform, padding)[..., :needed].reshape(*waveform.shape[:-1], -1, shift)
    parts = [grid[..., i : i + count, :] for i in range(blocks)]
    return jnp.concatenate(parts, axis=-1)[..., :frame]


def log_mel_batch(
    audio: Float[Array, "b s"],
    length: Int[Array, " b"],
    *,
    num_frames: int,
    num_mels: int = 128,
    mean: float = AUDIOSET_MEAN,
    std: float = AUDIOSET_STD,
) -> Float[Array, "b n m"]:
    """HiCMAE's audio input: centred waveform -> fbank -> `num_frames` rows -> (x - mean) / 2 std.

    The mean is over the valid samples. Rows that reach beyond them are zeroed *before* the
    normalisation, so padding becomes -mean / (2 std) = 0.467, as in the official code.
    """
    valid = jnp.arange(audio.shape[1]) < length[:, None]
    count = jnp.maximum(length, 1)[:, None]
    centred = jnp.where(valid, audio - jnp.where(valid, audio, 0).sum(1, keepdims=True) / count, 0)
    needed = FRAME + (num_frames - 1) * SHIFT
    if centred.shape[1] < needed:
        centred = jnp.pad(centred, ((0, 0), (0, needed - centred.shape[1])))
    mel = fbank(centred[:, :needed], num_mels=num_mels)
    rows = frame_count(length)
    mel = jnp.where((jnp.arange(num_frames) < rows[:, None])[..., None], mel, 0.0)
    return (mel - mean) / (2 * std)


def frame_count(length: Int[Array, " b"]) -> Int[Array, " b"]:
    """Whole frames in so many samples (0 or less where there is none)."""
    return 1 + (length - FRAME) // SHIFT


def normalise_clip(mel: Float[Array, "b n m"], rows: Int[Array, " b"]) -> Float[Array, "b n m"]:
    """Each bin's mean over the valid rows to 0, the clip's variance to 1, other rows to 0."""
    valid = (jnp.arange(mel.shape[1]) < rows[:, None])[..., None]
    count = jnp.clip(rows, 1, mel.shape[1])[:, None, None]
    centred = jnp.where(valid, mel - jnp.where(valid, mel, 0).sum(1, keepdims=True) / count, 0)
    variance = (centred**2).sum((1, 2), keepdims=True) / (count * mel.shape[2])
    return centred * jax.lax.rsqrt(variance + 1e-5)


def spec_augment(
    key: jax.Array,
    mel: Float[Array, "b n m"],
    *,
    freq_mask: int,
    time_mask: int,
    freq_masks: int = 1,
    time_masks: int = 1,
    value: float = 0.0,
) -> Float[Array, "b n m"]:
    """Bands of bins and of rows set to `value` (SpecAugment, Park et al. 2019, without warping).

    Each mask's width is uniform in [0, freq_mask] or [0, time_mask], its place uniform; each
    example of the batch draws its own.
    """
    keys = jax.random.split(key, freq_masks + time_masks)
    hidden = jnp.zeros(mel.shape, bool)
    for i, k in enumerate(keys):
        on_time = i >= freq_masks
        size, widest = (mel.shape[1], time_mask) if on_time else (mel.shape[2], freq_mask)
        band = _bands(k, mel.shape[0], size, widest)
        hidden |= band[:, :, None] if on_time else band[:, None, :]
    return jnp.where(hidden, value, mel)


def _bands(key: jax.Array, batch: int, size: int, widest: int) -> Array:
    for_width, for_start = jax.random.split(key)
    width = jax.random.randint(for_width, (batch, 1), 0, widest + 1)
    start = jnp.floor(jax.random.uniform(for_start, (batch, 1)) * (size - width + 1))
    place = jnp.arange(size)[None]
    return (place >= start) & (place < start + width)
