"""The log-mel filterbank against torchaudio's Kaldi code and transformers' AST extractor."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.data.ops import audio
from tests.parity.reference import split

LOG_UNITS, NORMALISED = 1e-3, 1e-4  # tolerances of the index


@pytest.fixture(scope="module")
def computed(parity):
    """(ours, reference) for every output of the file."""
    arrays, config = parity("fbank_kaldi")
    waves, reference = split(arrays, "in"), split(arrays, "out")
    ours = {}
    for name in reference:
        ours[name] = _compute(name, waves, reference[name], config)
    return ours, reference


def _compute(name, waves, reference, c):
    frame = round(c["frame_length_ms"] * c["sample_rate"] / 1000)
    shift = round(c["frame_shift_ms"] * c["sample_rate"] / 1000)
    common = {"rate": c["sample_rate"], "frame": frame, "shift": shift, "low": c["low_freq"]}
    mels, rows = c["num_mel_bins"], reference.shape[0]
    if name.startswith("mel_banks"):
        top = c["high_freq"] if c["high_freq"] < c["sample_rate"] / 2 else 0.0
        return audio.mel_banks(mels, c["n_fft"], c["sample_rate"], c["low_freq"], top)
    if name.startswith("window_hanning"):
        return audio.window("hanning", frame)
    if name == "empty_mel_bins":
        banks = audio.mel_banks(mels, c["n_fft"], c["sample_rate"], c["low_freq"])
        return np.flatnonzero(banks.sum(1) == 0)
    wave = next(w for w in waves if f"_{w}" in name and not w.endswith("_centred"))
    if name.startswith("hicmae_input") or name.startswith("ast_extractor"):
        return _model_input(name, waves, wave, rows, c)
    if "povey" in name:
        bins, emphasis = int(name.split("_")[2]), float(name.split("preemph")[1])
        kw = {"num_mels": bins, "window_name": "povey", "preemphasis": emphasis, **common}
        return audio.fbank(jnp.asarray(waves[f"{wave}_centred"]), **kw)[:rows]
    source = waves[wave] if "raw_not_centred" in name else waves[f"{wave}_centred"]
    kw = {"num_mels": mels, "preemphasis": c["preemphasis"], **common}
    return audio.fbank(jnp.asarray(source), **kw)[:rows]


def _model_input(name, waves, wave, rows, c):
    signal = jnp.asarray(waves[wave])
    if name.startswith("hicmae"):
        length = jnp.asarray([len(signal)])
        return audio.log_mel_batch(
            signal[None],
            length,
            num_frames=rows,
            num_mels=c["num_mel_bins"],
            mean=c["norm_mean"],
            std=c["norm_std"],
        )[0]
    mel = audio.fbank(signal, num_mels=c["num_mel_bins"])[:rows]  # AST does not centre
    mel = jnp.pad(mel, ((0, rows - len(mel)), (0, 0)))
    return (mel - c["norm_mean"]) / (2 * c["norm_std"])


def test_every_output_of_the_file_is_within_tolerance(computed):
    ours, reference = computed
    for name, expected in reference.items():
        bound = NORMALISED if name.startswith(("hicmae", "ast", "mel", "window")) else LOG_UNITS
        assert ours[name].shape == expected.shape, name
        worst = np.abs(np.asarray(ours[name]) - expected).max(initial=0)
        assert worst <= bound, f"{name}: differs by {worst:.2g}, allowed {bound}"


def test_padding_and_batching_do_not_change_a_row(parity):
    waves = split(parity("fbank_kaldi")[0], "in")
    short, long = waves["voice"], waves["chirp"]
    batch = np.zeros((2, len(long)), np.float32)
    batch[0, : len(short)], batch[1] = short, long
    lengths = jnp.asarray([len(short), len(long)])
    together = jax.jit(lambda a, n: audio.log_mel_batch(a, n, num_frames=130))(batch, lengths)
    alone = audio.log_mel_batch(jnp.asarray(short)[None], lengths[:1], num_frames=130)
    np.testing.assert_allclose(together[0], alone[0], atol=1e-5)
    # Zero-padding comes before the normalisation: -mean / (2 std) = 0.467 (official code).
    np.testing.assert_allclose(together[0, -1], 4.2677393 / (2 * 4.5689974), rtol=1e-6)
