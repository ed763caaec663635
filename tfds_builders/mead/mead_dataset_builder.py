"""MEAD (Wang et al. 2020) as TFDS: actors who speak with eight emotions at three intensities."""

import pathlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import MEAD8
from affectjax.data import schema
from tfds_builders import faces, media
from tfds_builders import folds as folds_lib
from tfds_builders.manual import ManualBuilder, features

FPS, SIDE, FOLDS, VIEW = 25.0, 160, 5, "front"
OWN = {"level": "intensity 1 to 3 as asked for; neutral has 1 alone", "take": "number of the clip"}
_ACTOR = re.compile(r"[MW]\d{3}")


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`frames`: also the followed face of the front view."""

    frames: bool = False


@dataclass(frozen=True)
class Clip:
    """A clip of an actor: where its sound is, and what was asked for."""

    sound: pathlib.Path
    film: pathlib.Path
    actor: str
    emotion: int
    level: int

    @property
    def name(self) -> str:
        return f"{self.actor}_{MEAD8.names[self.emotion]}_{self.level}_{self.sound.stem}"

    @property
    def subject(self) -> int:
        """The number of the actor; women from 1000."""
        return int(self.actor[1:]) + 1000 * (self.actor[0] == "W")


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5 of ours, whole actors: none is published."""
    return folds_lib.expressions(fold, FOLDS, "MEAD")


class Builder(ManualBuilder):
    """Five folds of whole actors, ours; `folds` joins them.

    detect: a function from an RGB picture to boxes of faces, in place of MTCNN.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sound, the face of the front view, intended emotion and level."}
    BUILDER_CONFIGS = [
        Config(name="audio", description="The sound alone."),
        Config(name="faces", description="Sound, and the face of the front view.", frames=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MEAD at wywu.github.io/projects/MEAD/MEAD.html and unpack each actor's audio.tar "
        "and video.tar as <actor>/audio/ and <actor>/video/ in the manual directory."
    )

    def __init__(self, *args: Any, detect: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        self._detect = detect
        super().__init__(*args, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": MEAD8.names}, own=OWN)
        keys = "audio emotion subject clip_id" + " frames fps" * self.builder_config.frames
        return self.described(
            {**features(keys, said), **dict.fromkeys(OWN, np.int64)},
            said,
            description="MEAD: 48 actors (of 60), eight emotions, three intensities.",
            homepage="https://wywu.github.io/projects/MEAD/MEAD.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = clips(self.root(dl_manager))
        faults = {clip.sound: media.film_fault(clip.sound, sound=True) for clip in found}
        if self.builder_config.frames:
            films = {clip.film: media.film_fault(clip.film, video=True) for clip in found}
            faults |= films
        media.refuse_damaged(faults, self._allowed, name_of)
        kept = [
            clip for clip in found if not {name_of(clip.sound), name_of(clip.film)} & self._allowed
        ]
        fold_of = folds_lib.of_groups({clip.name: clip.actor for clip in kept}, FOLDS)
        return {
            f"fold{f}": self._generate_examples([c for c in kept if fold_of[c.name] == f])
            for f in sorted(set(fold_of.values()))
        }

    def _generate_examples(self, some: Sequence[Clip]) -> Iterator[tuple[str, dict[str, Any]]]:
        detect = faces.detector(self._detect) if self.builder_config.frames else None
        for clip in some:
            example: dict[str, Any] = {
                "audio": media.film_sound(clip.sound),
                "emotion": clip.emotion,
                "level": clip.level,
                "take": int(clip.sound.stem),
                "subject": clip.subject,
                "clip_id": clip.name.encode(),
            }
            if detect:
                example["frames"], _ = faces.of_film(clip.film, FPS, SIDE, detect)
                example["fps"] = np.float32(FPS)
            yield clip.name, example


def clips(root: pathlib.Path) -> list[Clip]:
    """Every sound below <actor>/audio/<emotion>/level_<n>/, with the film of the front view.

    Raises:
      FileNotFoundError: no folder of an actor with sound in it.
      ValueError: an emotion, level or file name that MEAD does not have.
    """
    found = []
    for actor in sorted(p for p in root.iterdir() if _ACTOR.fullmatch(p.name)):
        for sound in sorted((actor / "audio").rglob("*.m4a")):
            emotion, level = sound.parts[-3:-1]
            known = emotion in MEAD8.names and re.fullmatch("level_[123]", level)
            if not known or sound.parent.parent.parent.name != "audio" or not sound.stem.isdigit():
                raise ValueError(f"{sound} is not <emotion>/level_<1..3>/<number>.m4a of MEAD")
            film = actor / "video" / VIEW / emotion / level / f"{sound.stem}.mp4"
            found.append(Clip(sound, film, actor.name, MEAD8.names.index(emotion), int(level[-1])))
    if not found:
        raise FileNotFoundError(
            f"{root} holds no <actor>/audio/<emotion>/level_<n>/<number>.m4a, such as "
            f"M003/audio/angry/level_1/001.m4a. {Builder.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )
    return found


def name_of(path: pathlib.Path) -> str:
    """What allow_damaged calls a file, M003_angry_1_001, of sound or film."""
    emotion, level, actor = path.parts[-3], path.parts[-2], ""
    actor = next((p for p in path.parts if _ACTOR.fullmatch(p)), actor)
    return f"{actor}_{emotion}_{level[-1]}_{path.stem}"


def whole_face(picture: np.ndarray) -> list[np.ndarray]:
    """The picture's inner half as a face: dummies show none that a detector would find."""
    h, w = picture.shape[:2]
    return [np.array([w / 4, h / 4, w / 2, h / 2])]


DUMMY_OPTIONS = {"detect": whole_face}


def make_dummy(folder: pathlib.Path) -> None:
    """Write two clips of six actors, sound and film."""
    for i, actor in enumerate(("M003", "M005", "M007", "W009", "W011", "W014")):
        for emotion, level in ((MEAD8.names[i + i // 5], 1), ("neutral", 1)):
            place = f"{emotion}/level_{level}"
            sound = folder / actor / "audio" / place / "001.m4a"
            sound.parent.mkdir(parents=True, exist_ok=True)
            media.draw_sound(sound)
            media.draw_film(
                folder / actor / "video" / VIEW / place / "001.mp4", i, codec="mpeg4", frames=8
            )
