"""Host-side transforms of the decoded frames of one clip; every frame is treated alike."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Element = dict[str, Any]
_INTERPOLATION = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}


def resize(frames: np.ndarray, side: int, interpolation: str = "bilinear") -> np.ndarray:
    """(t, h, w, 3) uint8 to (t, side, side, 3), the aspect ratio not kept (as HiCMAE)."""
    if frames.shape[1:3] == (side, side):
        return frames
    how = _INTERPOLATION[interpolation]
    out = np.empty((len(frames), side, side, 3), frames.dtype)
    for frame, small in zip(frames, out, strict=True):
        cv2.resize(frame, (side, side), dst=small, interpolation=how)
    return out


def mirrored(frames: np.ndarray) -> np.ndarray:
    """(t, h, w, 3) uint8, each left to right: cv2.flip takes a thirtieth of a copy by strides."""
    out = np.empty(frames.shape, frames.dtype)
    for frame, turned in zip(frames, out, strict=True):
        cv2.flip(frame, 1, dst=turned)
    return out


@dataclass(frozen=True)
class Resize:
    """All frames to a square."""

    side: int
    interpolation: str = "bilinear"

    def map(self, element: Element) -> Element:
        return {**element, "frames": resize(element["frames"], self.side, self.interpolation)}


@dataclass(frozen=True)
class Crop:
    """A fixed box of every frame, in pixels: HiCMAE cuts VoxCeleb2 to Crop(0, 32, 160, 160)."""

    top: int
    left: int
    height: int
    width: int

    def map(self, element: Element) -> Element:
        frames = element["frames"]
        bottom, right = self.top + self.height, self.left + self.width
        if min(self.top, self.left) < 0 or bottom > frames.shape[1] or right > frames.shape[2]:
            raise ValueError(f"{self} does not lie in frames of {frames.shape[1:3]} pixels")
        return {**element, "frames": frames[:, self.top : bottom, self.left : right]}


@dataclass(frozen=True)
class RandomResizedCrop:
    """A random box of every frame, resized to a square (Szegedy et al. 2015).

    The share of the area is uniform in `scale`, the aspect ratio log-uniform in `ratio`; after
    ten boxes that do not fit the central one is taken, as in torchvision. HiCMAE's script uses
    scale 0.08 to 1, which for faces is harsh.
    """

    side: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    interpolation: str = "bilinear"

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        top, left, height, width = self._box(frames.shape[1], frames.shape[2], rng)
        cut = frames[:, top : top + height, left : left + width]
        return {**element, "frames": resize(cut, self.side, self.interpolation)}

    def _box(self, h: int, w: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        low, high = (math.log(r) for r in self.ratio)
        for _ in range(10):
            area = h * w * rng.uniform(*self.scale)
            aspect = math.exp(rng.uniform(low, high))
            width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < width <= w and 0 < height <= h:
                top, left = rng.integers(0, h - height + 1), rng.integers(0, w - width + 1)
                return int(top), int(left), height, width
        side = min(h, w)
        return (h - side) // 2, (w - side) // 2, side, side


@dataclass(frozen=True)
class MultiScaleCrop:
    """One of 13 anchored boxes of side 1, .875, .75 or .66 of the frame (HiCMAE pre-training).

    Height and width draw scales at most one step apart; the anchors are the corners, edges,
    centre and quarter points of temporal segment networks (Wang et al. 2016).
    """

    side: int
    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        h, w = frames.shape[1:3]
        base = min(h, w)
        sizes = [int(base * s) for s in self.scales]
        pairs = [(a, b) for i, a in enumerate(sizes) for j, b in enumerate(sizes) if abs(i - j) < 2]
        height, width = pairs[rng.integers(len(pairs))]
        down, right = self._anchor((h - height) // 4, (w - width) // 4, rng)
        cut = frames[:, down : down + height, right : right + width]
        return {**element, "frames": resize(cut, self.side)}

    def _anchor(self, y: int, x: int, rng: np.random.Generator) -> tuple[int, int]:
        coarse = [(r, c) for r in (0, 2, 4) for c in (0, 2, 4)]
        fine = [(r, c) for r in (1, 3) for c in (1, 3)]
        r, c = [*coarse, *fine][rng.integers(13)]
        return r * y, c * x


@dataclass(frozen=True)
class Flip:
    """Mirror the clip left to right with a probability."""

    prob: float = 0.5

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if rng.random() >= self.prob:
            return element
        return {**element, "frames": mirrored(element["frames"])}
