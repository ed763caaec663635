"""Waveform transforms by their definitions."""

import numpy as np
import pytest

from affectjax.data.ops import waveform


def _tone(n=16_000, hertz=440):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(n) / 16_000)).astype(np.float32)


def test_gain_is_one_factor_between_a_half_and_one_and_a_half():
    audio = _tone()
    factors = []
    for seed in range(200):
        out = waveform.Gain().random_map({"audio": audio}, np.random.default_rng(seed))["audio"]
        factor = out[100] / audio[100]
        np.testing.assert_allclose(out, factor * audio, rtol=1e-5)
        factors.append(factor)
    assert 0.5 < min(factors) < max(factors) < 1.5
    # Beta(10, 10) has variance 1 / 84; the mean of 200 lies within five standard errors of 1.
    assert abs(np.mean(factors) - 1) < 5 * np.sqrt(1 / 84 / 200)


def test_speed_changes_length_and_pitch_by_the_same_factor():
    out = waveform.Speed(0.2).random_map({"audio": _tone()}, np.random.default_rng(3))["audio"]
    hertz = np.abs(np.fft.rfft(out)).argmax() * 16_000 / len(out)
    assert abs(hertz / 440 - 16_000 / len(out)) < 0.01
    assert abs(len(out) - 16_000) > 100


@pytest.mark.parametrize("snr", [10.0, 30.0])
def test_noise_has_the_ratio_asked_for(snr):
    audio = _tone()
    op = waveform.Noise(low=snr, high=snr, prob=1.0)
    noise = op.random_map({"audio": audio}, np.random.default_rng(0))["audio"] - audio
    assert abs(10 * np.log10((audio**2).mean() / (noise**2).mean()) - snr) < 0.2


def test_windows_are_first_to_last_and_short_sound_is_padded():
    audio = np.arange(1, 101, dtype=np.float32)
    rng = np.random.default_rng(0)
    op = waveform.AudioWindow(samples=40, views=3)
    starts = [op.random_map({"audio": audio, "view": v}, rng)["audio"][0] for v in range(3)]
    assert starts == [1, 31, 61]
    centre = waveform.AudioWindow(samples=40).random_map({"audio": audio}, rng)
    assert centre["audio"][0] == 31
    short = waveform.AudioWindow(samples=120).random_map({"audio": audio}, rng)
    assert short["audio_length"] == 100
    assert (short["audio"][100:] == 0).all()
