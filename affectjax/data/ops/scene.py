"""A scene and the person in it: what is done to the one is done to the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from affectjax.data.ops import image, picture

Element = dict[str, Any]


@dataclass(frozen=True)
class Mirror:
    """With a probability, the picture `key` left to right, and the box of the person with it."""

    key: str = "image"
    box: str = "box"
    prob: float = 0.5

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        if rng.random() >= self.prob:
            return element
        mirrored = image.mirrored(picture.pixels(element[self.key])[None])[0]
        left, top, right, bottom = element[self.box]
        box = np.array([1 - right, top, 1 - left, bottom], np.float32)
        return {**element, self.key: mirrored, self.box: box}


@dataclass(frozen=True)
class Blank:
    """The person's box in the picture `key` made black: what is left is the scene alone."""

    key: str = "image"
    box: str = "box"

    def map(self, element: Element) -> Element:
        scene = picture.pixels(element[self.key]).copy()
        top, bottom, left, right = picture.pixel_box(element[self.box], scene.shape)
        scene[top:bottom, left:right] = 0
        return {**element, self.key: scene}
