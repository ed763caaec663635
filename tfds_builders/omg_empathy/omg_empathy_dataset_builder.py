"""OMG-Empathy (Barros et al. 2019) as TFDS: valence of listeners over time, told by three sides."""

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import tables
from tfds_builders.manual import ManualBuilder, features

SUBJECTS, STORIES = tuple(range(1, 11)), tuple(range(1, 9))
VALIDATION = 1
# Key and folder of the annotations of listeners themselves, and of others on listener and speaker.
SIDES = {
    "vad_trace": "SelfAnnotations",
    "vad_trace_listener": "listener_ThirdParty",
    "vad_trace_speaker": "speaker_thirdParty",
}
OWN = {"story": "1 to 8: which story the listener heard"}


def folds(test: tuple[int, ...] = (3, 6, 7)) -> dict[str, str]:
    """Split expressions by story: story 1 validates, `test` tests, the others train.

    That story 1 validates is documented; that 3, 6 and 7 test is not, so it is an argument.

    Raises:
      ValueError: a test story that does not exist or is the validation story, or none left.

    >>> folds()["train"]
    'story2+story4+story5+story8'
    """
    train = [story for story in STORIES if story not in (*test, VALIDATION)]
    if not test or not set(test) <= set(STORIES) - {VALIDATION} or not train:
        raise ValueError(f"test={test}: stories 2 to 8 can test, at least one, and not all")
    parts = {"train": train, "validation": [VALIDATION], "test": list(test)}
    return {k: "+".join(f"story{s}" for s in v) for k, v in parts.items()}


class Builder(ManualBuilder):
    """One split per story; `folds` joins them. Every subject is in every split."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Annotations of the three sides, no films."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Clone github.com/pablovin/OmgEmapathyPlus and name its folder: Annotations/ is read."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.UNIT, rated=("valence",), own=OWN)
        return self.described(
            {**features(f"{' '.join(SIDES)} subject clip_id", said), "story": np.int64},
            said,
            description="OMG-Empathy: ten listeners, eight stories, valence at every frame.",
            homepage="https://github.com/pablovin/OmgEmapathyPlus",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [f"Annotations/{folder}" for folder in SIDES.values()])
        absent = [
            str(path.relative_to(root))
            for story in STORIES
            for subject in SUBJECTS
            for path in files(root, subject, story).values()
            if not path.is_file()
        ]
        if absent:
            raise FileNotFoundError(
                f"{root} lacks {len(absent)} of 240 annotations: {', '.join(absent[:5])}"
            )
        return {f"story{story}": self._generate_examples(root, story) for story in STORIES}

    def _generate_examples(
        self, root: pathlib.Path, story: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for subject in SUBJECTS:
            told = {key: trace(path) for key, path in files(root, subject, story).items()}
            lengths = {key: len(values) for key, values in told.items()}
            name = f"Subject_{subject}_Story_{story}"
            if len(set(lengths.values())) > 1:
                raise ValueError(f"{name}: the sides differ in length: {lengths}")
            yield name, {**told, "subject": subject, "story": story, "clip_id": name.encode()}


def files(root: pathlib.Path, subject: int, story: int) -> dict[str, pathlib.Path]:
    """The three annotations of a film, by key."""
    name = f"Subject_{subject}_Story_{story}.csv"
    return {key: root / "Annotations" / folder / name for key, folder in SIDES.items()}


def trace(path: pathlib.Path) -> np.ndarray:
    """(t, 3) float32 VAD of a file of one valence a frame; arousal and dominance are NaN.

    Raises:
      ValueError: another head line, a line that is no number, or one outside [-1, 1].
    """
    lines = tables.decoded(path).split()
    if not lines or lines[0] != "valence":
        raise ValueError(f"{path}, line 1: {lines[:1]} is not the head line 'valence'")
    for number, line in enumerate(lines[1:], 2):
        try:
            good = -1 <= float(line) <= 1
        except ValueError:
            good = False
        if not good:
            raise ValueError(f"{path}, line {number}: {line!r} is not a valence in [-1, 1]")
    values = np.full((len(lines) - 1, 3), np.nan, np.float32)
    values[:, 0] = np.array(lines[1:], np.float32)
    return values


def make_dummy(folder: pathlib.Path, frames: int = 20) -> None:
    """Write the 240 annotations as waves of a few frames."""
    for subject in SUBJECTS:
        for story in STORIES:
            for i, path in enumerate(files(folder, subject, story).values()):
                path.parent.mkdir(parents=True, exist_ok=True)
                wave = np.sin(np.arange(frames) / 5 + subject + story + i)
                lines = "\n".join(f"{value:.6f}" for value in wave)
                path.write_text(f"valence\n{lines}\n", encoding="utf-8")
