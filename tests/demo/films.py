"""Files to give to the page: good ones, bad ones, and what a fake camera and microphone play."""

import pathlib
import re
from dataclasses import dataclass

import av
import numpy as np

from affectjax.predict import media
from tfds_builders.affect_synth import film


@dataclass(frozen=True)
class Made:
    """Paths; `bad` with words of the reason that the page must give."""

    film: pathlib.Path
    camera: pathlib.Path
    microphone: pathlib.Path
    large: pathlib.Path
    bad: tuple[tuple[pathlib.Path, re.Pattern[str]], ...]


def make(good: pathlib.Path, folder: pathlib.Path) -> Made:
    """All of them, of the film `good`."""
    heard = np.concatenate(list(media.sound(good)))
    cut = folder / "cut short.mp4"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    text = folder / "text.mp4"
    text.write_text("no film")
    grey = np.full((30, 120, 160, 3), 128, np.uint8)
    nobody = film.write(folder / "nobody.mp4", grey, np.arange(30) / 10)
    mute = film.write(folder / "mute.wav", sound=np.zeros((1, 48_000), np.float32))
    long = film.write(folder / "too long.wav", sound=np.zeros((1, 125 * media.RATE), np.float32))
    large = folder / "too large.mp4"
    with large.open("wb") as file:
        file.truncate(201 << 20)  # takes no room on the disk
    whys = {cut: "whole media file|neither film", text: "whole media file", nobody: "no face found",
            mute: "silence", long: "up to 120 s"}  # fmt: skip
    return Made(
        film=good.resolve(),
        camera=_mjpeg(good, folder / "camera.mjpeg"),
        microphone=film.write(folder / "microphone.wav", sound=heard).resolve(),
        large=large,
        bad=tuple((path, re.compile(why)) for path, why in whys.items()),
    )


def _mjpeg(good: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """The film's pictures as Chromium's fake camera reads them."""
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=20)
        stream.pix_fmt = "yuvj420p"
        pictures = [picture for _, picture in media.frames(good, 20)]
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path.resolve()
