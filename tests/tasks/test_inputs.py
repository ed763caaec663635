"""What the normalisations of frames leave."""

import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.tasks import inputs


def test_change_is_blind_to_who_sits_there_and_how_bright_it_is():
    g = np.random.default_rng(0)
    moving = g.integers(0, 60, (2, 4, 8, 8, 3))
    still = g.integers(0, 100, (2, 1, 8, 8, 3))
    given = inputs.Inputs(frame_norm="change")
    one, other = (
        np.asarray(given.frames(jnp.asarray(x, jnp.uint8)))
        for x in (moving + still, 2 * moving + 10)
    )
    np.testing.assert_allclose(one, other, atol=2e-3)
    np.testing.assert_allclose((one**2).mean((1, 2, 3, 4)), 1, rtol=0.01)
    np.testing.assert_allclose(given.shown(one), one)
    plain = inputs.Inputs()
    pixels = plain.shown(plain.frames(jnp.asarray(moving, jnp.uint8)))
    np.testing.assert_allclose(pixels, moving / 255, atol=1e-6)


def test_an_unknown_normalisation_is_an_error():
    with pytest.raises(ValueError, match="allowed: imagenet, change"):
        inputs.Inputs(frame_norm="clip").frames(jnp.zeros((1, 2, 4, 4, 3), jnp.uint8))
