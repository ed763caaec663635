"""Random changes of colour and position of a clip's frames, as torchvision's; all frames alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Element = dict[str, Any]
_LUMA = np.array([0.2989, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Grayscale:
    """Without colour, with a probability; still three channels."""

    prob: float = 0.1

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if rng.random() >= self.prob:
            return element
        frames = element["frames"]
        return {**element, "frames": np.repeat(_rounded(_grey(frames)), 3, axis=-1)}


@dataclass(frozen=True)
class Jitter:
    """Brightness, contrast and saturation times a factor in [1 - x, 1 + x], hue turned by +-`hue`.

    Brightness scales the pixels, contrast their distance from the mean grey, saturation that from
    their own grey; hue in turns of the colour wheel. In random order (torchvision's ColorJitter).
    """

    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.1

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        bounds = (self.brightness, self.contrast, self.saturation)
        factors = [rng.uniform(max(1 - x, 0), 1 + x) for x in bounds]
        turn = rng.uniform(-self.hue, self.hue)
        for which in rng.permutation(4):
            if which == 3:
                frames = _turned(frames, turn) if turn else frames
            else:
                frames = _towards(frames, which, factors[which])
        return {**element, "frames": frames}


@dataclass(frozen=True)
class Rotate:
    """A turn by up to +-`degrees` around the centre, the corners black; nearest pixels."""

    degrees: float = 10.0

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        h, w = frames.shape[1:3]
        angle = rng.uniform(-self.degrees, self.degrees)
        matrix = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), angle, 1.0)
        warp = lambda f: cv2.warpAffine(f, matrix, (w, h), flags=cv2.INTER_NEAREST)  # noqa: E731
        return {**element, "frames": np.stack([warp(f) for f in frames])}


@dataclass(frozen=True)
class Perspective:
    """With a probability, the corners moved inwards by up to half of `distortion` of a side."""

    distortion: float = 0.2
    prob: float = 0.5

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if rng.random() >= self.prob:
            return element
        frames = element["frames"]
        h, w = frames.shape[1:3]
        corners = np.array([[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]], np.float32)
        most = np.array([w, h]) * self.distortion / 2
        inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        moved = corners + inwards * rng.uniform(0, 1, (4, 2)) * most
        matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
        warp = lambda f: cv2.warpPerspective(f, matrix, (w, h))  # noqa: E731
        return {**element, "frames": np.stack([warp(f) for f in frames])}


def _grey(frames: UInt8[np.ndarray, "t h w 3"]) -> Float[np.ndarray, "t h w 1"]:
    return (frames @ _LUMA)[..., None]


def _towards(
    frames: UInt8[np.ndarray, "t h w 3"], which: int, factor: float
) -> UInt8[np.ndarray, "t h w 3"]:
    """factor x + (1 - factor) anchor; the anchor is black, the mean grey, or the pixel's own."""
    anchors: Sequence[Any] = (0.0, _grey(frames).mean(axis=(1, 2, 3), keepdims=True), _grey(frames))
    return _rounded(factor * frames.astype(np.float32) + (1 - factor) * anchors[which])


def _turned(frames: UInt8[np.ndarray, "t h w 3"], turn: float) -> UInt8[np.ndarray, "t h w 3"]:
    out = []
    for frame in frames:
        hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV_FULL)  # hue as 0..255
        hsv[..., 0] += np.uint8(round(turn * 255) % 256)
        out.append(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))
    return np.stack(out)


def _rounded(values: Float[np.ndarray, "*s"]) -> UInt8[np.ndarray, "*s"]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
