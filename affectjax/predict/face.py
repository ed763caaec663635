"""Find the face and follow it: one person, the largest face at first, then by overlap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import UInt8

Box = np.ndarray  # left, top, width, height in pixels
Detector = Callable[[UInt8[np.ndarray, "h w 3"]], list[Box]]
LONGEST = 640  # pixels: larger pictures are shrunk before detection


@dataclass(frozen=True)
class Track:
    """Where the face was last seen, and for how long it has not been."""

    box: Box | None = None
    unseen: float = 0.0


def mtcnn(threshold: float = 0.9) -> Detector:
    """MTCNN (Zhang et al. 2016), whose weights ship with its package; imports TensorFlow.

    Its three networks run as graphs, not layer by layer: the same boxes, in half the time or less.
    """
    import tensorflow as tf
    from mtcnn import MTCNN

    network = MTCNN()
    for stage, side in zip(network.stages, (None, 24, 48), strict=True):  # pictures, then patches
        takes = tf.TensorSpec([None, side, side, 3], tf.float32)
        stage._model = tf.function(stage.model, input_signature=[takes])

    def detect(picture: UInt8[np.ndarray, "h w 3"]) -> list[Box]:
        scale = min(LONGEST / max(picture.shape[:2]), 1.0)
        small = cv2.resize(picture, None, fx=scale, fy=scale) if scale < 1 else picture
        found = network.detect_faces(small) or []
        return [np.array(f["box"], float) / scale for f in found if f["confidence"] >= threshold]

    return detect


def follow(track: Track, found: list[Box], elapsed: float, *, bridge: float = 1.0) -> Track:
    """The track after a detection `elapsed` seconds later.

    The face that overlaps most with the last is taken, else the largest; its box is averaged with
    the last to take out the jitter. A gap up to `bridge` seconds keeps the last box.
    """
    if not found:
        unseen = track.unseen + elapsed
        return Track() if unseen > bridge else replace(track, unseen=unseen)
    if track.box is None:
        return Track(max(found, key=lambda b: b[2] * b[3]))
    last = track.box
    best = max(found, key=lambda b: overlap(b, last))
    if overlap(best, last) == 0:
        return Track(max(found, key=lambda b: b[2] * b[3]))
    return Track(0.5 * best + 0.5 * last)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union.

    >>> round(overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 2, 2])), 3)
    0.333
    """
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    shared = np.prod(np.maximum(high - low, 0))
    return float(shared / (np.prod(a[2:]) + np.prod(b[2:]) - shared))


def person(found: Sequence[Box], shape: Sequence[int]) -> np.ndarray:
    """Left, top, right, bottom, as shares of the picture, of whom the largest face belongs to.

    A standing body is about seven and a half heads tall and three wide, and a detector's box is
    about a head: the box reaches from a third of a head above the face over as much as the picture
    shows. Without a face, the whole picture.

    >>> person([np.array([45.0, 15, 30, 30])], (100, 200)).tolist()  # shares of the width, height
    [0.075..., 0.050..., 0.524..., 1.0]
    """
    if not found:
        return np.array([0.0, 0.0, 1.0, 1.0], np.float32)
    left, top, width, height = max(found, key=lambda b: b[2] * b[3])
    middle = left + width / 2
    box = [middle - 1.5 * height, top - height / 3, middle + 1.5 * height, top + 7.2 * height]
    rows, columns = shape[:2]
    return np.clip(np.array(box) / [columns, rows, columns, rows], 0, 1).astype(np.float32)


def crop(
    picture: UInt8[np.ndarray, "h w 3"], box: Box, side: int, margin: float = 0.6
) -> UInt8[np.ndarray, "side side 3"]:
    """The square around a face, larger than the box by `margin` of its height, at `side`."""
    centre = box[:2] + box[2:] / 2
    half = max(box[2:]) * (1 + margin) / 2
    scale = side / (2 * half)
    matrix = np.array([[scale, 0, side / 2], [0, scale, side / 2]], np.float32)
    matrix[:, 2] -= scale * centre
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(picture, matrix, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE)
