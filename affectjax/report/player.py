"""A stored example as HTML that plays by itself: film and sound as WebM, pictures as they are."""

import base64
import heapq
import html
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8

RATE = 16_000
OPUS_RATE = 48_000
LONGEST = 10.0  # seconds that a page holds of a clip
SIDE = 160  # pixels
FPS = 12.5  # of a film that does not say


def of(example: Mapping[str, Any]) -> str:
    """The example's film, sound, picture or text, whichever it has first; "" where none.

    Frames need the key `fps`, else 12.5 a second are shown; at most ten seconds.
    """
    frames, audio = example.get("frames"), example.get("audio")
    if frames is not None and len(frames):
        fps = float(example.get("fps", 0)) or FPS
        return _playing("video", film(frames, fps, audio))
    if audio is not None:
        return _playing("audio", film((), FPS, audio))
    for key in ("image", "face"):
        if key in example:
            return f'<img alt="{key}" src="{_data("image/jpeg", _small(example[key]))}">'
    if "text" in example:
        return f"<blockquote>{html.escape(example['text'].decode())}</blockquote>"
    return ""


def film(frames: Any, fps: float, audio: np.ndarray | None) -> bytes:
    """WebM of JPEG or PNG frames (VP8) and of 16 kHz int16 sound (Opus), cut to LONGEST seconds."""
    out = io.BytesIO()
    shown = (_picture(data)[..., ::-1] for data in frames[: max(round(fps * LONGEST), 1)])
    heard = None if audio is None else iter([np.asarray(audio)[: round(RATE * LONGEST)] / 32768])
    write(out, shown, fps, heard)
    return out.getvalue()


def write(
    out: Any,
    pictures: Iterable[UInt8[np.ndarray, "h w 3"]],
    fps: float,
    sound: Iterable[Float[np.ndarray, " s"]] | None,
    bit_rate: int = 300_000,
    options: Mapping[str, str] | None = None,
) -> None:
    """WebM of RGB pictures (VP8) and of pieces of 16 kHz sound in [-1, 1] (Opus), as they come.

    Film and sound lie side by side in it, so a browser plays and seeks it however long it is. The
    pictures are of one shape, both sides even; none, and the file holds sound alone. `out` is a
    path or a file; `options` are the film encoder's.
    """
    shown = iter(pictures)
    first = next(shown, None)
    with av.open(out, "w", format="webm", options={"fflags": "+bitexact"}) as container:
        parts = []
        if first is not None:
            rate = Fraction(fps).limit_denominator(1000)
            video: Any = container.add_stream("libvpx", rate=rate, options=dict(options or {}))
            video.height, video.width = first.shape[:2]
            video.pix_fmt, video.bit_rate = "yuv420p", bit_rate
            # VP8's threads wait for each other by spinning: small pictures are dearer by two.
            video.thread_count = 1
            parts.append(_seen(video, itertools.chain([first], shown), rate))
        if sound is not None:
            tone: Any = container.add_stream("libopus", rate=OPUS_RATE, layout="mono")
            tone.bit_rate = 32_000
            parts.append(_heard(tone, sound))
        for _, packets in heapq.merge(*parts, key=lambda part: part[0]):
            container.mux(packets)


def _seen(stream: Any, pictures: Iterable[np.ndarray], rate: Fraction) -> Iterator[tuple[Any, Any]]:
    """(seconds, packets) of the film; what the encoder held back comes last."""
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = number, 1 / rate
        yield number / rate, stream.encode(frame)
    yield math.inf, stream.encode()


def _heard(stream: Any, pieces: Iterable[np.ndarray]) -> Iterator[tuple[Any, Any]]:
    """The same of the sound."""
    # Opus takes 20 ms at a time, at 48 kHz.
    resampler = av.AudioResampler("s16", "mono", OPUS_RATE, frame_size=OPUS_RATE // 50)
    done = 0
    for piece in pieces:
        whole = np.clip(np.round(np.asarray(piece) * 32768), -32768, 32767).astype(np.int16)
        heard = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = RATE, done, Fraction(1, RATE)
        done += len(whole)
        for part in resampler.resample(heard):
            yield done / RATE, stream.encode(part)
    for part in resampler.resample(None):
        yield math.inf, stream.encode(part)
    yield math.inf, stream.encode()


def _picture(data: bytes) -> np.ndarray:
    """BGR, its longer side SIDE at most, both sides even as VP8 wants them."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"a stored picture of {len(data)} bytes does not decode")
    share = min(SIDE / max(image.shape[:2]), 1.0)
    width, height = (max(round(side * share) // 2 * 2, 2) for side in image.shape[1::-1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _small(data: bytes) -> bytes:
    return cv2.imencode(".jpg", _picture(data), [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _playing(tag: str, webm: bytes) -> str:
    return f'<{tag} controls preload=metadata src="{_data(f"{tag}/webm", webm)}"></{tag}>'


def _data(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
