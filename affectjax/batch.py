"""The batch: a dict of arrays whose keys, shapes, dtypes and units are this one table.

Shape letters are the same everywhere: b batch, t time, h w image, n tokens, d width, k classes,
m mel bins, s samples, a action units, r texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Key:
    """One entry of a batch: shape letters after b, dtype, unit or range, and meaning."""

    shape: str
    dtype: str
    unit: str
    meaning: str


# The axes of a mesh that split the rows of a batch, from the slowest links to the fastest.
AXES = ("data", "fsdp")

KEYS: dict[str, Key] = {
    "frames": Key("t h w 3", "uint8", "RGB 0..255", "video frames of the clip, in time order"),
    "image": Key("h w 3", "uint8", "RGB 0..255", "a still image"),
    "face": Key("h w 3", "uint8", "RGB 0..255", "an aligned face"),
    "person": Key("h w 3", "uint8", "RGB 0..255", "a person cut out of the image"),
    "face_frames": Key("t h w 3", "uint8", "RGB 0..255", "the face in each frame of the clip"),
    "audio": Key("s", "float32", "[-1, 1] at 16 kHz", "mono waveform, zero-padded at its end"),
    "audio_length": Key("", "int32", "samples", "samples of audio before the padding"),
    "tokens": Key("n", "int32", "vocabulary ids", "text, padded at its end"),
    "token_length": Key("", "int32", "tokens", "tokens of the text before the padding"),
    "captions": Key("r n", "int32", "vocabulary ids", "texts on the item, padded at their ends"),
    "signal": Key("n d", "float32", "stated by the dataset", "physiological or brain signal"),
    "emotion": Key("", "int32", "index in the label space", "the category"),
    "multilabel": Key("k", "float32", "{0, 1}", "categories that may hold together"),
    "distribution": Key("k", "float32", "sums to 1", "share of the raters for each category"),
    "votes": Key("k", "int32", "counts", "raters for each category"),
    "vad": Key("3", "float32", "[-1, 1]", "valence, arousal, dominance"),
    "score": Key("", "float32", "stated by the config", "a score of the whole, such as quality"),
    "action_units": Key(
        "a", "float32", "[0, 1]", "peak intensity of FACS action units; NaN unknown"
    ),
    "attributes": Key(
        "n", "int32", "indices, -1 unknown", "one of each of affect.attributes.KINDS"
    ),
    "contents": Key("k", "float32", "{0, 1}", "objects that are in the picture, as far as told"),
    "subject": Key("", "int32", "id", "the person in the clip; splits never share one"),
    "clip_id": Key("", "int64", "id", "stable 63-bit hash of the clip's name"),
    "view": Key("", "int32", "index", "which view (window) of the clip this row is"),
    "dataset": Key("", "int32", "index", "which part of a mixture the row is of"),
    "possible": Key("k", "float32", "{0, 1}", "categories that the row's dataset knows at all"),
    "fold": Key("", "int32", "index", "the protocol's fold"),
    "valid": Key("", "bool", "", "False for the padding of the last batch"),
}

# JAX holds 32-bit integers: what needs more stays on the host.
HOST_ONLY = ("clip_id",)


def check(batch: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError where a batch breaks the table: unknown key, dtype, rank or batch size."""
    sizes = set()
    for name, array in batch.items():
        if name not in KEYS:
            raise ValueError(f"batch key {name!r} is not in affectjax/batch.py; known: {[*KEYS]}")
        key = KEYS[name]
        rank = 1 + len(key.shape.split())
        if array.ndim != rank or str(array.dtype) != key.dtype:
            raise ValueError(
                f"batch key {name!r} is {array.dtype}{list(array.shape)}, the table says "
                f"{key.dtype} of shape (b {key.shape})"
            )
        sizes.add(array.shape[0])
    if len(sizes) > 1:
        raise ValueError(f"batch keys disagree on the batch size: {sorted(sizes)}")
