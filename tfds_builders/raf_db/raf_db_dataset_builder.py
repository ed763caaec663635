"""RAF-DB, basic emotions (Li, Deng & Du 2017) as TFDS: faces from the web, aligned."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow_datasets as tfds

from affectjax.affect.labels import RAFDB7
from affectjax.data import schema
from tfds_builders import media, pictures, tables
from tfds_builders.manual import ManualBuilder, features

EMOTIONS = RAFDB7.names  # the numbers in the list are one more
LIST, FACES = "EmoLabel/list_patition_label.txt", "Image/aligned"


class Builder(ManualBuilder):
    """The published splits train and test, told by the names of the files."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Aligned faces and the single label."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for RAF-DB at whdeng.cn/RAF/model1.html; the manual directory is its folder basic/, "
        "with EmoLabel/ and the unpacked Image/aligned/."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS})
        return self.described(
            features("face emotion clip_id", said),
            said,
            description="RAF-DB: 15,339 faces, seven emotions by about 40 raters each.",
            homepage="http://www.whdeng.cn/RAF/model1.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [LIST, FACES])
        options: dict[str, Any] = {"head": False, "delimiter": " ", "quoted": False}
        rows = list(tables.read(root / LIST, ("name", "label"), unique="name", **options))
        for row in rows:
            row.whole("label", 1, len(EMOTIONS))
            if row["name"].split("_")[0] not in ("train", "test"):
                raise ValueError(f"{row.where}: {row['name']!r} is not train_... or test_...")
        faults = {(path := face_of(root, row["name"])): pictures.fault(path) for row in rows}
        media.refuse_damaged(faults, self._allowed)
        rows = [row for row in rows if face_of(root, row["name"]).stem not in self._allowed]
        return {
            split: self._generate_examples(root, [r for r in rows if r["name"].startswith(split)])
            for split in ("train", "test")
        }

    def _generate_examples(
        self, root: pathlib.Path, rows: Sequence[tables.Row]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            yield (
                row["name"],
                {
                    "face": pictures.read(face_of(root, row["name"])),
                    "emotion": row.whole("label") - 1,
                    "clip_id": row["name"].encode(),
                },
            )


def face_of(root: pathlib.Path, name: str) -> pathlib.Path:
    """The aligned face of "train_00001.jpg"."""
    return root / FACES / name.replace(".jpg", "_aligned.jpg")


def make_dummy(folder: pathlib.Path) -> None:
    """Write 14 small faces of each split and their list."""
    lines = []
    for split in ("train", "test"):
        for i in range(14):
            name = f"{split}_{i + 1:05}.jpg"
            pictures.draw(face_of(folder, name), i)
            lines.append(f"{name} {i % 7 + 1}")
    (folder / "EmoLabel").mkdir(parents=True, exist_ok=True)
    (folder / LIST).write_text("\n".join(lines) + "\n", encoding="utf-8")
