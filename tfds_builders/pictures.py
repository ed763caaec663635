"""Reading and checking the picture files of any dataset, and drawing small ones for dummies."""

import io
import pathlib

import numpy as np
from PIL import Image, UnidentifiedImageError

STORED = ("JPEG", "PNG")  # kept byte for byte; any other format is stored as PNG


def fault(path: pathlib.Path) -> str:
    """What is wrong with a picture file, in words; empty where every pixel can be read."""
    return fault_of(path.read_bytes()) if path.is_file() else "is not there"


def fault_of(data: bytes) -> str:
    """What is wrong with the bytes of a picture file, in words; empty where nothing is."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        return f"is damaged or no picture: {error}"
    return ""


def read(path: pathlib.Path) -> bytes:
    """The picture as stored: its own bytes where it is JPEG or PNG, else as PNG."""
    return stored(path.read_bytes())


def stored(data: bytes) -> bytes:
    """The bytes of a picture file as stored: the same where it is JPEG or PNG, else as PNG."""
    with Image.open(io.BytesIO(data)) as image:
        if image.format in STORED:
            return data
        return png(np.asarray(image.convert("RGB")))


def frames(folder: pathlib.Path) -> np.ndarray:
    """The bytes of every picture of a clip's folder, in order of the numbers in their names.

    Raises:
      ValueError: no folder, no picture, a name without a number, or damaged pictures.
    """
    files = [p for p in folder.iterdir() if p.suffix in (".jpg", ".png")] if folder.is_dir() else []
    if not files:
        raise ValueError(f"{folder} is not there or holds no .jpg or .png")
    if odd := [p.name for p in files if not p.stem.isdigit()]:
        raise ValueError(f"{folder}: {odd[:3]} are not numbered frames")
    files.sort(key=lambda p: int(p.stem))
    if damaged := {p.name: why for p in files if (why := fault(p))}:
        raise ValueError(f"{folder}: {damaged}")
    return np.array([read(p) for p in files], object)


def size(path: pathlib.Path) -> tuple[int, int]:
    """Width and height in pixels, from the head of the file."""
    with Image.open(path) as image:
        return image.size


def png(pixels: np.ndarray) -> bytes:
    """PNG bytes of uint8 pixels, (h, w) grey or (h, w, 3) RGB."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def draw(path: pathlib.Path, number: int, side: int = 16) -> None:
    """Write a small picture of a colour that depends on the number; for dummies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    pixels = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    pixels[: side // 2] //= 2
    Image.fromarray(pixels).save(path)
