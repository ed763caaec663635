"""Windows against closed forms, in memory that does not grow; the face that is followed."""

import numpy as np
import pytest

from affectjax.predict import face, windows

RATE = windows.RATE


def _pieces(seconds, size=1000):
    whole = np.arange(int(seconds * RATE), dtype=np.float32)
    return (whole[i : i + size] for i in range(0, len(whole), size))


def _films(seconds, fps):
    picture = np.zeros((8, 8, 3), np.uint8)
    return (windows.Seen(i / fps, picture, np.ones(4)) for i in range(int(seconds * fps)))


def test_windows_start_every_hop_and_the_last_reaches_the_end():
    plan = windows.Plan(seconds=2.0, hop=1.0, fps=4.0)
    cut = list(windows.cut(_pieces(5.5), None, plan))
    assert [(w.start, w.end) for w in cut] == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 5.5)]
    for w in cut:
        assert w.audio[0] == w.start * RATE
        assert len(w.audio) == round((w.end - w.start) * RATE)


@pytest.mark.parametrize("seconds", [2.0, 3.0, 4.0])
def test_a_file_of_whole_windows_gets_no_window_twice(seconds):
    plan = windows.Plan(seconds=2.0, hop=1.0, fps=4.0)
    cut = list(windows.cut(_pieces(seconds), _films(seconds, 4), plan))
    assert [w.start for w in cut] == list(range(int(seconds) - 1))
    assert all(len(w.faces) == 8 for w in cut)


def test_a_plan_keeps_pictures_and_where_the_face_is_in_them():
    film = [(i / 4, np.zeros((20, 40, 3), np.uint8)) for i in range(2)]
    found = iter([[], [np.array([10.0, 5, 20, 10])]])  # left, top, width, height
    plan = windows.Plan(2.0, 1.0, 4.0, detect_every=0.25, whole=10)
    (window,) = windows.cut(None, windows.with_faces(film, lambda _: next(found), plan), plan)
    assert [p.shape for p in window.pictures] == [(5, 10, 3)] * 2
    assert np.isnan(window.face_boxes[0]).all()
    np.testing.assert_allclose(window.face_boxes[1], [0.25, 0.25, 0.75, 0.75])
    assert [f.shape for f in window.faces] == [(160, 160, 3)]


def test_of_a_large_film_only_small_pictures_are_held():
    film = ((i / 4, np.zeros((2160, 3840, 3), np.uint8)) for i in range(4))
    plan = windows.Plan(2.0, 1.0, 4.0)
    (window,) = windows.cut(None, windows.with_faces(film, lambda _: [], plan), plan)
    assert window.thumbnail.shape == (90, 160, 3)
    assert window.pictures == window.faces == []


def test_a_short_file_is_one_window():
    cut = list(windows.cut(_pieces(0.5), None, windows.Plan(2.0, 1.0, 4.0)))
    assert [(w.start, w.end) for w in cut] == [(0.0, 0.5)]
    assert list(windows.cut(iter(()), None, windows.Plan(2.0, 1.0, 4.0))) == []


def test_an_hour_is_read_only_as_far_as_its_window():
    read = 0

    def pieces():
        nonlocal read
        for _ in range(3600):
            read += 1
            yield np.zeros(RATE, np.float32)

    for i, window in enumerate(windows.cut(pieces(), None, windows.Plan(2.0, 1.0, 4.0))):
        assert len(window.audio) <= 2 * RATE
        assert read <= i + 4
        if i == 50:
            break


def test_a_hop_longer_than_the_window_would_lose_time():
    with pytest.raises(ValueError, match=r"--hop=3\.0: say more than 0 and at most 2\.0"):
        windows.Plan(2.0, 3.0, 4.0)


def test_the_face_that_overlaps_is_followed_and_a_gap_is_bridged():
    small, large = np.array([0, 0, 10, 10.0]), np.array([50, 50, 30, 30.0])
    moved, between = np.array([54, 50, 30, 30.0]), np.array([52, 50, 30, 30.0])
    track = face.follow(face.Track(), [small, large], 0.0)
    np.testing.assert_array_equal(track.box, large)
    track = face.follow(track, [small * 8, moved], 0.4)
    np.testing.assert_array_equal(track.box, between)
    held = face.follow(track, [], 0.4)
    np.testing.assert_array_equal(held.box, track.box)
    assert face.follow(held, [], 0.8).box is None


def test_a_crop_is_centred_and_reaches_over_the_border():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[18:22, 18:22] = 255
    crop = face.crop(picture, np.array([10, 10, 20, 20.0]), side=32)
    assert crop.shape == (32, 32, 3)
    y, x = np.argwhere(crop[..., 0] > 128).mean(0)
    assert abs(y - 15.5) < 1
    assert abs(x - 15.5) < 1
    assert face.crop(picture, np.array([-15, -15, 20, 20.0]), side=32).shape == (32, 32, 3)


@pytest.mark.xdist_group("tf")
def test_faces_of_photographs_are_found_and_landscapes_have_none(data_dir):
    import cv2

    folder = data_dir("oasis") / "images"
    detect = face.mtcnn()
    for name, expected in (
        ("Baby_2", (116, 30, 72, 87)),  # looked at: one face, there
        ("Neutral_face_4", (90, 51, 56, 84)),
        ("Beach_3", None),
    ):
        found = detect(cv2.imread(str(folder / f"{name}.jpg"))[..., ::-1])
        if expected is None:
            assert found == []
        else:
            best = max(found, key=lambda b: b[2] * b[3])
            assert face.overlap(best, np.array(expected, float)) > 0.8
