"""RAVDESS speech (Livingstone & Russo 2018) as TFDS, from the official files."""

import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import media as common
from tfds_builders.manual import ManualBuilder, features
from tfds_builders.ravdess import media
from tfds_builders.ravdess.media import make_dummy
from tfds_builders.ravdess.names import EMOTIONS, Name, expected, parse

__all__ = ["Builder", "Config", "folds", "make_dummy", "present_actors"]

ACTORS = tuple(range(1, 25))
CLIPS_PER_ACTOR = 60  # 4 neutral + 7 emotions x 2 intensities x 2 statements x 2 repetitions
FOLDS = 6
OWN = {
    "intensity": "1 normal, 2 strong",
    "statement": "1 kids are talking by the door, 2 dogs are sitting by the door",
    "repetition": "1 or 2",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`video`: store frames of the audio-video files, too, and fail where one is missing."""

    video: bool = False
    side: int = 160


def actors_of(fold: int) -> tuple[int, ...]:
    """The four actors that fold 1..6 tests: 1-4, 5-8, ... (HiCMAE's released lists).

    Raises:
      ValueError: a fold that does not exist.
    """
    if not 1 <= fold <= FOLDS:
        raise ValueError(f"fold={fold}: RAVDESS has folds 1 to {FOLDS}")
    return tuple(range(4 * fold - 3, 4 * fold + 1))


def folds(fold: int, present: Sequence[int] = ACTORS, validation: int = 4) -> dict[str, str]:
    """Split expressions of a fold: train, validation and test share no actor.

    Validation actors, two to four, are taken from the training actors: the first men (odd
    numbers) and women that follow the test actors (cyclically), as many of either; of three two
    are men. `present` are the actors whose files there are; an absent training actor is left out.

    Raises:
      ValueError: `validation` is not 2, 3 or 4; an absent test actor; too few actors to train on.

    >>> folds(1)["test"], folds(1)["validation"]
    ('actor01+actor02+actor03+actor04', 'actor05+actor06+actor07+actor08')
    """
    if not 2 <= validation <= 4:
        raise ValueError(f"validation={validation} speakers; allowed: 2, 3, 4")
    test = actors_of(fold)
    missing = [actor for actor in test if actor not in present]
    if missing:
        raise ValueError(
            f"fold {fold} tests actors {test[0]}-{test[-1]}, but there are no files of "
            f"{', '.join(f'Actor_{a:02}' for a in missing)}; put these folders beside the others "
            "(zenodo.org/records/1188976), remove the prepared data, or choose another fold"
        )
    after = [a for a in (*ACTORS[test[-1] :], *ACTORS[: test[0] - 1]) if a in present]
    men, women = [a for a in after if a % 2], [a for a in after if not a % 2]
    held_out = men[: (validation + 1) // 2] + women[: validation // 2]
    train = [a for a in after if a not in held_out]
    if len(held_out) < validation or not train:
        raise ValueError(
            f"fold {fold} needs {validation} validation speakers, men and women alike, and at "
            f"least one more to train on; beside the test actors there are only {after}"
        )
    parts = {"train": train, "validation": held_out, "test": test}
    return {k: expression(v) for k, v in parts.items()}


def expression(actors: Iterable[int]) -> str:
    """The split expression of some actors.

    >>> expression([3, 12])
    'actor03+actor12'
    """
    return "+".join(f"actor{a:02}" for a in sorted(actors))


def groups(fold: int, present: Sequence[int] = ACTORS, number: int = 4) -> list[list[int]]:
    """The first `number` groups of two men and two women beside the test actors of a fold.

    For the members of an ensemble to hold out (`tasks.ensemble`); the first group is the validation
    of `folds`.

    Raises:
      ValueError: as `folds`, or too few actors for so many groups.

    >>> groups(1, number=2)
    [[5, 7, 6, 8], [9, 11, 10, 12]]
    """
    folds(fold, present)
    test = actors_of(fold)
    after = [a for a in (*ACTORS[test[-1] :], *ACTORS[: test[0] - 1]) if a in present]
    men, women = [a for a in after if a % 2], [a for a in after if not a % 2]
    if not 1 <= number <= min(len(men), len(women)) // 2:
        raise ValueError(
            f"members={number}: beside the test actors of fold {fold} there are {len(men)} men and "
            f"{len(women)} women, and each member holds out two of either"
        )
    return [men[i : i + 2] + women[i : i + 2] for i in range(0, 2 * number, 2)]


def present_actors(manual_dir: str | os.PathLike[str]) -> tuple[int, ...]:
    """Actors with a folder of files under the manual directory."""
    return tuple(a for a in ACTORS if media.actor_folders(pathlib.Path(manual_dir), a))


class Builder(ManualBuilder):
    """One split per actor; `folds` joins them. Fails on damaged files, listing them all."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Speech, audio alone or with video."}
    BUILDER_CONFIGS = [
        Config(name="speech", description="The 1,440 spoken clips, sound only."),
        Config(name="speech_video", description="Sound and frames of the same clips.", video=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Unpack Audio_Speech_Actors_01-24.zip (and, for speech_video, the "
        "Video_Speech_Actor_NN.zip files) of zenodo.org/records/1188976 into the manual directory."
    )

    def explain_missing(self, splits: Sequence[str]) -> str:
        """What to do about splits that were not built."""
        folders = ", ".join(s.replace("actor", "Actor_") for s in splits)
        return f"No files of {folders} were in {self._manual_dir or 'the manual directory'}."

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        keys = "audio emotion subject clip_id"
        if self.builder_config.video:
            keys += " frames fps"
        return self.described(
            {**features(keys, said), **dict.fromkeys(OWN, np.int64)},
            said,
            description="RAVDESS speech: 24 actors, 8 emotions, 2 sentences.",
            homepage="https://zenodo.org/records/1188976",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = pathlib.Path(self._manual_dir or dl_manager.manual_dir)
        actors = present_actors(root) if root.is_dir() else ()
        if not actors:
            raise FileNotFoundError(
                f"no Actor_NN folders in {root}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        files = {actor: media.files(root, actor) for actor in actors}
        faults = {path: media.fault(path) for found in files.values() for path in found}
        common.refuse_damaged(faults, self._allowed)
        for actor, found in files.items():
            absent = sorted(set(expected(actor)) - {path.stem for path in found})
            if absent:
                print(f"Actor_{actor:02} lacks {len(absent)} of {CLIPS_PER_ACTOR} clips: {absent}")
        return {f"actor{a:02}": self._generate_examples(root, found) for a, found in files.items()}

    def _generate_examples(
        self, root: pathlib.Path, files: Sequence[pathlib.Path]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for path in files:
            if path.stem in self._allowed:
                continue
            yield path.stem, self._example(root, path, parse(path.name))

    def _example(self, root: pathlib.Path, path: pathlib.Path, name: Name) -> dict[str, Any]:
        example = {
            "audio": common.read_audio(path),
            "emotion": name.emotion - 1,
            "intensity": name.intensity,
            "statement": name.statement,
            "repetition": name.repetition,
            "subject": name.actor,
            "clip_id": path.stem.encode(),
        }
        if self.builder_config.video:
            frames, fps = common.read_video(media.video_of(root, path), self.builder_config.side)
            example |= {"frames": frames, "fps": fps}
        return example
