"""A picture of a dataset: the first items of each split, drawn as what they are."""

import io
import pathlib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

TILE, CAPTION, COLUMNS = 128, 14, 8


def draw(
    splits: Mapping[str, Sequence[Mapping[str, Any]]], said: Mapping[str, Any], path: pathlib.Path
) -> None:
    """Write a PNG with a row of up to COLUMNS items a split, their category below each."""
    height = TILE + CAPTION
    sheet = Image.new("RGB", (COLUMNS * TILE, len(splits) * (height + CAPTION)), "white")
    pen = ImageDraw.Draw(sheet)
    for row, (split, examples) in enumerate(splits.items()):
        top = row * (height + CAPTION)
        pen.text((2, top), f"{split}, {len(examples)} items", fill="black")
        # Evenly spaced: neighbours are often of one subject or class.
        picks = np.unique(np.linspace(0, len(examples) - 1, COLUMNS).round().astype(int))
        for column, i in enumerate(picks if len(examples) else ()):
            example = examples[int(i)]
            sheet.paste(tile(example), (column * TILE, top + CAPTION))
            caption = _caption(example, said)
            pen.text((column * TILE + 2, top + CAPTION + TILE), caption, fill="black")
    sheet.save(path)


def tile(example: Mapping[str, Any]) -> Image.Image:
    """TILE x TILE: the picture, the middle frame, the waveform, the signal, or the words."""
    frames = example.get("frames")
    data = example.get("image", example.get("face"))
    if data is None and frames is not None:
        data = frames[len(frames) // 2]
    if data is not None:
        with Image.open(io.BytesIO(data)) as image:
            picture = image.convert("RGB")
        picture.thumbnail((TILE, TILE))
        square = Image.new("RGB", (TILE, TILE), "white")
        square.paste(picture, ((TILE - picture.width) // 2, (TILE - picture.height) // 2))
        return square
    for key in ("audio", "signal", "vad_trace"):
        if key in example:
            values = np.asarray(example[key], np.float64)
            return _curve(values if values.ndim == 1 else values[:, 0])
    square = Image.new("RGB", (TILE, TILE), "white")
    words = textwrap.fill(example.get("text", b"").decode(), 20)
    # The built-in font knows Latin-1 only.
    shown = words.encode("latin-1", "replace").decode("latin-1")
    ImageDraw.Draw(square).multiline_text((2, 2), shown[:200], fill="black")
    return square


def _curve(values: np.ndarray) -> Image.Image:
    """Smallest and largest value of each column of pixels."""
    square = Image.new("RGB", (TILE, TILE), "white")
    pen = ImageDraw.Draw(square)
    scale = max(float(np.abs(values).max()), 1e-9)
    for x, part in enumerate(np.array_split(values, TILE)):
        if part.size:
            low, high = ((1 - v / scale) * (TILE - 1) / 2 for v in (part.min(), part.max()))
            pen.line([(x, high), (x, low)], fill="navy")
    return square


def _caption(example: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    if "emotion" in example and int(example["emotion"]) >= 0:
        return str(said["names"]["emotion"][int(example["emotion"])])[:20]
    if "multilabel" in example:
        names = np.array(said["names"]["multilabel"])[np.asarray(example["multilabel"]) > 0]
        return ", ".join(names)[:20]
    if "vad" in example:
        return " ".join(f"{v:+.2f}" for v in np.asarray(example["vad"]))
    return example["clip_id"].decode()[:20]
