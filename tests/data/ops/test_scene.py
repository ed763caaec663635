"""A person keeps their place in a mirrored scene, and can be taken out of it."""

import numpy as np

from affectjax.data.ops import picture, scene

BOX = np.array([0.1, 0.2, 0.4, 0.9], np.float32)


def _scene():
    return np.random.default_rng(0).integers(1, 256, (10, 20, 3)).astype(np.uint8)


def test_the_mirrored_box_holds_the_mirrored_person():
    element = {"image": _scene(), "box": BOX}
    cut = picture.CutBox(to="person")
    rng = np.random.default_rng(0)
    mirrored = scene.Mirror(prob=1.0).random_map(element, rng)
    np.testing.assert_array_equal(mirrored["image"], element["image"][:, ::-1])
    expected = cut.map(element)["person"][:, ::-1]
    np.testing.assert_array_equal(cut.map(mirrored)["person"], expected)
    assert scene.Mirror(prob=0.0).random_map(element, rng) is element


def test_a_blanked_person_is_black_and_the_rest_is_as_it_was():
    element = {"image": _scene(), "box": BOX}
    blank = scene.Blank().map(element)["image"]
    assert not blank[2:9, 2:8].any()
    inside = np.zeros((10, 20), bool)
    inside[2:9, 2:8] = True
    np.testing.assert_array_equal(blank[~inside], element["image"][~inside])
    assert element["image"].all(), "the scene itself is not written to"
