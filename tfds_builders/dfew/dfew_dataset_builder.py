"""DFEW (Jiang et al. 2020) as TFDS: film clips with one of seven emotions, five folds."""

import pathlib
from collections.abc import Mapping, Sequence

import tensorflow_datasets as tfds

from affectjax.affect.labels import DFEW7
from tfds_builders import clips, tables

EMOTIONS = DFEW7.names  # the numbers of the files are one more
LISTS, CLIPS = "EmoLabel_DataSplit", "Clip/clip_224x224"


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5; the published protocol has no validation part.

    Raises:
      ValueError: a fold that does not exist.
    """
    return clips.folds(fold, "DFEW")


class Builder(clips.ClipBuilder):
    """Splits fold1 to fold5, what each fold tests; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Aligned faces and the single label."}
    BUILDER_CONFIGS = clips.configs("Faces of 224 x 224 at their original length.")
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for DFEW at dfew-dataset.github.io and unpack EmoLabel_DataSplit/ and "
        "Clip/clip_224x224/ (not clip_224x224_16f, which is resampled)."
    )
    EMOTIONS, LISTS, CLIPS = EMOTIONS, LISTS, CLIPS
    DESCRIPTION = "DFEW: 11,697 film clips with a single label, seven emotions."
    HOMEPAGE = "https://dfew-dataset.github.io"

    def parts(self, root: pathlib.Path) -> Mapping[str, clips.Labels]:
        """What each fold tests."""
        return clips.five_folds(root / LISTS, lambda part, fold: labels_of(root, part, fold))


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

    def write(part: str, fold: int, chosen: Sequence[str]) -> None:
        path = folder / LISTS / f"{part}(single-labeled)" / f"set_{fold}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["video_name,label", *(f"{int(c)},{int(c) % 7 + 1}" for c in chosen)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    clips.draw(folder / CLIPS, [f"{i:05}" for i in range(1, 16)], ".jpg", write)
