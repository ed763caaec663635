"""Resampling: what must stay, stays; what cannot be at 16 kHz is gone."""

import numpy as np

from tfds_builders import media


def test_resampling_keeps_a_tone_and_drops_what_lies_above_eight_kilohertz():
    time = np.arange(48_000) / 48_000
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32)[:, None] for f in (440, 11_000))
    middle = slice(4000, 12_000)
    kept, gone = (media.mono(0.5 * x, 48_000)[middle] / 32768 for x in (low, high))
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)[middle]
    np.testing.assert_allclose(kept, expected, atol=1e-4)
    assert np.abs(gone).max() < 1e-4  # it would come back as 5 kHz


def test_channels_are_averaged_and_full_scale_does_not_wrap():
    stereo = np.stack([np.ones(100), np.ones(100)], 1).astype(np.float32)
    assert media.mono(stereo, 16_000).max() == 32767
    assert not media.mono(np.stack([stereo[:, 0], -stereo[:, 0]], 1), 16_000).any()
