"""RandAugment (Cubuk et al. 2019) in timm's "increasing" form, the same on all frames of a clip."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

Picture = Image.Image
GREY = (124, 116, 104)  # ImageNet's mean, what timm fills with
_BICUBIC = Image.Resampling.BICUBIC


def _signed(level: float, rng: np.random.Generator) -> float:
    return level if rng.random() < 0.5 else -level


def _affine(*matrix: float) -> Callable[[Picture], Picture]:
    def apply(image: Picture) -> Picture:
        return image.transform(image.size, Image.Transform.AFFINE, matrix, _BICUBIC, fillcolor=GREY)

    return apply


def _enhance(kind: Any, magnitude: float, rng: np.random.Generator) -> Callable:
    factor = max(0.1, 1 + _signed(magnitude / 10 * 0.9, rng))
    return lambda image: kind(image).enhance(factor)


def _translate(magnitude: float, axis: int, rng: np.random.Generator) -> Callable:
    share = _signed(magnitude / 10 * 0.45, rng)

    def apply(image: Picture) -> Picture:
        shift = share * image.size[axis]
        return _affine(1, 0, shift if axis == 0 else 0, 0, 1, shift if axis == 1 else 0)(image)

    return apply


def _solarize_add(image: Picture, amount: int) -> Picture:
    table = [min(255, i + amount) if i < 128 else i for i in range(256)] * 3
    return image.point(table)


# Magnitudes 0..10; "increasing": more magnitude is always more change.
OPS: dict[str, Callable[[float, np.random.Generator], Callable[[Picture], Picture]]] = {
    "auto_contrast": lambda m, g: ImageOps.autocontrast,
    "equalize": lambda m, g: ImageOps.equalize,
    "invert": lambda m, g: ImageOps.invert,
    "rotate": lambda m, g: _rotate(_signed(m / 10 * 30, g)),
    "posterize": lambda m, g: lambda i: ImageOps.posterize(i, max(1, 4 - int(m / 10 * 4))),
    "solarize": lambda m, g: lambda i: ImageOps.solarize(i, 256 - min(256, int(m / 10 * 256))),
    "solarize_add": lambda m, g: lambda i: _solarize_add(i, min(128, int(m / 10 * 110))),
    "color": lambda m, g: _enhance(ImageEnhance.Color, m, g),
    "contrast": lambda m, g: _enhance(ImageEnhance.Contrast, m, g),
    "brightness": lambda m, g: _enhance(ImageEnhance.Brightness, m, g),
    "sharpness": lambda m, g: _enhance(ImageEnhance.Sharpness, m, g),
    "shear_x": lambda m, g: _affine(1, _signed(m / 10 * 0.3, g), 0, 0, 1, 0),
    "shear_y": lambda m, g: _affine(1, 0, 0, _signed(m / 10 * 0.3, g), 1, 0),
    "translate_x": lambda m, g: _translate(m, 0, g),
    "translate_y": lambda m, g: _translate(m, 1, g),
}


def _rotate(degrees: float) -> Callable[[Picture], Picture]:
    return lambda image: image.rotate(degrees, _BICUBIC, fillcolor=GREY)


@dataclass(frozen=True)
class RandAugment:
    """`count` random operations, each applied with `prob`, at a magnitude near `magnitude`.

    HiCMAE: rand-m7-n4-mstd0.5-inc1, that is magnitude 7 of 10 with deviation 0.5, four operations.
    """

    magnitude: float = 7.0
    count: int = 4
    deviation: float = 0.5
    prob: float = 0.5

    def random_map(self, element: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        pictures = [Image.fromarray(frame) for frame in element["frames"]]
        for name in rng.choice([*OPS], self.count):
            if rng.random() >= self.prob:
                continue
            magnitude = float(np.clip(rng.normal(self.magnitude, self.deviation), 0, 10))
            change = OPS[name](magnitude, rng)
            pictures = [change(picture) for picture in pictures]
        return {**element, "frames": np.stack([np.asarray(p) for p in pictures])}
