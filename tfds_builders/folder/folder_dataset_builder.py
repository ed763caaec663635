"""A folder of the user's own films or sounds and a `labels.csv` beside them, as TFDS."""

import functools
import hashlib
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import EKMAN7
from affectjax.data import schema
from affectjax.predict import media as films
from tfds_builders import faces, media
from tfds_builders.folder import labels
from tfds_builders.manual import ManualBuilder, features

FPS, SIDE = 25.0, 160  # as MER2023, and near HiCMAE's 29.97
LONGEST = 120.0  # seconds: a line is one label of one clip


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`, `frames`: what is stored; `centre`: squares of the film's middle, not faces."""

    audio: bool = True
    frames: bool = False
    centre: bool = False


# What a folder is taken to hold where there is none (fake data).
NO_FOLDER = labels.Table((), EKMAN7.names, vad.UNIT, vad.DIMENSIONS, True, False, True)


class Builder(ManualBuilder):
    """Splits of the column `split`, or `fold1`, `fold2` ... of whole subjects (see `labels`).

    Data is kept apart by what labels.csv holds, so that a changed label is never missed.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Films and sounds with a table of labels."}
    BUILDER_CONFIGS = [
        Config(name="audio_video", description="Sound, and the face followed.", frames=True),
        Config(name="video", description="The face followed.", audio=False, frames=True),
        Config(name="audio", description="The sound of sounds and films."),
        Config(
            name="audio_video_centre",
            description="Sound, and centre squares of films that are cropped already.",
            frames=True,
            centre=True,
        ),
        Config(
            name="video_centre",
            description="Centre squares alone.",
            audio=False,
            frames=True,
            centre=True,
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Put films or sounds and {labels.FILE} (file, emotion, subject, ...) into one folder."
    )

    def __init__(
        self,
        *args: Any,
        detect: Callable[..., Any] | None = None,
        manual_dir: str = "",
        data_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._detect = detect
        table = pathlib.Path(manual_dir) / labels.FILE
        if manual_dir and data_dir and table.is_file():
            digest = hashlib.blake2b(table.read_bytes(), digest_size=4).hexdigest()
            data_dir = str(pathlib.Path(data_dir) / f"labels-{digest}")
        super().__init__(*args, manual_dir=manual_dir, data_dir=data_dir, **kwargs)

    def explain_missing(self, splits: Sequence[str]) -> str:
        """What to do about splits that were not built."""
        return f"The column split of {self._manual_dir}/{labels.FILE} names no {', '.join(splits)}."

    def _table(self) -> labels.Table:
        folder = pathlib.Path(self._manual_dir)
        return labels.read(folder) if self._manual_dir and folder.is_dir() else NO_FOLDER

    def _info(self) -> tfds.core.DatasetInfo:
        table, config = self._table(), self.builder_config
        names = dict.fromkeys(("emotion", "votes") if table.voted else ("emotion",), table.emotions)
        said = schema.metadata(
            names=names if table.emotions else None, scale=table.scale, rated=table.rated
        )
        keys = ["clip_id"]
        has = {
            "audio": config.audio,
            "frames fps": config.frames,
            "emotion": table.emotions,
            "vad": table.rated,
            "votes": table.voted,
            "subject": table.subjects,
            "text": table.texts,
        }
        keys += [key for key, there in has.items() if there]
        return self.described(
            features(" ".join(keys), said),
            said,
            description="Clips of the user's own, labelled by a table.",
            homepage="",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [labels.FILE])
        table = labels.read(root)
        check = functools.partial(fault, config=self.builder_config)
        faults = {root / clip.file: check(root / clip.file) for clip in table.clips}
        media.refuse_damaged(faults, self._allowed, lambda path: _name(root, path))
        _tell_unlisted(root, table)
        return {split: self._generate_examples(root, c) for split, c in table.splits().items()}

    def _generate_examples(
        self, root: pathlib.Path, clips: Sequence[labels.Clip]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        config = self.builder_config
        detect = faces.detector(self._detect) if config.frames and not config.centre else None
        for clip in clips:
            path = root / clip.file
            if _name(root, path) in self._allowed:
                continue
            example = _labels(clip)
            if config.audio:
                example["audio"] = media.film_sound(path)
            if config.frames:
                example["frames"] = _frames(path, detect)
                example["fps"] = np.float32(FPS)
            yield clip.file, example


def fault(path: pathlib.Path, config: Config) -> str:
    """What is wrong with a file for a config, in words; empty where nothing is."""
    if path.suffix.lower() not in films.ENDINGS:
        return f"the ending is none of {', '.join(sorted(films.ENDINGS))}"
    if why := media.film_fault(path, sound=config.audio, video=config.frames):
        return why
    if path.suffix.lower() == ".wav" and (why := media.sound_fault(path)):
        return why
    seconds = films.probe(path).seconds
    return f"{seconds:.0f} s long: cut it into clips of one label each" if seconds > LONGEST else ""


def make_dummy(folder: pathlib.Path, video: bool = True) -> None:
    """Write half-second clips of four subjects and two emotions, rated 1 to 9 and voted on.

    Films with sound, or sounds alone where `video` is False.
    """
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    lines = ["file,subject,emotion,valence_1_9,arousal_1_9,votes_calm,votes_tense"]
    rng = np.random.default_rng(0)
    for number in range(8):
        file, tense = f"clips/{number}.{'mp4' if video else 'wav'}", number % 2
        if video:
            media.draw_film(folder / file, number, codec="mpeg4", sound=True)
        else:
            tone = np.sin(np.arange(media.RATE // 2) * (0.05 + 0.1 * tense))
            sound = 0.3 * tone + 0.01 * rng.standard_normal(len(tone))
            soundfile.write(folder / file, sound, media.RATE)
        emotion = ("calm", "tense")[tense]
        lines.append(f"{file},p{number // 2},{emotion},{7 - 4 * tense},{2 + 5 * tense},")
        lines[-1] += f"{3 - 2 * tense},{2 * tense}"
    (folder / labels.FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _whole(picture: np.ndarray) -> list[np.ndarray]:
    """The picture's inner half as a face: dummies show none that a detector would find."""
    h, w = picture.shape[:2]
    return [np.array([w / 4, h / 4, w / 2, h / 2])]


DUMMY_OPTIONS = {"detect": _whole}


def _name(root: pathlib.Path, path: pathlib.Path) -> str:
    """What allow_damaged calls a file: its path below the folder, without the ending."""
    return path.relative_to(root).with_suffix("").as_posix()


def _labels(clip: labels.Clip) -> dict[str, Any]:
    example: dict[str, Any] = {"clip_id": clip.file.encode()}
    if clip.emotion is not None:
        example["emotion"] = clip.emotion
    if clip.vad is not None:
        example["vad"] = np.array(clip.vad, np.float32)
    if clip.votes is not None:
        example["votes"] = np.array(clip.votes, np.int32)
    if clip.subject is not None:
        example["subject"] = clip.subject
    if clip.text is not None:
        example["text"] = clip.text.encode()
    return example


def _frames(path: pathlib.Path, detect: Any) -> np.ndarray:
    if detect:
        return faces.of_film(path, FPS, SIDE, detect)[0]
    return np.array(
        [faces.jpeg(_centre(picture)) for _, picture in films.frames(path, FPS)], object
    )


def _centre(picture: np.ndarray) -> np.ndarray:
    """The middle square of a picture, SIDE pixels wide."""
    h, w = picture.shape[:2]
    cut = min(h, w)
    top, left = (h - cut) // 2, (w - cut) // 2
    square = picture[top : top + cut, left : left + cut]
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _tell_unlisted(root: pathlib.Path, table: labels.Table) -> None:
    listed = {clip.file for clip in table.clips}
    there = [p.relative_to(root).as_posix() for p in sorted(root.rglob("*")) if p.is_file()]
    left = [p for p in there if pathlib.Path(p).suffix.lower() in films.ENDINGS and p not in listed]
    if left:
        print(f"{len(left)} clips are not in {labels.FILE} and left out, such as {left[0]}")
