"""The stored example: what a builder may write, in one table, and the check that it did.

A batch (affectjax/batch.py) holds arrays ready for a model; a stored example is smaller: pictures
as JPEG or PNG bytes, sound as int16, text as UTF-8. Keys of both tables mean the same thing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from affectjax import batch as batch_lib
from affectjax.affect import vad as vad_lib

Example = Mapping[str, Any]
PICTURE, TEXT = "picture", "text"  # kinds that are bytes
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True)
class Field:
    """Stored kind (a dtype, picture or text), shape letters as in a batch, range, unit, meaning."""

    kind: str
    shape: str
    low: float
    high: float
    unit: str
    meaning: str


def _shared(name: str, kind: str, low: float = -math.inf, high: float = math.inf) -> Field:
    """A key that is in a batch, too: its shape, unit and meaning stand there."""
    key = batch_lib.KEYS[name]
    shape = key.shape.removesuffix("h w 3").strip() if kind == PICTURE else key.shape
    unit = "JPEG or PNG" if kind == PICTURE else key.unit
    return Field(kind, shape, low, high, unit, key.meaning)


FIELDS: dict[str, Field] = {
    "frames": _shared("frames", PICTURE),
    "image": _shared("image", PICTURE),
    "face": _shared("face", PICTURE),
    "audio": Field("int16", "s", -32768, 32767, "16 kHz", "mono waveform, 32768 is full scale"),
    "signal": _shared("signal", "float32"),
    "emotion": _shared("emotion", "int64", low=-1),
    "multilabel": _shared("multilabel", "float32", 0, 1),
    "distribution": _shared("distribution", "float32", 0, 1),
    "votes": _shared("votes", "int32", 0),
    "vad": _shared("vad", "float32", -1, 1),
    "action_units": _shared("action_units", "float32", 0, 1),
    "subject": _shared("subject", "int64", 0),
    "clip_id": Field(TEXT, "", 0, 0, "id", "the item's own name, unique in the dataset"),
    "vad_sd": Field("float32", "3", 0, 2, "of [-1, 1]", "standard deviation over the raters"),
    "vad_raters": Field("int32", "3", 0, math.inf, "counts", "raters of each dimension"),
    "vad_trace": Field("float32", "t 3", -1, 1, "[-1, 1]", "VAD over time"),
    "trace_rate": Field("float32", "", 0, math.inf, "Hz", "values of vad_trace a second"),
    "fps": Field("float32", "", 0, math.inf, "Hz", "frames a second"),
    "signal_rate": Field("float32", "", 0, math.inf, "Hz", "samples of signal a second"),
    "text": Field(TEXT, "", 0, 0, "UTF-8", "what is to be read, or what was said"),
    "start": Field("float32", "", 0, math.inf, "seconds", "where the item begins in its recording"),
    "end": Field("float32", "", 0, math.inf, "seconds", "where the item ends in its recording"),
    "box": Field("float32", "4", 0, 1, "shares", "left, top, right, bottom of the person or face"),
    "landmarks": Field("float32", "n 2", -1, 2, "shares", "x, y of facial points"),
}
# `votes_voice`, `vad_reader` and the like: the same thing told by somebody named.
FAMILIES = ("votes", "distribution", "vad_sd", "vad_raters", "vad_trace", "vad", "text")
# Who people are: stored only by configs that say so in their name and are never the default.
SENSITIVE = ("age", "sex", "gender", "race", "ethnicity", "nationality")


def field(name: str) -> Field | None:
    """The entry of a key or of its family; None for a key that the table lacks.

    >>> field("votes_voice").meaning == field("votes").meaning
    True
    """
    if name in FIELDS:
        return FIELDS[name]
    family = next((f for f in FAMILIES if name.startswith(f + "_")), None)
    return FIELDS[family] if family else None


def metadata(
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    scale: vad_lib.Scale | None = None,
    rated: Sequence[str] = vad_lib.DIMENSIONS,
    own: Mapping[str, str] | None = None,
    unlabelled: bool = False,
    unrated: bool = False,
) -> dict[str, Any]:
    """What a builder says of its keys; kept as metadata.json beside the data.

    Args:
      names: categories in index order of `emotion`, `multilabel`, `votes`, `action_units` ...
      scale: the native scale of `vad`, which is stored in [-1, 1].
      rated: the dimensions that were rated; the others are NaN.
      own: keys of this dataset alone, each with its meaning.
      unlabelled: some items have no single category, and their `emotion` is -1.
      unrated: some items were not rated, and their `vad` is NaN throughout.
    """
    said: dict[str, Any] = {
        "names": {key: list(value) for key, value in (names or {}).items()},
        "own": dict(own or {}),
        "unlabelled": unlabelled,
    }
    if scale:
        said["vad"] = {
            "scale": scale.name,
            "low": scale.low,
            "high": scale.high,
            "source": scale.source,
            "rated": list(rated),
            "unrated": unrated,
        }
    return said


def check_features(keys: Iterable[str], said: Mapping[str, Any], sensitive: bool = False) -> None:
    """Raise ValueError where the keys of a builder's config break the schema.

    Every key is in the table or explained by the builder; categories have names; VAD has a scale;
    who people are is stored only where `sensitive`.
    """
    keys = list(keys)
    if "clip_id" not in keys:
        raise ValueError(f"no key clip_id; there are {keys}")
    for key in keys:
        if key in SENSITIVE:
            if not sensitive:
                raise ValueError(f"key {key!r} says who people are: a config of its own may, only")
        elif field(key) is None and key not in said["own"]:
            raise ValueError(
                f"key {key!r} is neither in affectjax/data/schema.py nor explained in the "
                "builder's metadata (own=...)"
            )
        found = field(key)
        letters = found.shape if found else ""
        named = key == "emotion" or letters in ("k", "a")
        if named and key not in said["names"]:
            raise ValueError(f"key {key!r} has no names in the builder's metadata")
        if key.startswith("vad") and "vad" not in said:
            raise ValueError(f"key {key!r} has no native scale in the builder's metadata")


def check(example: Example, said: Mapping[str, Any]) -> None:
    """Raise ValueError where a stored example breaks the table; names item, key and value."""
    for key, value in example.items():
        found = field(key)
        if key in SENSITIVE or found is None:
            continue
        problem = _problem(key, found, value, said)
        if problem:
            raise ValueError(f"item {example.get('clip_id')!r}, key {key!r}: {problem}")


def check_ids(splits: Mapping[str, Iterable[Example]]) -> None:
    """Raise ValueError where a clip_id occurs twice, in one split or in two."""
    seen: dict[bytes, str] = {}
    for split, examples in splits.items():
        for example in examples:
            name = example["clip_id"]
            if name in seen:
                raise ValueError(f"clip_id {name!r} is in split {seen[name]} and in split {split}")
            seen[name] = split


def _problem(key: str, found: Field, value: Any, said: Mapping[str, Any]) -> str:
    """What is wrong with a value, in words; empty where nothing is."""
    rank = len(found.shape.split())
    if found.kind in (PICTURE, TEXT):
        return _problem_of_bytes(found, np.asarray(value, object), rank)
    array = np.asarray(value)
    # Numbers alone come back from disk as Python's: the kind must fit, not the width.
    fits = array.dtype.kind == np.dtype(found.kind).kind and (not rank or array.dtype == found.kind)
    if not fits or array.ndim != rank:
        return f"is {array.dtype}{list(array.shape)}, the schema says {found.kind} ({found.shape})"
    if rank and found.shape.split()[-1].isdigit() and array.shape[-1] != int(found.shape[-1]):
        return f"has shape {list(array.shape)}, the schema says ({found.shape})"
    if not array.size:
        return "is empty"
    if found.shape in ("k", "a") and len(array) != len(said["names"][key]):
        return f"has {len(array)} entries for the names {said['names'][key]}"
    if key.startswith("vad"):
        rated = [d in said["vad"]["rated"] for d in vad_lib.DIMENSIONS]
        if found.kind == "float32" and not np.isnan(array[..., ~np.array(rated)]).all():
            return f"has values where only {said['vad']['rated']} are rated; the rest must be NaN"
        array = array[..., np.array(rated)]
        if said["vad"].get("unrated") and np.isnan(array).all():
            return ""
    bad = array[~((array >= found.low) & (array <= found.high))]
    if bad.size:
        return f"holds {bad.flat[0]}, outside {found.low} to {found.high}"
    return _problem_of_meaning(key, array, said)


def _problem_of_meaning(key: str, array: np.ndarray, said: Mapping[str, Any]) -> str:
    if key == "emotion":
        names = said["names"][key]
        if array >= len(names) or (array < 0 and not said["unlabelled"]):
            return f"is {array}, there are {len(names)} categories"
    if key.split("_")[0] == "votes" and array.sum() == 0:
        return "holds no vote"
    if key.split("_")[0] == "distribution" and abs(array.sum() - 1) > 1e-4:
        return f"sums to {array.sum()}, not to 1"
    if key == "multilabel" and not np.isin(array, (0, 1)).all():
        return f"holds {array}, not only 0 and 1"
    if key == "box" and not (array[0] < array[2] and array[1] < array[3]):
        return f"{array.tolist()} has no area"
    return ""


def _problem_of_bytes(found: Field, array: np.ndarray, rank: int) -> str:
    if array.ndim != rank or not array.size:
        return f"has shape {list(array.shape)}, the schema says ({found.shape}) and not empty"
    for item in array.flat:
        if not isinstance(item, bytes):
            return f"is {type(item).__name__}, the schema says bytes"
        if found.kind == PICTURE and not item.startswith(_MAGIC):
            return f"does not begin as JPEG or PNG: {item[:8]!r}"
        if found.kind == TEXT:
            try:
                item.decode()
            except UnicodeDecodeError as error:
                return f"is not UTF-8: {error}"
    return ""
