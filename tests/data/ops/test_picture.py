"""Still pictures: decoded, cut, resized as Pillow and torchvision do; colours by hand."""

import colorsys

import cv2
import numpy as np
import pytest
from PIL import Image

from affectjax.data.ops import colour, image, picture

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (30, 41, 3), np.uint8)


def _png(pixels):
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


def test_a_stored_picture_goes_through_ops_of_frames():
    on = picture.On("image", (picture.ShortSide(20), picture.CentreCrop(20)))
    out = on.random_map({"image": _png(PICTURE), "emotion": 3}, RNG)
    small = Image.fromarray(PICTURE).resize((27, 20), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(out["image"], np.asarray(small)[:, 4:24])  # round(3.5) is 4
    assert out["emotion"] == 3
    assert "frames" not in out


def test_the_frames_of_a_clip_stay_beside_those_of_another_key():
    clip = np.stack([PICTURE] * 2)
    on = picture.On("face_frames", (picture.Square(8, "bilinear"), image.Flip(prob=1.0)))
    out = on.random_map({"frames": clip, "face_frames": clip}, RNG)
    assert out["face_frames"].shape == (2, 8, 8, 3)
    assert out["frames"] is clip


def test_a_letterbox_keeps_the_aspect_and_is_black_outside():
    out = picture.Letterbox(20).map({"frames": np.full((1, 10, 40, 3), 200, np.uint8)})["frames"]
    assert (out[0, 7:12] > 190).all()
    assert not out[0, :7].any()
    assert not out[0, 12:].any()


def test_a_box_is_cut_with_its_margin_and_never_leaves_the_picture():
    element = {"image": PICTURE, "box": np.array([0.5, 0.0, 1.0, 0.5], np.float32)}
    face = picture.CutBox(margin=2).map(element)["face"]
    np.testing.assert_array_equal(face, PICTURE[0:17, 18:41])
    assert picture.pixel_box([1.0, 1.0, 1.0, 1.0], (4, 4)) == (3, 4, 3, 4)


def test_bad_pictures_are_errors():
    with pytest.raises(ValueError, match="is not an image"):
        picture.pixels(b"RIFF")
    with pytest.raises(ValueError, match=r"no picture: float64\[2, 2\]"):
        picture.pixels(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no key 'face'"):
        picture.On("face").random_map({"image": PICTURE}, RNG)
    with pytest.raises(ValueError, match="a square of 40 does not lie in 30 x 41"):
        picture.CentreCrop(40).map({"frames": PICTURE[None]})
    with pytest.raises(ValueError, match="interpolation='lanczos'"):
        picture.Square(4, "lanczos").map({"frames": PICTURE[None]})


@pytest.mark.parametrize(
    "op",
    [colour.Grayscale(0.5), colour.Jitter(), colour.Rotate(), colour.Perspective()],
    ids=lambda op: type(op).__name__,
)
def test_the_generator_decides_and_frames_are_treated_alike(op):
    found = set()
    for seed in range(6):
        clip = {"frames": np.stack([PICTURE] * 2)}
        a, b = (op.random_map(clip, np.random.default_rng(seed))["frames"] for _ in range(2))
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a[0], a[1])
        assert a.shape == (2, 30, 41, 3)
        assert a.dtype == np.uint8
        found.add(a.tobytes())
    assert len(found) > 1


def test_colours_follow_their_definitions():
    frames = PICTURE[None]
    grey = np.asarray(Image.fromarray(PICTURE).convert("L"), int)
    out = colour.Grayscale(1.0).random_map({"frames": frames}, RNG)["frames"]
    assert np.abs(out[0].astype(int) - grey[..., None]).max() <= 1
    dark = colour._towards(frames, 0, 0.5)
    assert np.abs(dark - frames / 2).max() <= 0.5
    pale = colour._towards(frames, 2, 0.0)  # saturation 0 is grey
    assert np.abs(pale[0].astype(int) - grey[..., None]).max() <= 1
    red = np.zeros((1, 1, 1, 3), np.uint8)
    red[..., 0] = 255
    turned = colour._turned(red, 1 / 3)[0, 0, 0] / 255
    np.testing.assert_allclose(turned, colorsys.hsv_to_rgb(1 / 3, 1, 1), atol=0.03)
