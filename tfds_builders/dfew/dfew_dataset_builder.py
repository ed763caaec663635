"""DFEW (Jiang et al. 2020) as TFDS: film clips with one of seven emotions, five folds."""

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import DFEW7
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictures, tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = DFEW7.names  # the numbers of the files are one more
FOLDS = 5
LISTS, CLIPS = "EmoLabel_DataSplit", "Clip/clip_224x224"


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`frames`: store the aligned faces, too."""

    frames: bool = True


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5; the published protocol has no validation part.

    Raises:
      ValueError: a fold that does not exist.

    >>> folds(2)
    {'train': 'fold1+fold3+fold4+fold5', 'test': 'fold2'}
    """
    parts = folds_lib.expressions(fold, FOLDS, "DFEW")
    others = sorted(f"{parts['train']}+{parts['validation']}".split("+"))
    return {"train": "+".join(others), "test": parts["test"]}


class Builder(ManualBuilder):
    """Splits fold1 to fold5, what each fold tests; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Aligned faces and the single label."}
    BUILDER_CONFIGS = [
        Config(name="frames", description="Faces of 224 x 224 at their original length."),
        Config(name="labels", description="The lists alone.", frames=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for DFEW at dfew-dataset.github.io and unpack EmoLabel_DataSplit/ and "
        "Clip/clip_224x224/ (not clip_224x224_16f, which is resampled)."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("emotion clip_id" + " frames" * self.builder_config.frames, said),
            said,
            description="DFEW: 11,697 film clips with a single label, seven emotions.",
            homepage="https://dfew-dataset.github.io",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        frames = self.builder_config.frames
        root = self.root(dl_manager, [LISTS, *[CLIPS] * frames])
        tests, trains = (
            {fold: labels_of(root, part, fold) for fold in range(1, FOLDS + 1)}
            for part in ("test", "train")
        )
        folds_lib.check_published(root / LISTS, tests, trains)
        return {f"fold{f}": self._generate_examples(root, tests[f]) for f in tests}

    def _generate_examples(
        self, root: pathlib.Path, labels: Mapping[str, int]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for clip, label in labels.items():
            if clip in self._allowed:
                continue
            example: dict[str, Any] = {"emotion": label, "clip_id": clip.encode()}
            if self.builder_config.frames:
                example["frames"] = pictures.frames(root / CLIPS / clip)
            yield clip, example


def labels_of(root: pathlib.Path, part: str, fold: int) -> dict[str, int]:
    """Clip, five digits -> index in EMOTIONS, of the "train" or "test" list of a fold.

    Raises:
      ValueError: another version of the list, a clip twice, or a label that is not 1 to 7.
    """
    # The folder is "train(single-labeled)"; the copies in use differ in the blank before it.
    found = sorted((root / LISTS).glob(f"{part}*single*label*"))
    if len(found) != 1:
        raise ValueError(f"{root / LISTS}: expected one folder {part}(single-labeled), not {found}")
    path = found[0] / f"set_{fold}.csv"
    rows = tables.read(path, ("video_name", "label"), unique="video_name")
    return {f"{r.whole('video_name'):05}": r.whole("label", 1, len(EMOTIONS)) - 1 for r in rows}


def make_dummy(folder: pathlib.Path) -> None:
    """Write 15 clips of two or three faces and the lists of the five folds."""
    names = np.arange(1, 16)
    for clip in names:
        for i in range(2 + clip % 2):
            pictures.draw(folder / CLIPS / f"{clip:05}" / f"{i + 1}.jpg", int(clip))
    for part in ("train", "test"):
        (folder / LISTS / f"{part}(single-labeled)").mkdir(parents=True, exist_ok=True)
        for fold in range(1, FOLDS + 1):
            kept = [c for c in names if ((c - 1) % FOLDS == fold - 1) == (part == "test")]
            lines = ["video_name,label", *(f"{c},{c % 7 + 1}" for c in kept)]
            path = folder / LISTS / f"{part}(single-labeled)" / f"set_{fold}.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
