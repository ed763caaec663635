"""`--mode=predict` of a run that reads still pictures or faces: what it finds in each file."""

import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from affectjax.data import pipeline
from affectjax.predict import face, media, table, told

ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp"))
KEYS = frozenset(("image", "face", "person"))
NAME = "pictures"
ROWS = 8  # pictures a batch
FACE_SIDE = 256  # pixels of a face that was cut out, before the run's own transforms


def predict(
    predictor: Any,
    files: Sequence[pathlib.Path],
    folder: pathlib.Path,
    detect: face.Detector | None,
) -> list[dict[str, Any]]:
    """Write <folder>/pictures.jsonl, a line a picture in order, and .csv; returns the records.

    With `predictor.look` also <file>_explained.png, what the answer hangs on.
    A run that reads faces gets the largest face of a picture; one without a face is said to be
    skipped. A run that reads people gets who the largest face belongs to (`face.person`).
    `predictor` is `predict.Predictor`.

    Raises:
      ValueError: files that could not be read, all listed; the others are done.
    """
    records: list[dict[str, Any]] = []
    faults: list[str] = []
    with (folder / f"{NAME}.jsonl").open("w") as out:
        for i in range(0, len(files), ROWS):
            for record in _batch(predictor, files[i : i + ROWS], detect, faults, folder):
                out.write(json.dumps(record) + "\n")
                records.append(record)
                print(_line(record), flush=True)
    table.write(folder / f"{NAME}.csv", records)
    if faults:
        raise ValueError(f"{len(faults)} of {len(files)} files failed:\n  " + "\n  ".join(faults))
    return records


def read(path: pathlib.Path) -> UInt8[np.ndarray, "h w 3"]:
    """RGB of a picture file, turned as the file says.

    Raises:
      MediaError: it is damaged, or no picture.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise media.MediaError(f"{path} is damaged or no picture: {error}") from error


def _batch(
    predictor: Any,
    files: Sequence[pathlib.Path],
    detect: face.Detector | None,
    faults: list[str],
    folder: pathlib.Path,
) -> list[dict[str, Any]]:
    records, elements = [], []
    for path in files:
        try:
            picture = read(path)
        except media.MediaError as error:
            faults.append(str(error))
            print(f"left out: {error}", file=sys.stderr, flush=True)
            continue
        record: dict[str, Any] = {"file": path.name}
        element = _element(predictor, path, picture, detect, record)
        records.append(record)
        if element is None:
            record["skipped"] = "no face found"
        else:
            elements.append((record, element))
    if elements:
        rows = [element for _, element in elements]
        rows += [rows[-1]] * (ROWS - len(rows))  # one shape, so one compilation
        batch = {k: np.stack([row[k] for row in rows]) for k in rows[0]}
        said = predictor.predict(batch)
        spoken = predictor.say(batch) if predictor.say else []
        for i, (record, _) in enumerate(elements):
            record |= told.named(predictor, {k: v[i] for k, v in said.items()})
            if spoken:
                record["says"] = spoken[i]
            if predictor.look:
                drawn = folder / f"{record['file']}_explained.png"
                predictor.look.draw(drawn, _line(record), rows[i])
    return records


def _element(
    predictor: Any,
    path: pathlib.Path,
    picture: UInt8[np.ndarray, "h w 3"],
    detect: face.Detector | None,
    record: dict[str, Any],
) -> dict[str, np.ndarray] | None:
    """The picture as the dataset would hold it, through the run's own evaluation ops."""
    element: dict[str, Any] = {"clip_id": path.name, "view": 0, "image": picture}
    if "face" in predictor.needs:
        found = detect(picture) if detect else []
        if not found:
            return None
        box = max(found, key=lambda b: b[2] * b[3])
        record["face"] = [round(float(x), 1) for x in box]
        element["face"] = face.crop(picture, box, FACE_SIDE)
    if "person" in predictor.needs:
        element["box"] = face.person(detect(picture) if detect else [], picture.shape)
        record["person"] = [round(float(x), 3) for x in element["box"]]
    kept = {k: v for k, v in element.items() if k in predictor.needs or k not in KEYS}
    done = pipeline.apply(predictor.ops, kept, np.random.default_rng(0))
    return {k: v for k, v in pipeline.finish(done).items() if k != "clip_id"}


def _line(record: dict[str, Any]) -> str:
    if "skipped" in record:
        return f"{record['file']}: skipped, {record['skipped']}"
    parts = []
    if "emotion" in record:
        parts.append(f"{record['emotion']} {record['probabilities'][record['emotion']]:.2f}")
    if "present" in record:
        parts.append(" ".join(record["present"]) or "no label")
    if "vad" in record:
        parts.append("  ".join(f"{k} {v:+.2f}" for k, v in record["vad"].items()))
    if "score" in record:
        parts.append(f"score {record['score']:.3f}")
    if "says" in record:
        parts.append(" because ".join(filter(None, record["says"].values())))
    parts += [f"{kind} {name}" for kind, name in record.get("attributes", {}).items()]
    return f"{record['file']}: {', '.join(parts)}"
