"""EmoArt-130k (Zhang et al. 2025) as TFDS: paintings with a language model's affect labels."""

import functools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import EMOART12
from affectjax.data import schema
from tfds_builders import archives, media, pictures
from tfds_builders import folds as folds_lib
from tfds_builders.emoart import annotations
from tfds_builders.emoart.annotations import FILE, Painting
from tfds_builders.manual import ManualBuilder, features, text

__all__ = ["Builder", "make_dummy"]

make_dummy = annotations.make_dummy
SHARES = {"train": 80, "validation": 10, "test": 10}
OWN = {
    "style": "name of the style, 56 of them",
    "valence": "negative or positive",
    "arousal": "low or high",
    "consistent": "1 where the quadrant of the emotion is that of valence and arousal, else 0",
    "description": "what is to be seen, in the model's words",
    "emotional_impact": "how it works on the viewer, in the model's words",
    "healing_effects": "what it may be good for, in the model's words",
    **dict.fromkeys(annotations.ATTRIBUTES, "in the model's words"),
}

Item = tuple[str, Mapping[str, Mapping[str, Any]]]  # style, and labels by member of its archive


class Builder(ManualBuilder):
    """Splits train, validation and test by the hash of style and file: ours, none is published."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Paintings, emotions, binary valence and arousal, descriptions."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Get {FILE} and the archives <Style>.tar.gz of the hub's data set printblue/EmoArt-130k; "
        "they are read as they are, not unpacked."
    )
    SPREADS = True
    PART = 1  # an archive: a gzip can only be read from its beginning

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOART12.names}, own=OWN)
        own: dict[str, Any] = {key: text() for key in OWN}
        own["valence"] = tfds.features.ClassLabel(names=annotations.VALENCES)
        own["arousal"] = tfds.features.ClassLabel(names=annotations.AROUSALS)
        own["consistent"] = np.int64
        return self.described(
            {**features("image emotion clip_id", said), **own},
            said,
            description="EmoArt-130k: 132,664 paintings, twelve emotions.",
            homepage="https://zhiliangzhang.github.io/EmoArt-130k/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [FILE])
        found = annotations.read(root / FILE)
        by_style: dict[str, dict[str, Painting]] = {}
        for name, painting in found.items():
            by_style.setdefault(painting.style, {})[name] = painting
        absent = [s for s in by_style if not (root / f"{s}.tar.gz").is_file()]
        if absent:
            raise FileNotFoundError(
                f"{root} lacks {', '.join(f'{s}.tar.gz' for s in sorted(absent))}. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        faults = {p: why for s, some in by_style.items() for p, why in _faults(root, s, some)}
        media.refuse_damaged(faults, self._allowed)
        split_of = folds_lib.by_share(found, SHARES)
        return {split: self._generate_examples(root, by_style, split_of, split) for split in SHARES}

    def _generate_examples(
        self,
        root: pathlib.Path,
        by_style: Mapping[str, Mapping[str, Painting]],
        split_of: Mapping[str, str],
        split: str,
    ) -> Any:
        items: list[Item] = []
        for style, some in sorted(by_style.items()):
            of_split = {n: p.labels for n, p in some.items() if split_of[n] == split}
            kept = {n: v for n, v in of_split.items() if _stem(n) not in self._allowed}
            if kept:
                items.append((style, kept))
        return self.spread(items, functools.partial(examples, str(root)))


def examples(root: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """The examples of the wanted members of a style's archive below `root`, in its order."""
    style, wanted = item
    for name, data in archives.members(pathlib.Path(root) / f"{style}.tar.gz"):
        if name in wanted:
            yield name, {"image": pictures.stored(data), "clip_id": name.encode(), **wanted[name]}


def _faults(
    root: pathlib.Path, style: str, wanted: Mapping[str, Painting]
) -> Iterator[tuple[pathlib.Path, str]]:
    """What is wrong with each wanted picture of an archive, empty where nothing is."""
    archive = root / f"{style}.tar.gz"
    absent = set(wanted)
    for name, data in archives.members(archive):
        if name in wanted:
            absent.remove(name)
            yield archive / name, pictures.fault_of(data)
    for name in sorted(absent):
        yield archive / name, "is not in the archive"


def _stem(name: str) -> str:
    return pathlib.PurePath(name).stem
