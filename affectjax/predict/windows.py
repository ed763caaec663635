"""Sliding windows over a file's streams, in memory that does not grow with its length."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

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


@dataclass(frozen=True)
class Seen:
    """What is kept of a film's picture: at `time` (seconds), the face's crop and its box.

    `shares`: left, top, right, bottom of the box as shares of the picture, NaN without a face.
    `picture` is small, so that a window of a film in 4K is not gigabytes; None where nobody asks.
    """

    time: float
    crop: np.ndarray | None = None
    box: np.ndarray | None = None
    shares: tuple[float, ...] = (np.nan,) * 4
    picture: np.ndarray | None = None


def cut(
    audio: Iterable[np.ndarray] | None, films: Iterable[Seen] | None, plan: Plan
) -> Iterator[Window]:
    """Windows at 0, hop, 2 hop ... until one reaches the end of the longer stream.

    `audio` gives pieces of samples. The last window may be shorter.
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
        yield _with_pictures(window, items) if plan.whole else window
        number += 1
        if reach < end - 1e-6:
            return


def with_faces(
    pictures: Iterable[tuple[float, np.ndarray]], detect: face.Detector | None, plan: Plan
) -> Iterator[Seen]:
    """Each picture with the face that is followed; the detector runs every `detect_every` s."""
    track, last = face.Track(), -np.inf
    for time, picture in pictures:
        if detect is not None and time - last >= plan.detect_every - 1e-6:
            elapsed = 0.0 if np.isinf(last) else time - last
            track, last = face.follow(track, detect(picture), elapsed), time
        if track.box is None:
            yield Seen(time, picture=_small(picture, plan.whole or plan.side))
            continue
        crop = face.crop(picture, track.box, plan.side)
        small = _small(picture, plan.whole) if plan.whole else None
        yield Seen(time, crop, track.box, _shares(track.box, picture.shape), small)


def _window(start: float, end: float, samples: Any, items: Sequence[Seen]) -> Window:
    faces = [seen.crop for seen in items if seen.crop is not None]
    boxes = [seen.box for seen in items if seen.box is not None]
    # Held by the window: the crops in order; a frame without a face takes the one before.
    middle = items[len(items) // 2] if items else Seen(start)
    picture = middle.picture if middle.crop is None else middle.crop
    box = np.median(boxes, axis=0) if boxes else None
    return Window(start, end, samples, faces, box, picture)


def _with_pictures(window: Window, items: Sequence[Seen]) -> Window:
    window.pictures = [seen.picture for seen in items if seen.picture is not None]
    window.face_boxes = np.array([seen.shares for seen in items], np.float32).reshape(-1, 4)
    return window


def _shares(box: face.Box, shape: Sequence[int]) -> tuple[float, ...]:
    left, top, width, height = box
    sides = np.array([left, top, left + width, top + height]) / [*shape[1::-1], *shape[1::-1]]
    return tuple(np.clip(sides, 0, 1))


def _small(picture: UInt8[np.ndarray, "h w 3"], longest: int) -> UInt8[np.ndarray, "i j 3"]:
    """The picture, its longer side `longest` pixels at most."""
    scale = min(longest / max(picture.shape[:2]), 1.0)
    if scale == 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


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

    def __init__(self, items: Iterable[Seen] | None) -> None:
        self._items = iter(items) if items is not None else None
        self._held: deque[Seen] = deque()
        self.reached, self.any = 0.0, False

    def until(self, start: float, end: float) -> list[Seen]:
        while self._items is not None and (not self._held or self._held[-1].time < end):
            item = next(self._items, None)
            if item is None:
                break
            self._held.append(item)
            self.reached, self.any = item.time, True
        while self._held and self._held[0].time < start - 1e-6:
            self._held.popleft()
        return [item for item in self._held if item.time < end - 1e-6]
