"""Examples made in memory from a builder's own feature spec: no files, no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from affectjax.data import order

_FELT = ("angry", "bold", "bored", "happy", "lonely", "proud")
_SAID = 3  # texts on an item, two of one emotion and one of another
_WORDS = ("the", "day", "was", "good", "bad", "and", "we", "laughed", "cried", "at", "last")


@dataclass(frozen=True)
class Fake:
    """`size` random examples with the keys, dtypes and ranges of a builder's features.

    Frames and pictures are JPEGs of noise, audio is noise; labels cycle through the classes so that
    a small set holds them all; subjects are ten clips each.
    """

    features: Any
    size: int
    seed: int = 0
    frames: int = 16
    side: int = 64
    samples: int = 40_960

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not 0 <= index < self.size:
            raise IndexError(index)
        rng = order.generator(self.seed, index)
        return {name: self._value(name, feature, index, rng) for name, feature in self._items()}

    def _items(self) -> Any:
        return self.features.items()

    def _value(self, name: str, feature: Any, index: int, rng: np.random.Generator) -> Any:
        classes = getattr(feature, "num_classes", None)
        dtype, shape = np.dtype(feature.np_dtype), feature.shape
        if classes:
            return np.int64(index % classes)
        special = {
            "frames": lambda: np.array([self._jpeg(rng) for _ in range(self.frames)], object),
            "image": lambda: self._jpeg(rng),
            "face": lambda: self._jpeg(rng),
            "box": lambda: self._box(rng, dtype),
            "body_box": lambda: self._box(rng, dtype),
            "face_boxes": lambda: np.stack([self._box(rng, dtype) for _ in range(self.frames)]),
            "multilabel": lambda: rng.integers(0, 2, shape).astype(dtype),
            "audio": lambda: (rng.standard_normal(self.samples) * 3000).astype(np.int16),
            "clip_id": lambda: f"fake-{self.seed}-{index}".encode(),
            "subject": lambda: dtype.type(index // 10),
            "fps": lambda: dtype.type(6.25),
            "vad": lambda: rng.uniform(-1, 1, 3).astype(np.float32),
            "text": lambda: _text(rng, _WORDS),
            "utterances": lambda: np.array([_text(rng, _FELT) for _ in range(_SAID)], object),
            "emotions": lambda: (index + np.arange(_SAID) // 2) % self.features["votes"].shape[0],
            "votes": lambda: rng.multinomial(8, np.full(shape[0], 1 / shape[0])).astype(dtype),
        }
        if name in special:
            return special[name]()
        shape = tuple(size or 1 for size in shape)
        if dtype.kind in "iu":
            return rng.integers(0, 2, shape).astype(dtype)
        if dtype.kind == "f":
            return rng.uniform(0, 1, shape).astype(dtype)
        return b""

    def _box(self, rng: np.random.Generator, dtype: np.dtype) -> np.ndarray:
        return np.array([*rng.uniform(0, 0.4, 2), *rng.uniform(0.6, 1, 2)], dtype)

    def _jpeg(self, rng: np.random.Generator) -> bytes:
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        image = cv2.resize(small, (self.side, self.side))
        return cv2.imencode(".jpg", image)[1].tobytes()


def _text(rng: np.random.Generator, words: Sequence[str]) -> bytes:
    return " ".join(rng.choice(words, rng.integers(1, 9))).encode()
