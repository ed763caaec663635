"""Sliding windows over a file's streams, in memory that does not grow with its length."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from affectjax.predict import face, media

RATE = media.RATE


@dataclass
class Window:
    """`start` in seconds; sound, and face crops, of the window, None where there are none.

    `pictures` and `face_boxes` (t, 4), shares with NaN where no face is, of a plan that keeps them.
    """

    start: float
    end: float
    audio: np.ndarray | None = None
    faces: list[np.ndarray] = field(default_factory=list)
    box: np.ndarray | None = None
    thumbnail: np.ndarray | None = None
    pictures: list[np.ndarray] = field(default_factory=list)
    face_boxes: np.ndarray | None = None


@dataclass(frozen=True)
class Plan:
    """How to cut: seconds of a window and between starts; frames per second and side of faces.

    `whole`: longest side in pixels at which windows keep the pictures themselves; 0: they do not.
    """

    seconds: float
    hop: float
    fps: float
    side: int = 160
    detect_every: float = 0.4
    whole: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.hop <= self.seconds:
            raise ValueError(f"--hop={self.hop}: say more than 0 and at most {self.seconds} s")


def cut(
    audio: Iterable[np.ndarray] | None, films: Iterable[Any] | None, plan: Plan
) -> Iterator[Window]:
    """Windows at 0, hop, 2 hop ... until one reaches the end of the longer stream.

    `audio` gives pieces of samples, `films` (time, face crop or None, box or None, picture).
    The last window may be shorter.
    """
    sound, seen = _Sound(audio), _Film(films)
    number = 0
    while True:
        start = number * plan.hop
        end = start + plan.seconds
        samples = sound.until(start, end)
        items = seen.until(start, end)
        reach = max(sound.reached, seen.reached + 1 / plan.fps if seen.any else 0.0)
        if number and reach <= start + plan.seconds - plan.hop + 1e-6:
            return  # the window before held the end
        if samples is None and not items:
            return
        window = _window(start, min(end, reach), samples, items)
        yield _with_pictures(window, items, plan.whole) if plan.whole else window
        number += 1
        if reach < end - 1e-6:
            return


def with_faces(
    pictures: Iterable[tuple[float, np.ndarray]], detect: face.Detector | None, plan: Plan
) -> Iterator[tuple[float, np.ndarray | None, np.ndarray | None, np.ndarray]]:
    """(time, crop, box, picture) of each picture; the detector runs every `detect_every` s."""
    track, last = face.Track(), -np.inf
    for time, picture in pictures:
        if detect is not None and time - last >= plan.detect_every - 1e-6:
            elapsed = 0.0 if np.isinf(last) else time - last
            track, last = face.follow(track, detect(picture), elapsed), time
        crop = None if track.box is None else face.crop(picture, track.box, plan.side)
        yield time, crop, track.box, picture


def _window(start: float, end: float, samples: Any, items: list[Any]) -> Window:
    faces = [crop for _, crop, _, _ in items if crop is not None]
    boxes = [box for _, _, box, _ in items if box is not None]
    # Held by the window: the crops in order; a frame without a face takes the one before.
    middle = items[len(items) // 2] if items else None
    picture = None if middle is None else (middle[1] if middle[1] is not None else middle[3])
    box = np.median(boxes, axis=0) if boxes else None
    return Window(start, end, samples, faces, box, picture)


def _with_pictures(window: Window, items: list[Any], longest: int) -> Window:
    boxes = []
    for _, _, box, picture in items:
        h, w = picture.shape[:2]
        scale = min(longest / max(h, w), 1.0)
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        window.pictures.append(small if scale < 1 else picture)
        left, top, width, height = (np.nan,) * 4 if box is None else box
        shares = np.array([left / w, top / h, (left + width) / w, (top + height) / h])
        boxes.append(np.clip(shares, 0, 1))
    window.face_boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return window


class _Sound:
    """A buffer of samples that forgets what lies before the window."""

    def __init__(self, pieces: Iterable[np.ndarray] | None) -> None:
        self._pieces = iter(pieces) if pieces is not None else None
        self._buffer, self._first = np.zeros(0, np.float32), 0
        self.reached = 0.0

    def until(self, start: float, end: float) -> np.ndarray | None:
        if self._pieces is None:
            return None
        first, stop = round(start * RATE), round(end * RATE)
        parts, have = [self._buffer], self._first + len(self._buffer)
        while have < stop + 1 and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            have += len(piece)
        joined = np.concatenate(parts)[max(first - self._first, 0) :]
        self._buffer, self._first, self.reached = joined, first, have / RATE
        part = joined[: stop - first]
        return part if len(part) else None


class _Film:
    """The same for frames."""

    def __init__(self, items: Iterable[Any] | None) -> None:
        self._items = iter(items) if items is not None else None
        self._held: deque[Any] = deque()
        self.reached, self.any = 0.0, False

    def until(self, start: float, end: float) -> list[Any]:
        while self._items is not None and (not self._held or self._held[-1][0] < end):
            item = next(self._items, None)
            if item is None:
                break
            self._held.append(item)
            self.reached, self.any = item[0], True
        while self._held and self._held[0][0] < start - 1e-6:
            self._held.popleft()
        return [item for item in self._held if item[0] < end - 1e-6]
