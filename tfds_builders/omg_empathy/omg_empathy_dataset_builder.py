"""OMG-Empathy (Barros et al. 2019) as TFDS: valence of listeners over time, told by three sides."""

import functools
import pathlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from affectjax.predict import media as films
from tfds_builders import faces, media, tables
from tfds_builders.manual import ManualBuilder, features

SUBJECTS, STORIES = tuple(range(1, 11)), tuple(range(1, 9))
VALIDATION = 1
# Key and folder of the annotations of listeners themselves, and of others on listener and speaker.
SIDES = {
    "vad_trace": "SelfAnnotations",
    "vad_trace_listener": "listener_ThirdParty",
    "vad_trace_speaker": "speaker_thirdParty",
}
# Where the films of each story lie in the full download (and so, which stories test).
_TRAINING, _TEST = "OMG_Empathy2019/Training/Videos", "OMG_Empathy2019_testSet/Videos"
FOLDERS = {
    VALIDATION: "OMG_Empathy2019/Validation/Videos",
    **dict.fromkeys((2, 4, 5, 8), _TRAINING),
    **dict.fromkeys((3, 6, 7), _TEST),
}
FPS, SIDE = 5.0, 224  # pictures a second that are stored, and pixels of their shorter side
# The authors' script parts a picture of 2560 columns here: the speaker left, the listener right.
SEAM = 1080 / 2560
OWN = {
    "story": "1 to 8: which story the listener heard",
    "frames_speaker": "the speaker's half of the film, JPEG at the times of `frames`",
}
Item = tuple[int, int]  # subject, story


def folds(test: tuple[int, ...] = (3, 6, 7)) -> dict[str, str]:
    """Split expressions by story: story 1 validates, `test` tests, the others train.

    That story 1 validates the authors say; that 3, 6 and 7 test is told by folders of their
    download as its users describe them, so it is an argument.

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


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`films`: store pictures of both people and sound."""

    films: bool = False


class Builder(ManualBuilder):
    """One split per story; `folds` joins them. Every subject is in every split.

    `allow_damaged` names films, such as Subject_1_Story_1, and leaves them out of `films`.
    """

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {
        "1.1.0": "The config films.",
        "1.0.0": "Annotations of the three sides, no films.",
    }
    BUILDER_CONFIGS = [
        Config(name="traces", description="Annotations alone."),
        Config(name="films", description=f"Pictures at {FPS:g} Hz, and sound.", films=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Clone github.com/pablovin/OmgEmapathyPlus and name its folder: Annotations/ is read. For "
        "films ask its author, and unpack OMG_Empathy2019/ and OMG_Empathy2019_testSet/ beside it."
    )
    SPREADS = True
    PART = 2  # films, of five minutes each

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.UNIT, rated=("valence",), own=OWN)
        keys, own = f"{' '.join(SIDES)} subject clip_id", {"story": np.int64}
        if self.builder_config.films:
            keys += " frames fps audio trace_rate"
            own["frames_speaker"] = tfds.features.Tensor(shape=(None,), dtype=np.object_)
        return self.described(
            {**features(keys, said), **own},
            said,
            description="OMG-Empathy: ten listeners, eight stories, valence at every frame.",
            homepage="https://github.com/pablovin/OmgEmapathyPlus",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        stored = self.builder_config.films
        needed = [f"Annotations/{folder}" for folder in SIDES.values()]
        root = self.root(dl_manager, [*needed, *sorted(set(FOLDERS.values())) * stored])
        items = [(subject, story) for story in STORIES for subject in SUBJECTS]
        absent = [
            str(path.relative_to(root))
            for item in items
            for path in files(root, *item).values()
            if not path.is_file()
        ]
        if absent:
            raise FileNotFoundError(
                f"{root} lacks {len(absent)} of 240 annotations: {', '.join(absent[:5])}"
            )
        if stored:
            faults = {film_of(root, *item): fault(root, *item) for item in items}
            media.refuse_damaged(faults, self._allowed)
            items = [item for item in items if film_of(root, *item).stem not in self._allowed]
        make = functools.partial(example, str(root), stored)
        return {
            f"story{story}": self._generate_examples([i for i in items if i[1] == story], make)
            for story in STORIES
        }

    def _generate_examples(self, items: Sequence[Item], make: Any) -> Any:
        return self.spread(items, make)


def example(root: str, stored: bool, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of a subject and story; a function of its arguments, so that Beam can send it.

    Raises:
      ValueError: sides that differ in length, or a film that breaks off; names it.
    """
    folder, (subject, story) = pathlib.Path(root), item
    told: dict[str, Any] = {key: trace(p) for key, p in files(folder, subject, story).items()}
    lengths = {key: len(values) for key, values in told.items()}
    name = f"Subject_{subject}_Story_{story}"
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name}: the sides differ in length: {lengths}")
    if stored:
        told |= _filmed(film_of(folder, subject, story))
    yield name, {**told, "subject": subject, "story": story, "clip_id": name.encode()}


def _filmed(path: pathlib.Path) -> dict[str, Any]:
    halves: tuple[list[bytes], list[bytes]] = ([], [])
    for _, picture in films.frames(path, FPS):
        seam = round(picture.shape[1] * SEAM)
        for jpegs, half in zip(halves, (picture[:, :seam], picture[:, seam:]), strict=True):
            jpegs.append(faces.jpeg(media.shrunk(np.ascontiguousarray(half), SIDE)))
    speaker, listener = (np.array(jpegs, object) for jpegs in halves)
    return {
        "frames": listener,
        "frames_speaker": speaker,
        "fps": np.float32(FPS),
        "audio": media.film_sound(path),
        "trace_rate": np.float32(media.pictures_of(path)[1]),  # a value a picture
    }


def film_of(root: pathlib.Path, subject: int, story: int) -> pathlib.Path:
    """Where a film lies."""
    return root / FOLDERS[story] / f"Subject_{subject}_Story_{story}.mp4"


def fault(root: pathlib.Path, subject: int, story: int) -> str:
    """What is wrong with a film by its head, in words; empty where nothing is.

    Its pictures and the values of the listener's trace may differ by a second.
    """
    path = film_of(root, subject, story)
    if why := media.film_fault(path, sound=True, video=True):
        return why
    count, rate = media.pictures_of(path)
    values = len(trace(files(root, subject, story)["vad_trace"]))
    if abs(count - values) > rate:
        return f"holds {count} pictures at {rate:g} Hz, but its trace {values} values"
    return ""


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


def make_dummy(folder: pathlib.Path, frames: int = 20, video: bool = False) -> None:
    """Write the 240 annotations as waves of a few frames; with `video` a film for each, too."""
    for subject in SUBJECTS:
        for story in STORIES:
            for i, path in enumerate(files(folder, subject, story).values()):
                path.parent.mkdir(parents=True, exist_ok=True)
                wave = np.sin(np.arange(frames) / 5 + subject + story + i)
                lines = "\n".join(f"{value:.6f}" for value in wave)
                path.write_text(f"valence\n{lines}\n", encoding="utf-8")
            path = film_of(folder, subject, story)
            if video and subject == SUBJECTS[0]:
                media.draw_film(
                    path, story, codec="mpeg4", frames=frames, sound=True, size=(128, 36)
                )
            elif video:
                shutil.copy(film_of(folder, SUBJECTS[0], story), path)
