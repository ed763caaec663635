"""What the picture of a long film is made of, against closed forms."""

import numpy as np
import pytest

from affectjax.predict import timeline, windows

RATE = windows.RATE


def test_what_is_kept_of_twenty_minutes_is_spread_evenly_over_them():
    kept = timeline.Gathered()
    for number in range(960):  # a window of 2.5 s every 1.25 s
        start = number * 1.25
        sound = np.zeros(2 * RATE + RATE // 2, np.float32)
        if number in (40, 800):
            sound[2 * RATE] = 0.5 if number == 40 else -0.75  # at 52 s and at 1002 s
        shade = np.full((80, 80, 3), number * 250 // 960, np.uint8)
        kept.add(windows.Window(start, start + 2.5, sound, thumbnail=shade))
    times, low, high = np.array(kept.outline).T
    assert timeline.POINTS < len(times) <= 2 * timeline.POINTS
    np.testing.assert_allclose(np.diff(times), times[1] - times[0], rtol=1e-6)
    assert times[0] < 0.5 < 1200.5 < times[-1] < 1201.75
    assert times[high.argmax()] == pytest.approx(52, abs=0.4)
    assert times[low.argmin()] == pytest.approx(1002, abs=0.4)
    assert (np.count_nonzero(high), np.count_nonzero(low)) == (1, 1)
    seen = np.array([time for time, _ in kept.faces])
    assert timeline.FACES < len(seen) <= 8 * timeline.FACES
    np.testing.assert_allclose(np.diff(seen), seen[1] - seen[0])
    assert [p[0, 0, 0] for _, p in kept.faces] == [int(t // 1.25) * 250 // 960 for t in seen - 1.25]


def test_a_picture_of_means_is_of_windows_that_follow_each_other():
    said = [
        {"start": i, "end": i + 2, "probabilities": {"sad": i / 10}, "vad_interval": {"valence": e}}
        for i, e in enumerate([[0.0, 0.2], [0.2, 0.6], [0.4, 0.8]])
    ]
    gap = {"start": 3, "end": 5, "skipped": "silence"}
    first, last, middle, again, _ = timeline.thinned([*said, gap, *said], 2)
    assert (first["start"], first["end"], last) == (0, 3, said[2])
    assert first["probabilities"]["sad"] == pytest.approx(0.05)
    np.testing.assert_allclose(first["vad_interval"]["valence"], [0.1, 0.4])
    assert (middle, again) == (gap, first)
    assert timeline.thinned(said, 1) == said
