"""Random erasing and SpecAugment on device: what is hidden is a box or a band, no larger."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.data.ops import audio, erase


@pytest.fixture(scope="module")
def erased():
    frames = jnp.full((64, 2, 20, 24, 3), 7.0)
    return np.asarray(
        jax.jit(lambda k, x: erase.random_erase(k, x, prob=1.0))(jax.random.key(0), frames)
    )


def test_one_rectangle_the_same_in_all_frames_is_erased(erased):
    holes = (erased != 7.0).all(-1)
    np.testing.assert_array_equal(holes[:, 0], holes[:, 1])
    for hole in holes[:, 0]:
        rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
        assert hole.sum() == len(rows) * len(columns) > 0
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        # At most a third of the picture (area's upper bound), give or take the rounding of sides.
        assert hole.mean() <= 1 / 3 + 0.05


def test_what_is_erased_is_unit_normal_noise(erased):
    noise = erased[erased != 7.0]
    standard_error = 1 / np.sqrt(len(noise))
    assert abs(noise.mean()) < 5 * standard_error
    assert abs(noise.std() - 1) < 5 * standard_error


def test_erasing_happens_as_often_as_it_should():
    frames = jnp.zeros((2000, 1, 4, 4, 1))
    out = erase.random_erase(jax.random.key(1), frames, prob=0.25)
    share = float((out != 0).any((1, 2, 3, 4)).mean())
    assert abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 2000)  # five standard errors
    np.testing.assert_array_equal(erase.random_erase(jax.random.key(1), frames, prob=0.0), frames)


def test_spec_augment_hides_bands_no_wider_than_asked():
    mel = jnp.ones((32, 50, 40))
    out = np.asarray(audio.spec_augment(jax.random.key(0), mel, freq_mask=6, time_mask=9))
    hidden = out == 0
    bins, rows = hidden.all(1), hidden.all(2)
    np.testing.assert_array_equal(hidden, bins[:, None] | rows[:, :, None])
    assert 0 < bins.sum(1).max() <= 6
    assert 0 < rows.sum(1).max() <= 9
    assert len({tuple(row) for row in bins}) > 1  # each example draws its own
    same = audio.spec_augment(jax.random.key(0), mel, freq_mask=0, time_mask=0)
    np.testing.assert_array_equal(same, mel)
