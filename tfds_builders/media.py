"""Reading and checking the sound and film files of any dataset's official layout."""

import contextlib
import pathlib
import wave
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import soundfile
import soxr

from affectjax.predict import media as films
from tfds_builders import left_out

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


def refuse_damaged(
    faults: Mapping[pathlib.Path, str],
    allowed: Collection[str],
    name: Callable[[pathlib.Path], str] = lambda path: path.stem,
) -> None:
    """Raise where a file has a fault and its name is not allowed to be left out.

    `faults` are of all files, empty where there is none. What is left out is told (`left_out`).

    Args:
      name: what `allowed` calls a file; its own name without ending by default.

    Raises:
      ValueError: damaged files, all listed; or an allowed name without a file.
    """
    if unknown := sorted(set(allowed) - {name(path) for path in faults}):
        example = name(next(iter(faults))) if faults else "clip"
        raise ValueError(
            f"allow_damaged names {', '.join(unknown)}, but there are no such files; names are "
            f"without ending, such as {example}"
        )
    damaged = {p: why for p, why in faults.items() if why and name(p) not in allowed}
    if damaged:
        listed = "\n".join(f"  {p}: {why}" for p, why in damaged.items())
        raise ValueError(
            f"{len(damaged)} damaged files; nothing was built:\n{listed}\nReplace them, or "
            "build with allow_damaged=[...] naming each clip to leave out"
        )
    named = {name(p): why or "whole, but named" for p, why in faults.items() if name(p) in allowed}
    left_out.items(named)


def read_audio(path: pathlib.Path) -> np.ndarray:
    """Mono int16 at 16 kHz of a sound file of any rate and number of channels."""
    return mono(*soundfile.read(path, dtype="float32", always_2d=True))


def mono(audio: np.ndarray, rate: int) -> np.ndarray:
    """Mono int16 at 16 kHz of float samples (s, channels) in [-1, 1] at any rate.

    Channels are averaged; other rates are resampled by soxr at its high quality ("HQ").
    """
    one = audio.mean(axis=1)
    if rate != RATE:
        one = soxr.resample(one, rate, RATE, quality="HQ")
    return np.clip(np.round(one * 32768), -32768, 32767).astype(np.int16)


def film_fault(path: pathlib.Path, *, sound: bool = False, video: bool = False) -> str:
    """What is wrong with a film or sound by its head, in words; empty where nothing is.

    Args:
      sound, video: it must hold one.
    """
    if not path.is_file():
        return "is not there"
    try:
        found = films.probe(path)
    except films.MediaError as error:
        return str(error).removeprefix(f"{path} ")
    lacks = [("sound", sound, found.has_audio), ("film", video, found.has_video)]
    missing = [name for name, wanted, there in lacks if wanted and not there]
    return f"holds no {' and no '.join(missing)}" if missing else ""


def pictures_of(path: pathlib.Path) -> tuple[int, float]:
    """How many pictures a film holds, and how many a second, by its head; 0 where it is silent.

    Raises:
      ValueError: a damaged film, or no film; names the file.
    """
    import av

    with _named(path), av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.frames, float(stream.average_rate or 0)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture with `side` pixels on its shorter side; smaller ones stay."""
    import cv2

    scale = side / min(picture.shape[:2])
    if scale >= 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def film_sound(path: pathlib.Path) -> np.ndarray:
    """Mono int16 at 16 kHz of a film, or of a sound file that FFmpeg reads (such as .m4a).

    Raises:
      ValueError: no sound in it, or one that breaks off; names the file.
    """
    pieces = list(films.sound(path))
    if not pieces:
        raise ValueError(f"{path} holds no sound")
    return np.clip(np.round(np.concatenate(pieces) * 32768), -32768, 32767).astype(np.int16)


def read_video(path: pathlib.Path, side: int) -> tuple[np.ndarray, float]:
    """JPEG bytes of every frame, centre-cropped to a square of `side`, and frames per second.

    RAVDESS actors sit in the middle of the picture; the square holds head and shoulders.

    Raises:
      ValueError: a damaged film, one without a frame, or one that ends before three quarters of the
        length in its head; names the file.
    """
    import av
    import cv2

    jpegs = []
    with _named(path), av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        told = (container.duration or 0) / av.time_base  # 0 where the head says nothing
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
    if fps and len(jpegs) / fps < 0.75 * told:
        raise ValueError(f"{path} is cut short: {len(jpegs) / fps:.2f} s of {told:.2f}")
    return np.array(jpegs, dtype=object), fps


def draw_film(
    path: pathlib.Path,
    shade: int,
    codec: str = "h264",
    frames: int = 15,
    sound: bool = False,
    size: tuple[int, int] = (64, 48),
) -> None:
    """Write a grey film at 30 Hz of `size` (width, height), perhaps with a tone; for dummies."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        tone: Any = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for i in range(frames):
            image = np.full((*size[::-1], 3), 20 * shade + i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
        if tone:
            _mux_tone(container, tone, RATE * frames // 30)


def draw_sound(path: pathlib.Path, samples: int = 8000) -> None:
    """Write a tone as AAC (.m4a); for dummies."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        _mux_tone(container, container.add_stream("aac", rate=RATE, layout="mono"), samples)


def _mux_tone(container: Any, stream: Any, samples: int) -> None:
    import av

    tone = np.sin(2 * np.pi * 200 * np.arange(samples) / RATE).astype(np.float32) / 4
    heard = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
    heard.sample_rate = RATE
    container.mux(stream.encode(heard))
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
