"""Frames on a regular grid and sound at 16 kHz from any film or sound file, as streams (PyAV)."""

import pathlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter
from jaxtyping import Float, UInt8

RATE = 16_000
FILMS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".3gp")
SOUNDS = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".amr")
ENDINGS = frozenset(FILMS + SOUNDS)
LEAD = 0.045  # seconds from which sound ahead of its picture is noticed (ITU-R BT.1359-1)
HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)  # PQ and HLG, as phones film with "HDR" on


@dataclass(frozen=True)
class Media:
    """What a file holds. `seconds` is what its header says, 0 where it says nothing."""

    path: pathlib.Path
    seconds: float
    has_video: bool
    has_audio: bool


class MediaError(ValueError):
    """A file that cannot be read, with its name and the reason."""


def files_of(path: str | pathlib.Path, endings: Collection[str] = ENDINGS) -> list[pathlib.Path]:
    """The file itself, or the files of a folder in order of name; films and sounds by default.

    Raises:
      FileNotFoundError: nothing there, or a folder without such files.
      MediaError: a file with another ending.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix.lower() in endings)
        if not found:
            raise FileNotFoundError(f"--input={path}: no media in it ({_listed(endings)})")
        return found
    if not path.is_file():
        raise FileNotFoundError(f"--input={path}: there is no such file or folder")
    if path.suffix.lower() not in endings:
        raise MediaError(f"--input={path}: the ending is none of {_listed(endings)}")
    return [path]


def probe(path: pathlib.Path) -> Media:
    """Streams and length of a file.

    Raises:
      MediaError: not media, cut short before its index, or without sound and film.
    """
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty (0 bytes)")
    _check_riff(path)
    try:
        with av.open(str(path)) as container:
            seconds = (container.duration or 0) / av.time_base
            films = [s for s in container.streams.video if not _is_cover(s)]
            media = Media(path, seconds, bool(films), bool(container.streams.audio))
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path} is not a whole media file: {error}") from error
    if not (media.has_video or media.has_audio):
        raise MediaError(f"{path} holds neither film nor sound")
    return media


def _check_riff(path: pathlib.Path) -> None:
    """Refuse a WAV or AVI that ends before its header says; FFmpeg goes by the file's size."""
    with path.open("rb") as file:
        head = file.read(8)
    declared, size = int.from_bytes(head[4:], "little") + 8, path.stat().st_size
    streamed = declared > 0xFFFFFF00  # written into a pipe: nobody came back to fill it in
    if head[:4] == b"RIFF" and declared > size and not streamed:
        raise MediaError(
            f"{path} is cut short: {size} bytes, its header says {declared}; copy it again, or "
            "convert the part that plays"
        )


def frames(path: pathlib.Path, fps: float) -> Iterator[tuple[float, UInt8[np.ndarray, "h w 3"]]]:
    """(time, RGB) at 0, 1 / fps, 2 / fps ... seconds: the last picture shown by then.

    Timestamps count, not numbers, so variable rates come out even; 0 is where film or sound begins,
    whichever does first. Turned and mirrored as the file says. HDR, of 10 bits, becomes what a
    common screen shows of it (BT.709).

    Raises:
      MediaError: the film breaks off with an error.
    """
    number, shown, last = 0, None, 0.0
    colours = VideoReformatter()  # one, for its tables of HDR take seconds to make
    try:
        with av.open(str(path)) as container:
            stream = next(s for s in container.streams.video if not _is_cover(s))
            stream.thread_type = "AUTO"
            begin = _begin(container)
            for frame in container.decode(stream):
                last = last if frame.time is None else frame.time - begin
                while shown is not None and number / fps < last - 1e-6:
                    yield number / fps, _upright(shown, colours)
                    number += 1
                shown = frame
            end = last + 1 / float(stream.average_rate or fps)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path}: the film breaks off at {last:.2f} s: {error}") from error
    while shown is not None and number / fps < end - 1e-6:
        yield number / fps, _upright(shown, colours)
        number += 1


def sound(path: pathlib.Path) -> Iterator[Float[np.ndarray, " s"]]:
    """Mono float32 at 16 kHz in [-1, 1], piece by piece, from where film or sound begins.

    Where timestamps leave LEAD or more without sound there is silence, as in a player: the sound of
    a call with gaps would else run ever further ahead of its pictures.

    Raises:
      MediaError: the sound breaks off with an error, or a sample is not finite.
    """
    done, heard = 0, 0.0  # samples given, seconds read
    try:
        with av.open(str(path)) as container:
            begin = _begin(container)
            resampler = av.AudioResampler(format="fltp", rate=RATE)
            for frame in container.decode(audio=0):
                gap = 0.0 if frame.time is None else frame.time - begin - heard
                if gap >= LEAD:
                    done, heard = done + round(gap * RATE), heard + gap
                    yield from _silence(round(gap * RATE))
                heard += frame.samples / frame.sample_rate
                for piece in resampler.resample(frame):
                    done += piece.samples
                    yield _finite(path, piece, done)
            for piece in resampler.resample(None):
                yield _finite(path, piece, done)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path}: the sound breaks off at {done / RATE:.2f} s: {error}") from error


def _begin(container: Any) -> float:
    """Seconds at which the first of film and sound begins."""
    streams = [s for s in container.streams.video if not _is_cover(s)][:1]
    streams += container.streams.audio[:1]
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None]
    return float(min(starts, default=0))


def _silence(count: int) -> Iterator[Float[np.ndarray, " s"]]:
    """`count` samples, a second at a time."""
    for first in range(0, count, RATE):
        yield np.zeros(min(RATE, count - first), np.float32)


def _finite(path: pathlib.Path, piece: av.AudioFrame, done: int) -> np.ndarray:
    values = piece.to_ndarray().mean(axis=0)  # FFmpeg's own mono is louder
    if not np.isfinite(values).all():
        raise MediaError(f"{path}: samples before {done / RATE:.2f} s are not finite (NaN or inf)")
    return np.clip(values, -1.0, 1.0)


def _upright(frame: av.VideoFrame, colours: VideoReformatter) -> UInt8[np.ndarray, "h w 3"]:
    plain = {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}
    hdr = frame.color_trc in HDR
    picture = colours.reformat(frame, format="rgb24", **(plain if hdr else {})).to_ndarray()
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return np.ascontiguousarray(
        turned(picture, np.frombuffer(bytes(matrix), np.int32)) if matrix else picture
    )


def turned(picture: UInt8[np.ndarray, "h w 3"], matrix: np.ndarray) -> UInt8[np.ndarray, "a b 3"]:
    """A picture as a display matrix shows it, to the next quarter turn, mirrored where it says so.

    The nine numbers of ISO 14496-12, 8.3.2: x' = m[0] x + m[3] y, y' = m[1] x + m[4] y.

    >>> turned(np.array([[[1], [2]], [[3], [4]]]), [0, 1, 0, -1, 0, 0, 0, 0, 1])[..., 0].tolist()
    [[3, 1], [4, 2]]
    """
    across, down = matrix[0], matrix[4]
    if abs(matrix[1]) > abs(matrix[0]):
        picture = picture.swapaxes(0, 1)
        across, down = matrix[3], matrix[1]
    return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _is_cover(stream: av.VideoStream) -> bool:
    """Whether a stream is a still picture attached to music."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _listed(endings: Collection[str]) -> str:
    return ", ".join(sorted(endings))
