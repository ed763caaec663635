"""CMU-MOSEI (Zadeh et al. 2018) as TFDS: opinions in films, six emotions and a sentiment."""

import ast
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect.labels import MOSEI6
from affectjax.data import schema
from tfds_builders import left_out, media
from tfds_builders.manual import ManualBuilder, features, text

LABELS, FOLDS = "CMU_MOSEI_Labels.csd", "cmu_mosei_std_folds.py"
SOUNDS = "Raw/Audio/Full/WAV_16000"
LISTS = {
    "train": "standard_train_fold",
    "validation": "standard_valid_fold",
    "test": "standard_test_fold",
}
OWN = {
    "intensity": "0 to 3 of happiness, sadness, anger, surprise, disgust, fear: means of raters",
    "sentiment": "-3 highly negative to 3 highly positive: mean of raters",
    "video": "the film that the segment is of",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`: store the sound of each segment."""

    audio: bool = True


@dataclass(frozen=True)
class Segment:
    """A segment of a film, in seconds, and its row of labels."""

    video: str
    number: int
    start: float
    end: float
    labels: np.ndarray

    @property
    def name(self) -> str:
        return f"{self.video}_{self.number}"


class Builder(ManualBuilder):
    """The published splits train, validation and test, which share no film."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Segments, intensities, sentiment, sound."}
    BUILDER_CONFIGS = [
        Config(name="audio", description="With the sound of each segment."),
        Config(name="labels", description="The labels alone.", audio=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Put {LABELS} and {FOLDS} (both by the CMU Multimodal SDK, "
        "mmsdk/mmdatasdk/dataset/standard_datasets/CMU_MOSEI) into the manual directory, and for "
        f"sound unpack Raw/ of CMU_MOSEI.zip beside them ({SOUNDS}/<video>.wav)."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"multilabel": MOSEI6.names}, own=OWN)
        keys = "multilabel start end clip_id" + " audio" * self.builder_config.audio
        return self.described(
            {
                **features(keys, said),
                "intensity": tfds.features.Tensor(shape=(len(MOSEI6),), dtype=np.float32),
                "sentiment": np.float32,
                "video": text(),
            },
            said,
            description="CMU-MOSEI: 23,453 segments of 3,228 films by 1,000 speakers.",
            homepage="http://multicomp.cs.cmu.edu/resources/cmu-mosei-dataset/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [LABELS, FOLDS])
        lists, found = published(root / FOLDS), segments(root / LABELS)
        if self.builder_config.audio:
            paths = {root / SOUNDS / f"{s.video}.wav" for s in found if s.video in lists}
            faults = {p: media.sound_fault(p) if p.is_file() else "is not there" for p in paths}
            media.refuse_damaged(dict(sorted(faults.items())), self._allowed)
        listed = [s for s in found if s.video in lists and s.video not in self._allowed]
        left_out.count(len(found) - len(listed), "segments are of films that no split names")
        return {
            split: self._generate_examples(root, [s for s in listed if lists[s.video] == split])
            for split in LISTS
        }

    def _generate_examples(
        self, root: pathlib.Path, some: Sequence[Segment]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for segment in some:
            example: dict[str, Any] = {
                "multilabel": (segment.labels[1:] > 0).astype(np.float32),
                "intensity": segment.labels[1:].astype(np.float32),
                "sentiment": np.float32(segment.labels[0]),
                "start": np.float32(segment.start),
                "end": np.float32(segment.end),
                "video": segment.video.encode(),
                "clip_id": segment.name.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = _cut(root / SOUNDS / f"{segment.video}.wav", segment)
            yield segment.name, example


def published(path: pathlib.Path) -> dict[str, str]:
    """Split of each film, from the SDK's Python file of three lists; none of its code runs.

    Raises:
      ValueError: no such file of lists, or a film in two of them.
    """
    try:
        tree = ast.parse(path.read_bytes())
        found = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in LISTS.values()
        }
        lists = {split: list(found[name]) for split, name in LISTS.items()}
    except (SyntaxError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is not the SDK's file of the lists {list(LISTS.values())}: {error!r}"
        ) from error
    split_of: dict[str, str] = {}
    for split, videos in lists.items():
        for video in videos:
            if split_of.setdefault(video, split) != split or not isinstance(video, str):
                raise ValueError(f"{path}: {video!r} is in {split_of[video]} and in {split}")
    return split_of


def segments(path: pathlib.Path) -> list[Segment]:
    """The labelled segments of every film, in order of time.

    Raises:
      ValueError: a damaged file, another layout, intensities outside 0 to 3, a sentiment outside
        -3 to 3, or a segment without length.
    """
    import h5py

    found = []
    try:
        with h5py.File(path, "r") as file:
            for video, held in file["All Labels/data"].items():
                labels, times = np.asarray(held["features"]), np.asarray(held["intervals"])
                found.append((video, labels, times))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged or another version: {error}") from error
    out = []
    for video, labels, times in found:
        if labels.shape != (len(times), 7) or times.shape != (len(times), 2):
            raise ValueError(f"{path}, {video}: {labels.shape} labels, {times.shape} times")
        if not (np.abs(labels) <= 3).all() or (labels[:, 1:] < 0).any():
            raise ValueError(f"{path}, {video}: labels outside -3 to 3 (sentiment) or 0 to 3")
        order = np.lexsort((times[:, 1], times[:, 0]))
        for number, i in enumerate(order):
            start, end = (float(t) for t in times[i])
            if not 0 <= start < end:
                raise ValueError(f"{path}, {video}: a segment from {start} s to {end} s")
            out.append(Segment(video, number, start, end, labels[i]))
    if not out:
        raise ValueError(f"{path} holds no segment")
    return out


def _cut(path: pathlib.Path, segment: Segment) -> np.ndarray:
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        first, last = int(segment.start * rate), min(int(segment.end * rate), len(file))
        if last <= first:
            raise ValueError(
                f"{path} lasts {len(file) / rate:.2f} s; the segment {segment.name} begins at "
                f"{segment.start:.2f} s"
            )
        file.seek(first)
        return media.mono(file.read(last - first, dtype="float32", always_2d=True), rate)


def make_dummy(folder: pathlib.Path) -> None:
    """Write six films of two seconds with two segments each, and a seventh that no list names."""
    import h5py

    rng = np.random.default_rng(0)
    (folder / SOUNDS).mkdir(parents=True, exist_ok=True)
    names = [f"film{i}" for i in range(7)]
    with h5py.File(folder / LABELS, "w") as file:
        for i, name in enumerate(names):
            labels = np.zeros((2, 7), np.float32)
            labels[:, 0] = i - 3, 3 - i
            labels[0, 1 + i % 6] = 1 + i / 3
            place = file.create_group(f"All Labels/data/{name}")
            place["features"] = labels
            place["intervals"] = np.array([[1.0, 1.75], [0.0, 1.0]])
            soundfile.write(folder / SOUNDS / f"{name}.wav", rng.normal(0, 0.1, 32_000), 16_000)
    lists = {"train": names[:3], "validation": names[3:5], "test": names[5:6]}
    lines = [f"{LISTS[split]} = {held}" for split, held in lists.items()]
    (folder / FOLDS).write_text("\n".join(lines) + "\n", encoding="utf-8")
