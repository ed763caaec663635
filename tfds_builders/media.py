"""Reading and checking the sound and film files of any dataset's official layout."""

import contextlib
import math
import pathlib
import wave
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import soundfile
from scipy import signal

RATE = 16_000


def sound_fault(path: pathlib.Path) -> str:
    """What is wrong with a WAV file, in words; empty where nothing is."""
    try:
        declared = _declared_bytes(path)
        if declared > path.stat().st_size:
            return f"truncated: {path.stat().st_size} bytes, its header declares {declared}"
        audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    except (ValueError, RuntimeError, OSError, EOFError, wave.Error) as error:
        return str(error) or type(error).__name__
    if len(audio) == 0:
        return "holds no sample"
    if not np.isfinite(audio).all():
        return "holds values that are not finite"
    return "" if np.abs(audio).max() > 0 else "is silent throughout"


def refuse_damaged(faults: Mapping[pathlib.Path, str], allowed: Collection[str]) -> None:
    """Raise where a file has a fault and its stem is not allowed to be left out.

    `faults` are of all files, empty where there is none. What is left out is printed.

    Raises:
      ValueError: damaged files, all listed; or an allowed name without a file.
    """
    if unknown := sorted(set(allowed) - {path.stem for path in faults}):
        example = next(iter(faults)).stem if faults else "clip"
        raise ValueError(
            f"allow_damaged names {', '.join(unknown)}, but there are no such files; names are "
            f"without ending, such as {example}"
        )
    damaged = {p: why for p, why in faults.items() if why and p.stem not in allowed}
    if damaged:
        listed = "\n".join(f"  {p}: {why}" for p, why in damaged.items())
        raise ValueError(
            f"{len(damaged)} damaged files; nothing was built:\n{listed}\nReplace them, or "
            "build with allow_damaged=[...] naming each clip to leave out"
        )
    if left_out := sorted(p.stem for p in faults if p.stem in allowed):
        print(f"left out because allow_damaged names them: {', '.join(left_out)}")


def read_audio(path: pathlib.Path) -> np.ndarray:
    """Mono int16 at 16 kHz of a sound file of any rate and number of channels."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    if rate != RATE:
        common = math.gcd(rate, RATE)
        mono = signal.resample_poly(mono, RATE // common, rate // common)
    return np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16)


def read_video(path: pathlib.Path, side: int) -> tuple[np.ndarray, float]:
    """JPEG bytes of every frame, centre-cropped to a square of `side`, and frames per second.

    RAVDESS actors sit in the middle of the picture; the square holds head and shoulders.

    Raises:
      ValueError: a damaged film, or one without a frame; names the file.
    """
    import av
    import cv2

    jpegs = []
    with _named(path), av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        for frame in container.decode(stream):
            image = frame.to_ndarray(format="bgr24")
            h, w = image.shape[:2]
            cut = min(h, w)
            top, left = (h - cut) // 2, (w - cut) // 2
            square = image[top : top + cut, left : left + cut]
            small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
            jpegs.append(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
    if not jpegs:
        raise ValueError(f"{path} holds no frame")
    return np.array(jpegs, dtype=object), fps


def draw_film(path: pathlib.Path, shade: int, codec: str = "h264", frames: int = 15) -> None:
    """Write a half-second grey film of 64 x 48 pixels without sound; for dummies."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            image = np.full((48, 64, 3), 20 * shade + i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


@contextlib.contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    import av

    try:
        yield
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"{path} is damaged or no film: {error}") from error


def _declared_bytes(path: pathlib.Path) -> int:
    """The size of a RIFF file by its headers (soundfile reads truncated files silently).

    The larger of what the file's header and that of its data chunk declare.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError("is not a WAV file")
        declared = int.from_bytes(head[4:8], "little") + 8
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                return max(declared, file.tell() + size)
            file.seek(size + size % 2, 1)
    return declared
