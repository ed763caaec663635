"""Transforms of a clip's frames: same box for all, inside the picture, decided by the generator."""

import numpy as np
import pytest

from affectjax.data.ops import image, randaugment


def _clip(h=40, w=48, t=3):
    frame = np.random.default_rng(0).integers(0, 256, (h, w, 3), np.uint8)
    return {"frames": np.stack([frame] * t)}


RANDOM = (
    image.RandomResizedCrop(side=24),
    image.MultiScaleCrop(side=24),
    image.Flip(prob=0.5),
    randaugment.RandAugment(),
)


@pytest.mark.parametrize("op", RANDOM, ids=lambda op: type(op).__name__)
def test_all_frames_of_a_clip_are_treated_alike_and_the_generator_decides(op):
    results = []
    for seed in range(8):
        first, again = (
            op.random_map(_clip(), np.random.default_rng(seed))["frames"] for _ in range(2)
        )
        np.testing.assert_array_equal(first, again)
        assert (first == first[:1]).all()
        assert first.dtype == np.uint8
        results.append(first)
    assert len({r.tobytes() for r in results}) > 1


def test_a_flip_mirrors_columns():
    frames = _clip()["frames"]
    flipped = image.Flip(prob=1.0).random_map({"frames": frames}, np.random.default_rng(0))
    np.testing.assert_array_equal(flipped["frames"], frames[:, :, ::-1])
    cut = frames[:, 3:9, 2:11]  # a crop is a view
    np.testing.assert_array_equal(image.mirrored(cut), cut[:, :, ::-1])


def test_a_box_has_its_share_of_the_area_and_its_aspect():
    op = image.RandomResizedCrop(side=8, scale=(0.2, 0.5), ratio=(0.5, 2.0))
    rng = np.random.default_rng(0)
    for _ in range(200):
        top, left, h, w = op._box(200, 300, rng)
        assert 0 <= top <= 200 - h
        assert 0 <= left <= 300 - w
        assert 0.19 <= h * w / 60_000 <= 0.51
        assert 0.48 <= w / h <= 2.05


def test_a_box_that_never_fits_becomes_the_central_square():
    op = image.RandomResizedCrop(side=8, scale=(1.0, 1.0), ratio=(1.0, 1.0))
    assert op._box(10, 30, np.random.default_rng(0)) == (0, 10, 10, 10)


def test_multi_scale_crops_at_the_thirteen_official_anchors():
    op, rng = image.MultiScaleCrop(side=8), np.random.default_rng(0)
    found = {op._anchor(10, 10, rng) for _ in range(1000)}
    # TSN's GroupMultiScaleCrop: corners, edges, centre (steps 0, 2, 4) and quarters (1, 3).
    coarse = {(10 * r, 10 * c) for r in (0, 2, 4) for c in (0, 2, 4)}
    assert found == coarse | {(10 * r, 10 * c) for r in (1, 3) for c in (1, 3)}


def test_a_fixed_crop_is_its_box_and_must_lie_in_the_frame():
    frames = _clip()["frames"]
    cut = image.Crop(2, 3, 20, 30).map({"frames": frames})["frames"]
    np.testing.assert_array_equal(cut, frames[:, 2:22, 3:33])
    with pytest.raises(ValueError, match="does not lie in frames"):
        image.Crop(30, 0, 20, 20).map({"frames": frames})


@pytest.mark.parametrize("name", randaugment.OPS)
def test_every_operation_of_randaugment_keeps_shape_and_changes_the_picture(name):
    picture = randaugment.Image.fromarray(_clip()["frames"][0] // 2 + 20)
    changed = randaugment.OPS[name](9.0, np.random.default_rng(1))(picture)
    assert changed.size == picture.size
    assert np.asarray(changed).tobytes() != np.asarray(picture).tobytes()


def test_randaugment_without_chance_changes_nothing():
    clip = _clip()
    same = randaugment.RandAugment(prob=0.0).random_map(clip, np.random.default_rng(0))
    np.testing.assert_array_equal(same["frames"], clip["frames"])
