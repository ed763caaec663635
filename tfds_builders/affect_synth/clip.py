"""One clip from its seed: frames, sound and labels. Imports no TensorFlow, so workers are light."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from tfds_builders.affect_synth import face, people

SECONDS = 2.56


@dataclass(frozen=True)
class Job:
    """What makes a clip: nothing else decides a byte of it."""

    seed: int
    subject: int
    clip: int
    frames: int
    side: int


def feel(job: Job) -> tuple[np.random.Generator, people.Subject, people.Feeling]:
    """Who is in the clip and what they feel; the generator goes on to sound and frames.

    Categories take turns, so classes are balanced.
    """
    person = people.subject(job.seed, job.subject)
    g = np.random.default_rng((job.seed, 1, job.subject, job.clip))
    category = (job.clip + job.subject) % len(people.CATEGORIES)
    return g, person, people.feeling(g, person, category)


def make(job: Job) -> dict[str, Any]:
    """The stored example of a job."""
    g, person, felt = feel(job)
    from tfds_builders.affect_synth import voice  # scipy.signal: a second that reading can spare

    sound = voice.speak(g, person, felt.voice, SECONDS)
    audio = voice.room(g, sound, snr=g.uniform(8, 30), echo=g.uniform(0.02, 0.25))
    frames = film(g, person, felt, sound, job.frames, job.side)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
    jpegs = [cv2.imencode(".jpg", f[..., ::-1], quality)[1].tobytes() for f in frames]
    return {
        "frames": np.array(jpegs, dtype=object),
        "fps": np.float32(job.frames / SECONDS),
        "audio": audio,
        "emotion": felt.category,
        "vad": felt.vad.astype(np.float32),
        "action_units": felt.action_units.astype(np.float32),
        "votes": people.votes(g, felt),
        "subject": job.subject,
        "clip_id": f"s{job.subject:03}_c{job.clip:03}".encode(),
    }


def film(
    g: np.random.Generator,
    person: people.Subject,
    felt: people.Feeling,
    sound: Float[np.ndarray, " s"],
    count: int,
    side: int,
) -> UInt8[np.ndarray, "t side side 3"]:
    """Frames of the clip: the expression rises, holds and falls while the mouth talks."""
    time = np.linspace(0, 1, count)
    rise, fall = g.uniform(0.05, 0.3), g.uniform(0.75, 1.0)
    apex = np.interp(time, [0, rise, fall, 1.05], [0.15, 1, 1, 0.5])
    talk = _talk(sound, count)
    tremble = g.normal(0, 0.04, (count, len(felt.action_units)))
    units = np.clip(felt.action_units * apex[:, None] + tremble, 0, 1)
    opens = [people.ACTION_UNITS.index(u) for u in (25, 26)]
    units[:, opens] = np.clip(units[:, opens] + talk[:, None] * [0.6, 0.3], 0, 1)
    poses = _poses(g, person, felt, count)
    covered = g.choice(["", "mask", "shades"], p=[0.84, 0.08, 0.08])
    colour = tuple(g.uniform(20, 230, 3))
    gain, noise = g.uniform(0.85, 1.15), g.uniform(1, 5)
    frames = [face.draw(person, u, pose, side) for u, pose in zip(units, poses, strict=True)]
    if covered:
        for frame, pose in zip(frames, poses, strict=True):
            face.cover(frame, str(covered), pose, colour)
    film = np.stack(frames).astype(np.float32) * np.float32(gain)
    film += np.float32(noise) * g.standard_normal(film.shape, np.float32)
    return np.clip(film, 0, 255).astype(np.uint8)


def _talk(sound: np.ndarray, count: int) -> np.ndarray:
    """How far speech opens the mouth in each frame: the loudness of the sound there."""
    pieces = np.array_split(np.abs(sound), count)
    level = np.array([piece.mean() for piece in pieces])
    return level / (level.max() + 1e-9)


def _poses(
    g: np.random.Generator, person: people.Subject, felt: people.Feeling, count: int
) -> list[face.Pose]:
    """A head that drifts; dominance lifts it, sadness looks down."""
    drift = np.cumsum(g.normal(0, 0.004, (count, 4)), axis=0)
    scale = face.CANVAS * 0.5 * person.camera[0] * g.uniform(0.98, 1.02)
    x = face.CANVAS * (0.5 + 0.5 * person.camera[1] + g.normal(0, 0.006))
    y = face.CANVAS * (0.5 + 0.5 * person.camera[2] + g.normal(0, 0.006))
    y -= face.CANVAS * 0.015 * felt.vad[2] * felt.face_shows
    yaw, roll = person.yaw + g.normal(0, 0.05), g.normal(0, 0.03)
    gaze = g.normal(0, 0.02, 2)
    gaze[1] += 0.03 * (felt.vad[0] < -0.4) * (felt.vad[1] < 0)
    blinks = g.random(count) < 0.05
    return [
        face.Pose(
            x + face.CANVAS * 0.25 * d[0],
            y + face.CANVAS * 0.25 * d[1],
            scale,
            yaw + d[2] * 2,
            roll + d[3],
            0.9 if blink else 0.0,
            (float(gaze[0]), float(gaze[1])),
        )
        for d, blink in zip(drift, blinks, strict=True)
    ]
