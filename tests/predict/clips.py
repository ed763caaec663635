"""Small real media files for tests, written with PyAV."""

import pathlib
from fractions import Fraction

import av
import numpy as np


def write(
    path: pathlib.Path,
    pictures=None,
    times=None,
    sound=None,
    rate: int = 16_000,
    layout: str = "mono",
) -> pathlib.Path:
    """A film of `pictures` (t, h, w, 3) shown at `times` (seconds) and/or sound (channels, s)."""
    with av.open(str(path), "w") as container:
        film = tone = None
        if pictures is not None:
            film = container.add_stream("mpeg4", rate=1000)
            film.height, film.width = pictures.shape[1:3]
            film.pix_fmt = "yuv420p"
            film.codec_context.time_base = Fraction(1, 1000)
        if sound is not None:
            codec = "pcm_s16le" if path.suffix in (".wav", ".mkv") else "aac"
            tone = container.add_stream(codec, rate=rate)
            tone.layout = layout
        if film is not None:
            for picture, time in zip(pictures, times, strict=True):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = round(time * 1000)
                frame.time_base = Fraction(1, 1000)
                container.mux(film.encode(frame))
            container.mux(film.encode())
        if tone is not None:
            whole = np.atleast_2d(np.asarray(sound, np.float32))
            for start in range(0, whole.shape[1], 1024):
                part = np.ascontiguousarray(whole[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate, start
                container.mux(tone.encode(frame))
            container.mux(tone.encode())
    return path


def turn_clockwise(path: pathlib.Path) -> pathlib.Path:
    """Write into an mp4's first track that its pictures are to be shown turned by 90 degrees.

    The matrix of the box `tkhd` (ISO 14496-12, 8.3.2), version 0: 40 bytes after its name.
    """
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    matrix = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30]
    data[place : place + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in matrix)
    path.write_bytes(data)
    return path
