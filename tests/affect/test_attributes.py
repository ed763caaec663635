"""Brightness and colourfulness against closed forms and made-up pictures."""

import colorsys

import numpy as np
import pytest

from affectjax.affect import attributes


def _flat(*rgb):
    return np.full((4, 6, 3), rgb, np.uint8)


def test_brightness_is_the_mean_value_of_hsv():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    values = [colorsys.rgb_to_hsv(*pixel / 255)[2] for pixel in picture.reshape(-1, 3)]
    assert attributes.brightness(picture) == pytest.approx(np.mean(values))
    assert attributes.brightness(_flat(0, 0, 255)) == 1


def test_colourfulness_in_closed_form():
    for grey in (0, 77, 255):
        assert attributes.colourfulness(_flat(grey, grey, grey)) == 0
    # One colour has no spread: rg = 0 and yb = 255 of yellow.
    assert attributes.colourfulness(_flat(255, 255, 0)) == pytest.approx(0.3 * 255)
    # Half red, half green: rg = +-255 with mean 0, yb = 127.5 without spread.
    half = np.concatenate([_flat(255, 0, 0), _flat(0, 255, 0)])
    assert attributes.colourfulness(half) == pytest.approx(255 + 0.3 * 127.5)
    assert attributes.measured(half)["colorfulness"] == 1


def test_what_is_measured_follows_what_was_painted():
    """Grey noise lit and tinted by degrees: the steps order as what was painted does."""
    g = np.random.default_rng(1)
    degrees = np.linspace(0.05, 0.95, 10)
    for kind in attributes.MEASURED:
        steps = []
        for degree in degrees:
            grey = g.uniform(100, 150, (16, 16, 1))
            tint = np.array([-1.0, 0.2, 1.0]) * 60 * degree * np.sign(g.normal(size=(16, 16, 1)))
            lit = np.repeat(grey * 1.6 * degree, 3, axis=-1)
            painted = lit if kind == "brightness" else grey + tint
            found = attributes.measured(np.clip(painted, 0, 255).astype(np.uint8))
            steps.append(attributes.step(found[kind]))
        assert np.corrcoef(degrees, steps)[0, 1] > 0.95, (kind, steps)
        assert len(set(steps)) > 5
