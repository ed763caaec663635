"""Sets of clips that are folders of numbered frames, each with one label from published lists."""

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import pictures
from tfds_builders.manual import ManualBuilder, features

FOLDS = 5
Labels = Mapping[str, int]


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`frames`: store the frames, too."""

    frames: bool = True


def configs(frames: str) -> list[Config]:
    """The two configs of such a set: `frames`, described so, and `labels`."""
    return [
        Config(name="frames", description=frames),
        Config(name="labels", description="The lists alone.", frames=False),
    ]


class ClipBuilder(ManualBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A set of such clips: subclasses say the five constants and read their lists in `parts`."""

    EMOTIONS: Sequence[str]
    LISTS: str  # the folder of the lists below the manual directory
    CLIPS: str  # the folder of the clips
    DESCRIPTION: str
    HOMEPAGE: str

    def parts(self, root: pathlib.Path) -> Mapping[str, Labels]:
        """Clip (its folder below CLIPS) -> index in EMOTIONS, of each split, checked."""
        raise NotImplementedError

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": self.EMOTIONS})
        return self.described(
            features("emotion clip_id" + " frames" * self.builder_config.frames, said),
            said,
            description=self.DESCRIPTION,
            homepage=self.HOMEPAGE,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        frames = self.builder_config.frames
        root = self.root(dl_manager, [self.LISTS, *[self.CLIPS] * frames])
        parts = self.parts(root)
        return {split: self._generate_examples(root, parts[split]) for split in parts}

    def _generate_examples(
        self, root: pathlib.Path, labels: Labels
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for clip, label in labels.items():
            if clip in self._allowed:
                continue
            example: dict[str, Any] = {"emotion": label, "clip_id": clip.encode()}
            if self.builder_config.frames:
                example["frames"] = pictures.frames(root / self.CLIPS / clip)
            yield clip, example


def five_folds(where: object, labels_of: Callable[[str, int], Labels]) -> dict[str, Labels]:
    """Splits fold1 to fold5, what each of five published folds tests.

    Args:
      where: the folder of the lists, for the message.
      labels_of: the list of a part, "test" or "train", and a fold 1..5.

    Raises:
      ValueError: lists that are no folds (see `folds.check_published`).
    """
    tests, trains = (
        {fold: labels_of(part, fold) for fold in range(1, FOLDS + 1)} for part in ("test", "train")
    )
    folds_lib.check_published(where, tests, trains)
    return {f"fold{fold}": labels for fold, labels in tests.items()}


def folds(fold: int, name: str) -> dict[str, str]:
    """Split expressions of fold 1..5 of a set whose published protocol has no validation part.

    Raises:
      ValueError: a fold that the set called `name` does not have.

    >>> folds(2, "DFEW")
    {'train': 'fold1+fold3+fold4+fold5', 'test': 'fold2'}
    """
    parts = folds_lib.expressions(fold, FOLDS, name)
    others = sorted(f"{parts['train']}+{parts['validation']}".split("+"))
    return {"train": "+".join(others), "test": parts["test"]}


def draw(
    folder: pathlib.Path, clips: Sequence[str], ending: str, write: Callable[..., None]
) -> None:
    """Write clips of two or three small frames below `folder`, and the lists of five folds.

    Args:
      write: called with a part, a fold and the clips that the part of the fold holds.
    """
    for number, clip in enumerate(clips, 1):
        for i in range(2 + number % 2):
            pictures.draw(folder / clip / f"{i + 1:05}{ending}", number)
    for fold in range(1, FOLDS + 1):
        for part in ("train", "test"):
            chosen = [c for i, c in enumerate(clips) if (i % FOLDS == fold - 1) == (part == "test")]
            write(part, fold, chosen)
