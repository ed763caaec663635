"""BAH (González-González et al. 2025) as TFDS: films of ambivalence and hesitancy."""

import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect.labels import BAH2
from affectjax.data import schema
from tfds_builders import media, tables
from tfds_builders.manual import ManualBuilder, features, text

SPLITS = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}
OWN = {"participant": "the person's folder", "question": "1 to 7: what was asked"}
_LINE = re.compile(r"(?P<path>[^,]+\.mp4),(?P<label>[^,]*),(?P<said>.*)")
_PATH = re.compile(r"Videos/(?P<who>[^/]+)/[^/]+/[^/]*Question[ _](?P<question>\d+)[^/]*\.mp4")


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`: store the sound of the films, too."""

    audio: bool = False


@dataclass(frozen=True)
class Item:
    """A line of a list."""

    path: str
    participant: str
    question: int
    label: int
    said: str


class Builder(ManualBuilder):
    """The lists train, validation (val.txt) and test; no participant is in two of them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Labels of whole films, transcripts, sound."}
    BUILDER_CONFIGS = [
        Config(name="text", description="Transcripts and labels."),
        Config(name="audio", description="Also the sound of the films.", audio=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for BAH at github.com/sbelharbi/bah-dataset; put the video-level lists train.txt, "
        "val.txt and test.txt and, for sound, Videos/ into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": BAH2.names}, own=OWN)
        keys = "text emotion clip_id" + " audio" * self.builder_config.audio
        return self.described(
            {**features(keys, said), "participant": text(), "question": np.int64},
            said,
            description="BAH: answers to seven questions, with or without ambivalence.",
            homepage="https://github.com/sbelharbi/bah-dataset",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [*SPLITS.values(), *["Videos"] * self.builder_config.audio])
        found = {split: items(root / name) for split, name in SPLITS.items()}
        where: dict[str, str] = {}
        for split, some in found.items():
            for item in some:
                if where.setdefault(item.participant, split) != split:
                    raise ValueError(
                        f"{root}: participant {item.participant} is in {split} and in "
                        f"{where[item.participant]}"
                    )
        if self.builder_config.audio:
            paths = [root / item.path for some in found.values() for item in some]
            faults = {path: media.film_fault(path, sound=True) for path in paths}
            media.refuse_damaged(faults, self._allowed)
        return {split: self._generate_examples(root, some) for split, some in found.items()}

    def _generate_examples(
        self, root: pathlib.Path, some: list[Item]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for item in some:
            if pathlib.PurePosixPath(item.path).stem in self._allowed:
                continue
            example: dict[str, Any] = {
                "text": item.said.encode(),
                "emotion": item.label,
                "participant": item.participant.encode(),
                "question": item.question,
                "clip_id": item.path.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = media.film_sound(root / item.path)
            yield item.path, example


def items(path: pathlib.Path) -> list[Item]:
    """The lines "Videos/<who>/Visite_1/<film>.mp4,<0 or 1>,<transcript, with its commas>".

    Raises:
      ValueError: a line of another form, another label, or a film twice; names file and line.
    """
    found: dict[str, Item] = {}
    for number, line in enumerate(tables.decoded(path).splitlines(), 1):
        cells, where = _LINE.fullmatch(line), f"{path}, line {number}"
        place = _PATH.fullmatch(cells["path"]) if cells else None
        if not cells or not place or ".." in cells["path"].split("/"):
            raise ValueError(
                f"{where}: {line[:90]!r} is not Videos/.../..._Question_<n>_....mp4,0,text"
            )
        if cells["label"] not in ("0", "1"):
            raise ValueError(f"{where}: label {cells['label']!r} is not 0 or 1")
        if cells["path"] in found:
            raise ValueError(f"{where}: {cells['path']} is there twice")
        who, question = place["who"], int(place["question"])
        found[cells["path"]] = Item(
            cells["path"], who, question, int(cells["label"]), cells["said"]
        )
    if not found:
        raise ValueError(f"{path} holds no film")
    return list(found.values())


def make_dummy(folder: pathlib.Path) -> None:
    """Write two participants a split with the oddities of real names, and their sounds."""
    import soundfile

    rng = np.random.default_rng(0)
    for s, name in enumerate(SPLITS.values()):
        lines = []
        for person in (10 * s + 1, 10 * s + 2):
            for question, blank in ((1, "_"), (7, " ")):
                film = f"{person}_Question{blank}{question}_2024-01-0{question}_10-00-00_Video.mp4"
                place = f"Videos/{person}/Visite_1/{film}"
                lines.append(f'{place},{question % 2},Well, I "might", or not.')
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                with (folder / place).open("wb") as file:  # FFmpeg goes by what is inside
                    soundfile.write(file, 0.1 * rng.standard_normal(2000), media.RATE, format="WAV")
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
