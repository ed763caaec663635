"""FRESCO: measures of pictures with a known answer, and what a score must do."""

import cv2
import numpy as np
import pytest

from experiments.fresco import plastic, record, score

G = np.random.default_rng(0)


def _flat(r, g, b):
    return np.full((64, 96, 3), (r, g, b), np.uint8)


def _scene(seed, size=128):
    """A sky and a ground in colours of their own, blocks, and a face's box."""
    g = np.random.default_rng(seed)
    picture = np.empty((size, size, 3), np.uint8)
    picture[: size // 2], picture[size // 2 :] = g.integers(40, 216, (2, 3))
    for _ in range(4):
        x, y = g.integers(0, size - 24, 2)
        picture[y : y + 24, x : x + 12] = g.integers(0, 256, 3)
    return picture


def _record(seed, **given):
    return record.of_picture(_scene(seed), **given)


def test_measures_of_pictures_whose_answer_is_known():
    grey = plastic.measures(_flat(119, 119, 119))
    assert grey["brightness"] == pytest.approx(0.5, abs=0.01)  # sRGB 119 is CIE L 50
    for name in ("contrast", "colourfulness", "edges"):
        assert grey[name] == pytest.approx(0, abs=1e-3)
    assert grey["symmetry"] == pytest.approx(1)
    assert (grey["weight_across"], grey["weight_down"]) == pytest.approx((0.5, 0.5))
    # Half red, half blue, by hand: rg is +-1 and 0, yb 0.5 and -1; of each the mean and the SD.
    half = np.concatenate([_flat(255, 0, 0), _flat(0, 0, 255)], axis=1)
    rg, yb = np.array([1.0, 0.0]), np.array([0.5, -1.0])
    by_hand = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert plastic.colourfulness(half) == pytest.approx(by_hand)
    stripes = np.repeat(np.repeat(np.array([[0, 255] * 8], np.uint8), 8, 1), 96, 0)
    across = plastic.measures(np.repeat(stripes[..., None], 3, 2))
    assert across["directions"][0] > 0.95  # lightness changes from left to right
    down = plastic.measures(np.repeat(stripes.T[..., None], 3, 2))
    assert down["directions"][plastic.DIRECTIONS // 2] > 0.95
    left = _flat(0, 0, 0)
    left[16:48, 4:20] = 255
    assert plastic.measures(left)["weight_across"] < 0.2
    for bad, why in (
        (np.zeros((4, 9, 3), np.uint8), "too small"),
        (np.zeros((9, 9)), "no picture"),
    ):
        with pytest.raises(ValueError, match=why):
            plastic.measures(bad)


def test_a_picture_is_like_itself_smaller_and_compressed():
    for seed in range(4):
        picture = _scene(seed, 256)
        whole = record.of_picture(picture)
        assert score.score(whole, whole)["score"] == pytest.approx(1)
        small = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_AREA)
        packed = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], 1)
        for other in (small, packed):
            assert score.score(whole, record.of_picture(other))["score"] > 0.95
        assert score.score(whole, _record(seed + 50))["score"] < 0.9


def test_the_score_is_symmetric_between_0_and_1_and_falls_with_one_trait():
    a = _record(1, objects=["dog", "ball"], expressions=np.array([0.7, 0.3]))
    b = _record(2, objects=["dog", "cat"], expressions=np.array([0.2, 0.8]))
    one, other = score.score(a, b), score.score(b, a)
    assert one == other
    assert 0 < one["score"] < 1
    assert one["traits"]["figurative/objects"] == pytest.approx(1 / 3)
    assert one["traits"]["figurative/expressions"] == pytest.approx(0.5)
    assert one["figurative"] == pytest.approx((1 / 3 + 0.5) / 2)
    assert one["enunciation"] is None
    assert one["score"] == pytest.approx((one["plastic"] + one["figurative"]) / 2)
    weighted = score.score(a, b, traits={"objects": 3.0}, levels={"plastic": 0.0})
    assert weighted["score"] == pytest.approx((3 / 3 + 0.5) / 4)
    last = 1.0
    for yaw in (0.0, 10.0, 30.0, 90.0):
        faces = [[record.Face((0.4, 0.4, 0.6, 0.7), yaw=y)] for y in (0.0, yaw)]
        told = score.score(*(record.of_picture(_scene(1), faces=f) for f in faces))
        assert told["score"] <= last
        last = told["score"]
    with pytest.raises(ValueError, match="traits: the weight of objects is negative"):
        score.score(a, b, traits={"objects": -1.0})
    with pytest.raises(ValueError, match="no trait to compare"):
        score.score(record.Record(), record.Record())
    np.testing.assert_allclose(score.matrix([a, b]), [[1, one["score"]], [one["score"], 1]])


def test_a_detector_that_was_not_asked_shows_and_one_that_found_less_counts():
    face = record.Face((0.1, 0.1, 0.9, 0.95), watches=True)
    with_face, without = _record(3, faces=[face]), _record(3, faces=[])
    not_asked = _record(3)
    assert not not_asked.enunciation
    assert score.score(not_asked, not_asked)["enunciation"] is None
    told = score.score(with_face, without)
    assert told["plastic"] == pytest.approx(1)
    assert told["traits"]["enunciation/shot"] == 0
    assert with_face.enunciation["shot"].value == {"close-up"}
    assert with_face.enunciation["gazes"].value == 1.0
    turned = record.Trait("angle", 350.0, 20.0), record.Trait("angle", 10.0, 20.0)
    assert score.alike(*turned) == pytest.approx(np.exp(-0.5))
    with pytest.raises(ValueError, match="is no left, top, right, bottom in shares"):
        record.enunciation([record.Face((0.5, 0.1, 0.4, 0.2))])
    with pytest.raises(ValueError, match=r"expressions are no shares: they sum to 1\.5"):
        _record(3, expressions=np.array([0.7, 0.8]))
    with pytest.raises(ValueError, match="a trait is names in one picture and angle"):
        score.alike(record.Trait("names", frozenset()), turned[0])


def test_moving_a_face_and_turning_the_colours_change_their_own_level_only():
    faces = [record.Face((0.1, 0.2, 0.3, 0.5))], [record.Face((0.6, 0.2, 0.8, 0.5))]
    told = score.score(_record(5, faces=faces[0]), _record(5, faces=faces[1]))
    assert told["plastic"] == pytest.approx(1)
    assert told["enunciation"] < 0.95
    picture = _scene(5)
    turned = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    turned[..., 0] = (turned[..., 0].astype(int) + 60) % 180
    other = cv2.cvtColor(turned, cv2.COLOR_HSV2RGB)
    told = score.score(*(record.of_picture(p, objects=["dog"]) for p in (picture, other)))
    assert told["figurative"] == 1
    assert told["plastic"] < 0.97


def test_the_nearest_of_sixty_pictures_shares_what_was_planted():
    """Ten scenes, six noisy variants each: precision of the nearest above 0.9, chance 0.08."""
    records, scene = [], np.repeat(np.arange(10), 6)
    for number, seed in enumerate(scene):
        g = np.random.default_rng(1000 + number)
        noisy = np.clip(_scene(seed) + g.normal(0, 12, (128, 128, 3)), 0, 255).astype(np.uint8)
        records.append(record.of_picture(noisy))
    scores = score.matrix(records) - 2 * np.eye(len(records))
    assert (scene[scores.argmax(1)] == scene).mean() > 0.9
