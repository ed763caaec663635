"""Choice of frames and sound against the official loader's own arithmetic."""

import numpy as np
import pytest

from affectjax.data.ops import video


def _official_frames(duration: int, count: int, step: int, offset: int) -> list[int]:
    """HiCMAE kinetics_av.py, _video_TSN_decord_batch_loader, without jitter; offset from 1."""
    frames = []
    for _ in range(0, count * step, step):
        frames.append(offset - 1)
        if offset + step < duration:
            offset += step
    return frames


@pytest.mark.parametrize("duration", [1, 2, 5, 7, 13, 16, 17, 63, 64, 65, 66, 100])
@pytest.mark.parametrize(("count", "step"), [(16, 4), (4, 3), (16, 1), (4, 2)])
def test_strided_frames_are_those_of_the_official_loader(duration, count, step):
    for seed in range(5):
        ours = video.strided_indices(duration, count, step, np.random.default_rng(seed)).tolist()
        assert ours == _official_frames(duration, count, step, ours[0] + 1)
        assert ours[0] <= max(duration - count * step, 0)


def test_the_sound_of_pretraining_runs_from_the_first_frames_start_to_the_lasts_end():
    index = np.arange(10, 10 + 64, 4)  # 16 frames of stride 4 at 25 fps: 65 frames of 640 samples
    assert video.timed_span(index, 200, 4, 25.0, 128_000) == slice(6400, 6400 + 65 * 640)
    assert video.timed_span(index, 72, 4, 25.0, 128_000) == slice(6400, 6400 + 62 * 640)
    assert video.timed_span(index, 200, 4, 25.0, 20_000) == slice(6400, 20_000)


@pytest.mark.parametrize(("fps", "samples", "why"), [(0.0, 40_000, "fps"), (25.0, 7000, "600 sam")])
def test_frames_without_sound_are_an_error(fps, samples, why):
    with pytest.raises(ValueError, match=why):
        video.timed_span(np.array([10, 14]), 100, 4, fps, samples)


def test_a_span_too_short_takes_a_short_sound_whole_and_refuses_a_long_one():
    index = np.array([98])  # of 100 frames: one frame is left
    assert video.audio_span(index, 100, 64, 30_000) == slice(0, 30_000)
    with pytest.raises(ValueError, match="frames 98 to 99 of 100 span"):
        video.audio_span(index, 100, 64, 50_000)


def test_fine_tuning_sound_lies_at_the_frames_relative_place():
    # 101 frames and 100,000 samples: frame i sits at 1000 i, 64 frames on is 64,000 samples on.
    assert video.audio_span(np.array([20]), 101, 64, 100_000) == slice(20_000, 84_000)
    assert video.audio_span(np.array([60]), 101, 64, 100_000) == slice(60_000, 100_000)
