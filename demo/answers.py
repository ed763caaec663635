"""What the page shows of a file: what a run says over time, and a copy that browsers play."""

import base64
import itertools
import pathlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from affectjax.predict import face, media, predict, timeline, told, words
from affectjax.report import player
from demo import runs as runs_lib

FPS, SIDE = 25, 480  # of the copy: at most, per second and in pixels
FACE_SIDE = 112
KEPT = 8  # copies, of the latest files
PREDICTED = 0.8  # share of the waiting, when the copy is yet to be made
REMEDY = "If a player plays it to its end, convert it to MP4 or WAV; else copy it again."
Said = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a file may be: `seconds` long, `bytes` large."""

    seconds: float = 120.0
    bytes: int = 200 << 20


@dataclass
class Answerer:
    """Runs to ask, the face detector, and the folder of copies: their names by age in `copies`."""

    runs: Sequence[runs_lib.Run]
    detect: face.Detector | None
    folder: pathlib.Path
    limits: Limits
    copies: list[str] = field(default_factory=list)


def answer(by: Answerer, path: pathlib.Path) -> Iterator[Said]:
    """What to show, the last at the end; before it how far it is.

    `state` is "working" with a `share` in [0, 1] and a `text`; "done" with all that view.js
    reads; or "failed" with a `title` and a `text` that says what would help. Nothing is raised of a
    file that is too long, damaged, or not media.
    """
    try:
        yield {"state": "working", "share": 0.0, "text": f"Reading {path.name}"}
        yield from _answers(by, path)
    except media.MediaError as error:
        text = str(error).replace(str(path), "The file")
        yield _failed(f"{path.name} cannot be used", f"{text}. {REMEDY}")
    except Exception:
        yield _failed("An error of this program", "What it is stands where the page was started.")
        raise


def _answers(by: Answerer, path: pathlib.Path) -> Iterator[Said]:
    if path.suffix.lower() not in media.ENDINGS:
        listed = ", ".join(sorted(media.ENDINGS))
        yield _failed(f"{path.name} is no film or sound", f"These endings are read: {listed}.")
        return
    found = media.probe(path)
    if found.seconds > by.limits.seconds:
        yield _too_long(path, f"{found.seconds:.0f} s long", by.limits)
        return
    whys: list[str] = []
    for run in runs_lib.fitting(by.runs, found):
        windows: list[Said] = []
        gathered = timeline.Gathered()
        detect = by.detect if "frames" in run.predictor.needs else None
        for window, record in predict.asked(run.predictor, found, detect):
            if window.end > by.limits.seconds + run.predictor.plan.seconds:
                yield _too_long(path, f"longer than {by.limits.seconds:.0f} s", by.limits)
                return
            gathered.add(window)
            seen = None if record["face"] is None else window.thumbnail
            windows.append(record | {"picture": None if seen is None else _jpeg(seen)})
            yield _working(run, window.end, found.seconds)
        if any("skipped" not in record for record in windows):
            yield {"state": "working", "share": PREDICTED, "text": "Making it play here"}
            name, shape = copy(by, found)
            yield _done(run, path, windows, gathered, whys) | {"copy": name, "shape": shape}
            return
        whys.append(f"{run.name} {run.senses}: {windows[0]['skipped'] if windows else 'no sound'}")
    yield _failed(
        f"Nothing to say about {path.name}",
        f"{'; '.join(whys)}. The face should be upright, lit, and not much smaller than a fifth of "
        "the picture; the voice must be heard.",
    )


def _working(run: runs_lib.Run, reached: float, seconds: float) -> Said:
    """How far the windows are; a recording of the browser does not say how long it is: 0."""
    share = min(reached / seconds, 1) if seconds else 0.5
    text = f"The model {run.senses}: {reached:.0f}" + (f" of {seconds:.0f} s" if seconds else " s")
    return {"state": "working", "share": PREDICTED * share, "text": text}


def copy(by: Answerer, found: media.Media) -> tuple[str, list[int]]:
    """(name, [width, height]) of a WebM of the film, upright and at an even rate, or of the sound.

    Times in it are those of the windows. Of copies the last KEPT stay in the folder.
    """
    name = f"{secrets.token_hex(8)}.webm"
    by.folder.mkdir(parents=True, exist_ok=True)
    pictures: Iterator[np.ndarray] = iter(())
    shape = [0, 0]
    if found.has_video:
        shown = (picture for _, picture in media.frames(found.path, FPS))
        first = next(shown, None)
        if first is not None:
            shape = [first.shape[1], first.shape[0]]
            pictures = (_fitted(p) for p in itertools.chain([first], shown))
    sound = media.sound(found.path) if found.has_audio else None
    # A second pass over the film should not take longer than the first: speed before size.
    fast = {"deadline": "realtime", "cpu-used": "8"}
    player.write(str(by.folder / name), pictures, FPS, sound, 800_000, fast)
    by.copies.append(name)
    while len(by.copies) > KEPT:
        (by.folder / by.copies.pop(0)).unlink(missing_ok=True)
    return name, shape


def _fitted(picture: np.ndarray) -> np.ndarray:
    """Its longer side SIDE at most, both sides even as VP8 wants them."""
    share = min(SIDE / max(picture.shape[:2]), 1.0)
    width, height = (max(round(side * share) // 2 * 2, 2) for side in picture.shape[1::-1])
    if (height, width) == picture.shape[:2]:
        return picture
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _done(
    run: runs_lib.Run,
    path: pathlib.Path,
    windows: list[Said],
    gathered: timeline.Gathered,
    whys: list[str],
) -> Said:
    """All that the page shows of a file, but for the copy to play."""
    summary = told.summarise(run.predictor, path, windows)
    shares = "probabilities" if "probabilities" in summary else "labels"
    return {
        "state": "done",
        "file": path.name,
        "seconds": summary["seconds"],
        "run": {"name": run.name, "senses": run.senses, "data": run.data},
        "step": summary["checkpoint_step"],
        "notes": whys,
        "labels": list(summary.get(shares, {})),
        "together": shares == "labels",
        "emotion": summary.get("emotion"),
        "mean": list(summary.get(shares, {}).values()),
        "promise": summary["likely"],
        "interval": summary["vad_interval"],
        "windows": [_window(record, shares) for record in windows],
        "outline": [[round(x, 4) for x in point] for point in gathered.outline],
    }  # fmt: skip


def _window(record: Said, shares: str) -> Said:
    """A record as the page reads it."""
    said: Said = {"start": record["start"], "end": record["end"], "box": record["face"]}
    if record["picture"] is not None:
        said["face"] = record["picture"]
    if "skipped" in record:
        return said | {"skipped": record["skipped"]}
    said["shares"] = list(record.get(shares, {}).values())
    said["likely"] = record.get("likely")
    said["vad"] = record.get("vad", {})
    said["ends"] = record.get("vad_interval")
    return said | {"words": words.of_record(record)}


def _jpeg(picture: np.ndarray) -> str:
    small = cv2.resize(picture, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _too_long(path: pathlib.Path, said: str, limits: Limits) -> Said:
    return _failed(
        f"{path.name} is {said}",
        f"This page takes up to {limits.seconds:.0f} s; cut it, or start the page with "
        f"--max_seconds. `--mode=predict` takes films of any length.",
    )


def _failed(title: str, text: str) -> Said:
    return {"state": "failed", "title": title, "text": text}
