"""ArtEmis v1 (Achlioptas et al. 2021) as TFDS: what paintings of WikiArt evoke, and why."""

import functools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import ARTEMIS9
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import left_out, media, pictured, pictures, tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = ARTEMIS9.names
FILE, PAINTINGS = "artemis_dataset_release_v0.csv", "wikiart"
COLUMNS = ("art_style", "painting", "emotion", "utterance", "repetition")
MOST = 40  # annotations of a painting; the authors' speakers leave out those with more
SHARES = {"train": 85, "validation": 5, "test": 10}
OWN = {
    "style": "WikiArt's style, the folder of the painting",
    "painting": "WikiArt's name of the painting",
    "utterances": "what the annotators wrote, in the order of `emotions`",
    "emotions": "index of each annotator's category",
}
Item = tuple[str, Sequence[tables.Row]]  # "<style>/<painting>" and its annotations


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`paintings`: one item a painting with its picture and votes, else one an annotation.

    `several`: only paintings of which two annotators named different emotions, and at most MOST.
    """

    paintings: bool = False
    several: bool = False


class Builder(ManualBuilder):
    """Splits by the hash of style and painting, 85/5/10: all annotations of one stay together."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Annotations; paintings with votes, all or explained by several."}
    BUILDER_CONFIGS = [
        Config(name="annotations", description="Each annotation, without the picture."),
        Config(name="paintings", description="Pictures, votes, all utterances.", paintings=True),
        Config(
            name="explained",
            description="Paintings of which people named different emotions.",
            paintings=True,
            several=True,
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Get {FILE} by the form of artemisdataset.org; for pictures also WikiArt as "
        f"{PAINTINGS}/<style>/<painting>.jpg."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        own: dict[str, Any] = {"style": text(), "painting": text()}
        if self.builder_config.paintings:
            said = schema.metadata(names={"votes": EMOTIONS}, own=OWN)
            own["utterances"] = tfds.features.Tensor(shape=(None,), dtype=np.object_)
            own["emotions"] = tfds.features.Tensor(shape=(None,), dtype=np.int64)
            keys = "image votes clip_id"
        else:
            said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
            keys = "text emotion clip_id"
        return self.described(
            {**features(keys, said), **own},
            said,
            description="ArtEmis: 454,684 annotations of 80,031 paintings, nine categories.",
            homepage="https://www.artemisdataset.org",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        paintings = self.builder_config.paintings
        root = self.root(dl_manager, [FILE, *[PAINTINGS] * paintings])
        rows = annotations(root / FILE)
        split_of = folds_lib.by_share(rows, SHARES)
        if self.builder_config.several:
            rows = _several(rows)
        if paintings:
            paths = {name: painting_of(root, name, some[0].where) for name, some in rows.items()}
            media.refuse_damaged({p: pictures.fault(p) for p in paths.values()}, self._allowed)
            rows = {n: some for n, some in rows.items() if paths[n].stem not in self._allowed}
        make = functools.partial(whole, str(root)) if paintings else one_by_one
        return {
            split: self._generate_examples(
                [i for i in rows.items() if split_of[i[0]] == split], make
            )
            for split in SHARES
        }

    def _generate_examples(self, items: Sequence[Item], make: Any) -> Any:
        return self.spread(items, make)


def one_by_one(item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """The examples of a painting's annotations."""
    name, rows = item
    for i, row in enumerate(rows):
        clip = f"{name}#{i}"
        told = {"text": row["utterance"].encode(), "emotion": row.one_of("emotion", EMOTIONS)}
        yield clip, {**told, "clip_id": clip.encode(), **_named(name)}


def _several(rows: dict[str, list[tables.Row]]) -> dict[str, list[tables.Row]]:
    """The paintings of which annotators named different emotions, up to MOST annotations."""
    few = {name: some for name, some in rows.items() if len(some) <= MOST}
    left_out.count(len(rows) - len(few), f"paintings have more than {MOST} annotations")
    kept = {n: some for n, some in few.items() if len({row["emotion"] for row in some}) > 1}
    left_out.count(len(few) - len(kept), "paintings evoke one emotion in all annotators")
    return kept


def whole(root: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of a painting with its picture below `root`."""
    name, rows = item
    picture = pictures.read(painting_of(pathlib.Path(root), name, rows[0].where))
    yield name, {"image": picture, "clip_id": name.encode(), **voted(rows), **_named(name)}


def _named(name: str) -> dict[str, bytes]:
    style, _, painting = name.partition("/")
    return {"style": style.encode(), "painting": painting.encode()}


def annotations(path: pathlib.Path) -> dict[str, list[tables.Row]]:
    """The rows of each painting, by "<style>/<painting>", in the file's order.

    Raises:
      ValueError: another version of the table, another category, an empty utterance, or a painting
        without style or name.
    """
    found: dict[str, list[tables.Row]] = {}
    for row in tables.read(path, COLUMNS):
        row.one_of("emotion", EMOTIONS)
        empty = [c for c in ("art_style", "painting", "utterance") if not row[c].strip()]
        if empty:
            raise ValueError(f"{row.where}: no {empty[0]}")
        found.setdefault(f"{row['art_style']}/{row['painting']}", []).append(row)
    return found


def voted(rows: Sequence[tables.Row]) -> dict[str, Any]:
    """Votes over EMOTIONS, and each annotator's category and words."""
    emotions = np.array([row.one_of("emotion", EMOTIONS) for row in rows], np.int64)
    return {
        "votes": np.bincount(emotions, minlength=len(EMOTIONS)).astype(np.int32),
        "emotions": emotions,
        "utterances": np.array([row["utterance"].encode() for row in rows], object),
    }


def painting_of(root: pathlib.Path, name: str, where: str) -> pathlib.Path:
    """Where the picture of "<style>/<painting>" lies."""
    return pictured.inside(root / PAINTINGS, f"{name}.jpg", where)


def make_dummy(folder: pathlib.Path) -> None:
    """Write sixteen paintings of two styles, an accent among them, with three annotations each."""
    lines = [",".join(COLUMNS)]
    for i in range(16):
        style, painting = (
            f"Style_{i % 2}",
            f"peintre-{i}_l'été" if i == 3 else f"painter-{i}_canvas",
        )
        pictures.draw(folder / PAINTINGS / style / f"{painting}.jpg", i)
        for j in range(3):
            emotion = EMOTIONS[(i + j // 2) % len(EMOTIONS)]
            lines.append(f'{style},{painting},{emotion},"It said ""{j}"", I think.",{j}')
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
