"""Clips of people: frames spread over a clip, the face in each, the person and what is around."""

import csv
import functools
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from affectjax.data.ops import picture, video

Element = dict[str, Any]


def spread_indices(
    frames: int, count: int, rng: np.random.Generator | None = None
) -> Int[np.ndarray, " t"]:
    """One frame of each of `count` equal parts: at random with a generator, else the middle one.

    As temporal segment networks (Wang et al. 2016) and the loaders of DFER-CLIP and CLIP-CAER do; a
    clip with no more frames than parts gives all of them, then its last again and again.

    >>> spread_indices(20, 4).tolist(), spread_indices(3, 4).tolist()
    ([2, 7, 12, 17], [0, 1, 2, 2])
    """
    if frames <= count:
        return np.minimum(np.arange(count), frames - 1)
    if rng is None:
        step = frames / count
        return np.array([int(step / 2 + step * i) for i in range(count)])
    length = frames // count
    return np.arange(count) * length + rng.integers(0, length, count)


@dataclass(frozen=True)
class SpreadFrames:
    """Choose `count` frames over the whole clip and decode only those (`spread_indices`).

    Attributes:
      random: any frame of each part, for training; else the middle ones.
      along: keys with a row a frame, chosen alike where the data has them.
      seconds: of a user's film that --mode=predict takes at a time.
    """

    count: int = 16
    random: bool = False
    along: Sequence[str] = ("face_boxes",)
    seconds: float = 5.0

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        index = spread_indices(len(frames), self.count, rng if self.random else None)
        out = {**element, "frames": video.decode_frames([frames[i] for i in index])}
        for key in (k for k in self.along if k in element):
            if len(element[key]) != len(frames):
                raise ValueError(f"{key} has {len(element[key])} rows for {len(frames)} frames")
            out[key] = np.asarray(element[key])[index]
        return out


@dataclass(frozen=True)
class FaceFrames:
    """`face_frames`: the face of each frame by `face_boxes`, with a margin, resized to a square.

    A box of NaN says that no face was found there: the whole frame stands in its place, as in the
    code of CLIP-CAER.
    """

    side: int
    margin: int = 20
    interpolation: str = "bilinear"

    def map(self, element: Element) -> Element:
        square = (self.side, self.side)
        cut = []
        for frame, box in zip(element["frames"], element["face_boxes"], strict=True):
            face = frame
            if np.isfinite(box).all():
                top, bottom, left, right = picture.pixel_box(box, frame.shape, self.margin)
                face = frame[top:bottom, left:right]
            cut.append(picture.resample(face[None], square, self.interpolation)[0])
        return {**element, "face_frames": np.stack(cut)}


@dataclass(frozen=True)
class CutFrames:
    """Every frame cut to the part `box` of the clip: the person; whole where the box is NaN."""

    box: str = "body_box"

    def map(self, element: Element) -> Element:
        frames = element["frames"]
        if not np.isfinite(element[self.box]).all():
            return element
        top, bottom, left, right = picture.pixel_box(element[self.box], frames.shape[1:])
        return {**element, "frames": frames[:, top:bottom, left:right]}


BOX = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Boxes:
    """`box`, where the person is in the picture, by a table; the whole picture for one it lacks.

    Attributes:
      path: a CSV of clip_id, left, top, right, bottom, as shares of the width and height; empty:
        every box is the whole picture.
    """

    path: str = ""

    def map(self, element: Element) -> Element:
        name = element["clip_id"]
        name = name.decode() if isinstance(name, bytes) else str(name)
        box = self._boxes.get(name, (0.0, 0.0, 1.0, 1.0))
        return {**element, "box": np.array(box, np.float32)}

    @functools.cached_property
    def _boxes(self) -> Mapping[str, tuple[float, ...]]:
        if not self.path:
            return {}
        with pathlib.Path(self.path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        try:
            found = {row["clip_id"]: tuple(float(row[k]) for k in BOX) for row in rows}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} is no table of clip_id, {', '.join(BOX)}") from error
        for name, (left, top, right, bottom) in found.items():
            if not (left < right and top < bottom):
                raise ValueError(f"{self.path}: the box of {name} has no area")
        return found
