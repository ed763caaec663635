"""A window of a user's film or sound as the dataset would hold it."""

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np

from affectjax.data import pipeline
from affectjax.data.ops import video
from affectjax.predict import media, windows

_BLANK = cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes()


def unfit(predictor: Any, window: windows.Window) -> str:
    """Why the model cannot be asked about a window; empty where it can."""
    if "face_frames" not in predictor.needs and "frames" in predictor.needs and not window.faces:
        return "no face found"
    if "audio" in predictor.needs:
        if window.audio is None or len(window.audio) <= video.SHORTEST:
            return "less than 65 ms of sound"
        if not np.abs(window.audio).max() > 0:
            return "silence"
    return ""


def element(predictor: Any, window: windows.Window) -> dict[str, np.ndarray]:
    """The window as the dataset would hold it, through the config's own evaluation ops."""
    found: dict[str, Any] = {"clip_id": f"{window.start:.3f}", "view": 0}
    if "audio" in predictor.needs:
        found["audio"] = window.audio
    if "face_frames" in predictor.needs:  # the face is cut out of whole pictures, by their ops
        found |= {"frames": _pngs(window.pictures), "face_boxes": window.face_boxes}
        found["body_box"] = np.full(4, np.nan, np.float32)  # nobody is looked for but by the face
    elif "frames" in predictor.needs:
        found |= {"frames": _pngs(window.faces), "fps": np.float32(predictor.plan.fps)}
    elif any(isinstance(op, video.SampleClip) for op in predictor.ops):
        # Trained on the sound of films, which is cut by their frames: blank ones, dropped after it.
        count = max(round(len(found["audio"]) / media.RATE * predictor.plan.fps), 2)
        found |= {"frames": [_BLANK] * count, "fps": np.float32(predictor.plan.fps)}
    done = pipeline.apply(predictor.ops, found, np.random.default_rng(0))
    return {k: v for k, v in pipeline.finish(done).items() if k != "clip_id"}


def _pngs(pictures: Iterable[np.ndarray]) -> list[bytes]:
    return [cv2.imencode(".png", picture[..., ::-1])[1].tobytes() for picture in pictures]
