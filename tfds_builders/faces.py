"""Faces of films: found by a detector, followed, and cut out as squares."""

import pathlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from affectjax.predict import face
from affectjax.predict import media as films

EVERY = 0.25  # seconds between two detections; in between the box stays where it was
MARGIN = 0.3  # share of the box that is added around it


def of_film(
    path: pathlib.Path, fps: float, side: int, detect: face.Detector
) -> tuple[np.ndarray, list[bool]]:
    """JPEG bytes of the followed face at each of the film's times, and where it was seen.

    A time without a face takes the crop before it, or the first one after. The largest face is
    followed; MTCNN (`affectjax.predict.face.mtcnn`), whose weights ship with its package, is the
    usual `detect`, and any function from an RGB picture to boxes in pixels will do.

    Args:
      fps: pictures a second.
      side: pixels of the square.

    Raises:
      ValueError: a damaged film, or one without any face; names it.
    """
    track, last = face.Track(), -EVERY
    crops: list[Any] = []
    for time, picture in films.frames(path, fps):
        if time - last >= EVERY - 1e-6:
            track, last = face.follow(track, detect(picture), time - last), time
        crops.append(None if track.box is None else face.crop(picture, track.box, side, MARGIN))
    seen = [crop is not None for crop in crops]
    if not any(seen):
        raise ValueError(f"{path} shows no face (allow_damaged leaves it out)")
    nearest = _before_or_after(seen)
    return np.array([jpeg(crops[i]) for i in nearest], object), seen


def jpeg(picture: np.ndarray) -> bytes:
    """JPEG bytes, quality 92, of an RGB picture (h, w, 3) uint8."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, 92]
    return cv2.imencode(".jpg", picture[..., ::-1], flags)[1].tobytes()


def detector(given: Callable[..., Any] | None) -> face.Detector:
    """The detector that a user gave, or MTCNN."""
    return given or face.mtcnn()


def _before_or_after(seen: list[bool]) -> list[int]:
    """For each time the nearest one before it (or at it) with a face, else the first of all.

    >>> _before_or_after([False, True, False, True])
    [1, 1, 1, 3]
    """
    first = seen.index(True)
    return [max((j for j in range(i + 1) if seen[j]), default=first) for i in range(len(seen))]
