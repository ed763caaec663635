"""Frames spread over a clip, and the face and the person in each of them."""

import cv2
import numpy as np
import pytest
from PIL import Image

from affectjax.data.ops import people

NAN = np.full(4, np.nan, np.float32)


def _official_test(frames, count):
    """CLIP-CAER's _get_test_indices with duration 1, written down by hand."""
    if frames > count:
        tick = frames / float(count)
        return [int(tick / 2.0 + tick * x) for x in range(count)]
    return [*range(frames), *[frames - 1] * (count - frames)]


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 31, 32, 100])
def test_indices_are_those_of_the_official_loader(frames):
    assert people.spread_indices(frames, 16).tolist() == _official_test(frames, 16)
    for seed in range(5):
        index = people.spread_indices(frames, 16, np.random.default_rng(seed))
        part = frames // 16
        if frames <= 16:
            assert index.tolist() == _official_test(frames, 16)
        else:
            assert (index // part == np.arange(16)).all()


def _element(frames=6):
    g = np.random.default_rng(0)
    pictures = g.integers(0, 256, (frames, 20, 40, 3), np.uint8)
    boxes = np.tile(np.float32([0.25, 0.0, 0.5, 0.5]), (frames, 1))
    boxes[0] = NAN
    stored = np.array([cv2.imencode(".png", p[..., ::-1])[1].tobytes() for p in pictures], object)
    return pictures, {"frames": stored, "face_boxes": boxes, "body_box": NAN}


def test_boxes_are_chosen_with_their_frames():
    pictures, element = _element()
    element["face_boxes"] = np.arange(24, dtype=np.float32).reshape(6, 4)
    out = people.SpreadFrames(count=3).random_map(element, np.random.default_rng(0))
    np.testing.assert_array_equal(out["frames"], pictures[[1, 3, 5]])
    np.testing.assert_array_equal(out["face_boxes"][:, 0], [4, 12, 20])
    element["face_boxes"] = element["face_boxes"][:2]
    with pytest.raises(ValueError, match="face_boxes has 2 rows for 6 frames"):
        people.SpreadFrames(count=3).random_map(element, np.random.default_rng(0))


def test_a_face_is_cut_with_its_margin_and_a_frame_without_one_stays_whole():
    pictures, element = _element(2)
    clip = people.SpreadFrames(count=2).random_map(element, np.random.default_rng(0))
    faces = people.FaceFrames(side=14, margin=2, interpolation="nearest").map(clip)["face_frames"]
    assert faces.shape == (2, 14, 14, 3)
    cut = pictures[1][0:12, 8:22]  # columns 10 to 20 and two pixels more, rows 0 to 10
    wanted = Image.fromarray(cut).resize((14, 14), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(faces[1], np.asarray(wanted))
    np.testing.assert_array_equal(faces[0][0, [0, -1]], pictures[0][0, [1, 38]])
    assert people.CutFrames().map(clip)["frames"].shape == (2, 20, 40, 3)
    clip["body_box"] = np.float32([0.5, 0.5, 1.0, 1.0])
    np.testing.assert_array_equal(people.CutFrames().map(clip)["frames"], pictures[:, 10:, 20:])
