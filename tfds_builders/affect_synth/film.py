"""`python -m tfds_builders.affect_synth.film FILE.mp4`: a film of a drawn person to try predict on.

Clips of one test subject, one after the other, in a picture larger than the face.
"""

import pathlib
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8

from tfds_builders.affect_synth import clip, voice

FPS = 12.5


def film(
    subject: int = 70, clips: Sequence[int] = (0, 1, 2, 3, 4, 5, 6), seed: int = 0
) -> tuple[UInt8[np.ndarray, "t h w 3"], Float[np.ndarray, " s"]]:
    """RGB pictures at FPS, 240 x 320 with the face in the middle, and the sound at 16 kHz."""
    count = round(FPS * clip.SECONDS)
    pictures, sounds = [], []
    for number in clips:
        made = clip.make(clip.Job(seed, subject, number, count, 160))
        faces: list[Any] = [
            cv2.imdecode(np.frombuffer(f, np.uint8), cv2.IMREAD_COLOR) for f in made["frames"]
        ]
        sides = ((40, 40), (80, 80), (0, 0))
        pictures += [np.pad(f[..., ::-1], sides, constant_values=150) for f in faces]
        sounds.append(made["audio"].astype(np.float32) / 32768)
    return np.stack(pictures), np.concatenate(sounds)


def write(
    path: pathlib.Path,
    pictures: UInt8[np.ndarray, "t h w 3"] | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    sound: Float[np.ndarray, "c s"] | Float[np.ndarray, " s"] | None = None,
    rate: int = voice.RATE,
    layout: str = "mono",
) -> pathlib.Path:
    """A media file of `pictures` shown at `times` (seconds) and/or `sound`; returns its path.

    The ending chooses the container; the sound is PCM in wav and mkv, else AAC.

    Raises:
      ValueError: pictures without as many times.
    """
    if pictures is not None and (times is None or len(times) != len(pictures)):
        raise ValueError(f"{path}: {len(pictures)} pictures need as many times")
    with av.open(str(path), "w") as container:
        video: Any = None
        tone: Any = None
        if pictures is not None:
            video = container.add_stream("mpeg4", rate=1000)
            video.height, video.width = pictures.shape[1:3]
            video.pix_fmt, video.bit_rate = "yuv420p", 2_000_000
            video.codec_context.time_base = Fraction(1, 1000)
        if sound is not None:
            codec = "pcm_s16le" if path.suffix in (".wav", ".mkv") else "aac"
            tone = container.add_stream(codec, rate=rate)
            tone.layout = layout
        if video is not None and pictures is not None and times is not None:
            for picture, time in zip(pictures, times, strict=True):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if tone is not None and sound is not None:
            whole = np.atleast_2d(np.asarray(sound, np.float32))
            for start in range(0, whole.shape[1], 1024):
                part = np.ascontiguousarray(whole[:, start : start + 1024])
                heard = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                heard.sample_rate, heard.pts = rate, start
                container.mux(tone.encode(heard))
            container.mux(tone.encode())
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shown, heard = film()
    print(write(pathlib.Path(sys.argv[1]), shown, np.arange(len(shown)) / FPS, heard))
