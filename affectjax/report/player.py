"""A stored example as HTML that plays by itself: film and sound as WebM, pictures as they are."""

import base64
import html
import io
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

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
    with av.open(out, "w", format="webm", options={"fflags": "+bitexact"}) as container:
        video: Any = None
        sound: Any = None
        shown = [_picture(data) for data in frames[: max(round(fps * LONGEST), 1)]]
        if shown:
            video = container.add_stream("libvpx", rate=Fraction(fps).limit_denominator(1000))
            video.height, video.width = shown[0].shape[:2]
            video.pix_fmt, video.bit_rate = "yuv420p", 300_000
        if audio is not None:
            sound = container.add_stream("libopus", rate=OPUS_RATE, layout="mono")
            sound.bit_rate = 32_000
        for picture in shown:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        if video is not None:
            container.mux(video.encode())
        if sound is not None and audio is not None:
            _mux(container, sound, np.asarray(audio)[: round(RATE * LONGEST)])
    return out.getvalue()


def _mux(container: Any, sound: Any, audio: np.ndarray) -> None:
    heard = av.AudioFrame.from_ndarray(audio.astype(np.int16)[None], format="s16", layout="mono")
    heard.sample_rate = RATE
    # Opus takes 20 ms at a time, at 48 kHz.
    resampler = av.AudioResampler("s16", "mono", OPUS_RATE, frame_size=OPUS_RATE // 50)
    for piece in [*resampler.resample(heard), *resampler.resample(None)]:
        container.mux(sound.encode(piece))
    container.mux(sound.encode())


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
