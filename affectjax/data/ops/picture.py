"""Still pictures, faces and cut-out people: decoded, cut, resized as the published models do.

Resizing goes through Pillow, which smooths as it shrinks: what torchvision does with a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from affectjax.data.ops import video

Element = dict[str, Any]
_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}


@dataclass(frozen=True)
class On:
    """Ops of frames on another key: a still picture is a clip of one frame.

    `key` holds JPEG or PNG bytes, which are decoded, or pixels (h, w, 3) or (t, h, w, 3); `ops` are
    those of `image`, `colour` and below.
    """

    key: str
    ops: Sequence[Any] = ()

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if self.key not in element:
            raise ValueError(f"no key {self.key!r} in the data, only {sorted(element)}")
        given = pixels(element[self.key])
        still = given.ndim == 3
        inner: Element = {**element, "frames": given[None] if still else given}
        for op in self.ops:
            random_map = getattr(op, "random_map", None)
            inner = random_map(inner, rng) if random_map else op.map(inner)
        frames = inner["frames"]
        return {**element, self.key: frames[0] if still else frames}


@dataclass(frozen=True)
class CutBox:
    """The part `box` of the picture `key`, as the key `to`: a person, or a face.

    The box is left, top, right, bottom as shares of the width and the height; `margin` pixels are
    added on every side where the picture has them.
    """

    key: str = "image"
    to: str = "face"
    box: str = "box"
    margin: int = 0

    def map(self, element: Element) -> Element:
        picture = pixels(element[self.key])
        top, bottom, left, right = pixel_box(element[self.box], picture.shape, self.margin)
        return {**element, self.key: picture, self.to: picture[top:bottom, left:right]}


@dataclass(frozen=True)
class Take:
    """The picture `key` under the name `to`: one dataset's whole picture is another's face.

    A picture of that name that is there already, such as a user's own, stays.
    """

    key: str = "image"
    to: str = "face"

    def map(self, element: Element) -> Element:
        if self.to in element:
            return element
        if self.key not in element:
            raise ValueError(f"no key {self.key!r} in the data, only {sorted(element)}")
        rest = {k: v for k, v in element.items() if k != self.key}
        return {**rest, self.to: element[self.key]}


@dataclass(frozen=True)
class Still:
    """The frame in the middle of `frames` as the picture `to`; the frames go.

    A picture that is there already, such as a user's own, stays.
    """

    to: str = "face"

    def map(self, element: Element) -> Element:
        if self.to in element:
            return element
        if "frames" not in element:
            raise ValueError(f"no key 'frames' in the data, only {sorted(element)}")
        rest = {k: v for k, v in element.items() if k != "frames"}
        frames = element["frames"]
        return {**rest, self.to: frames[len(frames) // 2]}


@dataclass(frozen=True)
class ShortSide:
    """The shorter side to `side` pixels, the longer in proportion, rounded down (torchvision)."""

    side: int
    interpolation: str = "bicubic"

    def map(self, element: Element) -> Element:
        frames = element["frames"]
        h, w = frames.shape[1:3]
        short = min(h, w)
        shape = (int(self.side * h / short), int(self.side * w / short))
        return {**element, "frames": resample(frames, shape, self.interpolation)}


@dataclass(frozen=True)
class Square:
    """To a square, the aspect ratio not kept."""

    side: int
    interpolation: str = "bicubic"

    def map(self, element: Element) -> Element:
        frames = resample(element["frames"], (self.side, self.side), self.interpolation)
        return {**element, "frames": frames}


@dataclass(frozen=True)
class Letterbox:
    """To a square, the aspect ratio kept, the rest black."""

    side: int
    interpolation: str = "bicubic"

    def map(self, element: Element) -> Element:
        frames = element["frames"]
        h, w = frames.shape[1:3]
        scale = self.side / max(h, w)
        shape = (max(round(h * scale), 1), max(round(w * scale), 1))
        small = resample(frames, shape, self.interpolation)
        top, left = ((self.side - n) // 2 for n in shape)
        out = np.zeros((len(frames), self.side, self.side, 3), np.uint8)
        out[:, top : top + shape[0], left : left + shape[1]] = small
        return {**element, "frames": out}


@dataclass(frozen=True)
class CentreCrop:
    """The square in the middle, places rounded as torchvision does."""

    side: int

    def map(self, element: Element) -> Element:
        frames = element["frames"]
        h, w = frames.shape[1:3]
        if min(h, w) < self.side:
            raise ValueError(f"a square of {self.side} does not lie in {h} x {w} pixels")
        top, left = round((h - self.side) / 2), round((w - self.side) / 2)
        cut = frames[:, top : top + self.side, left : left + self.side]
        return {**element, "frames": cut}


def pixels(given: Any) -> UInt8[np.ndarray, "*t h w 3"]:
    """RGB of JPEG or PNG bytes; pixels as they are.

    Raises:
      ValueError: bytes that do not decode, or pixels that are not uint8 (..., h, w, 3).
    """
    if isinstance(given, bytes):
        return video.decode_frames([given])[0]
    array = np.asarray(given)
    if array.dtype == object and array.ndim <= 1:
        frames = video.decode_frames(list(array.ravel()))
        return frames if array.ndim else frames[0]
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise ValueError(f"no picture: {array.dtype}{list(array.shape)}, not uint8 (..., h, w, 3)")
    return array


def pixel_box(
    box: Float[np.ndarray, "4"], shape: Sequence[int], margin: int = 0
) -> tuple[int, int, int, int]:
    """Top, bottom, left, right in pixels of a box of shares, inside the picture, never empty.

    >>> pixel_box(np.array([0.25, 0.0, 0.5, 1.0]), (20, 40, 3), margin=2)
    (0, 20, 8, 22)
    """
    h, w = shape[0], shape[1]
    left, top, right, bottom = (float(x) for x in box)
    x0 = min(max(round(left * w) - margin, 0), w - 1)
    y0 = min(max(round(top * h) - margin, 0), h - 1)
    x1 = min(max(round(right * w) + margin, x0 + 1), w)
    y1 = min(max(round(bottom * h) + margin, y0 + 1), h)
    return y0, y1, x0, x1


def resample(
    frames: UInt8[np.ndarray, "t h w 3"], shape: tuple[int, int], interpolation: str
) -> UInt8[np.ndarray, "t i j 3"]:
    """Frames at (rows, columns).

    Raises:
      ValueError: the interpolation is not one of bilinear, bicubic, nearest.
    """
    if interpolation not in _RESAMPLING:
        allowed = ", ".join(_RESAMPLING)
        raise ValueError(f"interpolation={interpolation!r}; allowed: {allowed}")
    if frames.shape[1:3] == shape:
        return frames
    how, size = _RESAMPLING[interpolation], (shape[1], shape[0])
    return np.stack([np.asarray(Image.fromarray(f).resize(size, how)) for f in frames])
