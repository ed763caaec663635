"""MSP-Podcast (Lotfian & Busso 2019) as TFDS: spontaneous speech of podcasts, rated by a crowd."""

import functools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import MSPPODCAST8
from affectjax.data import schema
from tfds_builders import media, pictured, tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = MSPPODCAST8.names
LETTERS = ("A", "S", "H", "U", "F", "D", "C", "N", "O", "X")  # O other, X no agreement: -1
TABLE, SOUNDS = "Labels/labels_consensus.csv", "Audios"
COLUMNS = (
    *("FileName", "EmoClass", "EmoAct", "EmoVal", "EmoDom", "SpkrID", "Gender", "Split_Set"),
)
SPLITS = {
    "train": "Train",
    "validation": "Development",
    "test1": "Test1",
    "test2": "Test2",
}
HELD_BACK = ("Test3",)  # its labels are not public
OWN = {"speaker": "the speaker's id; Unknown where nobody knew"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`: store the sound; `demographics`: store the speaker's gender."""

    audio: bool = True
    demographics: bool = False


class Builder(ManualBuilder):
    """The published splits train, validation (Development), test1 and test2."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sound, consensus emotion and VAD."}
    BUILDER_CONFIGS = [
        Config(name="audio", description="Sound and labels."),
        Config(name="labels", description="The table alone.", audio=False),
        Config(
            name="labels_demographics",
            description="labels with gender.",
            audio=False,
            demographics=True,
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MSP-Podcast at ecs.utdallas.edu/research/researchlabs/msp-lab and put Labels/ and "
        "the unpacked Audios/ into the manual directory."
    )
    SPREADS = True

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        said = schema.metadata(
            names={"emotion": EMOTIONS}, scale=vad.SAM7, own=OWN, unlabelled=True
        )
        keys = "emotion vad clip_id" + " audio" * config.audio
        own: dict[str, Any] = {"speaker": text()}
        if config.demographics:
            own["gender"] = text()
        return self.described(
            {**features(keys, said), **own},
            said,
            description="MSP-Podcast: spontaneous speech, eight emotions, VAD.",
            homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Podcast.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        audio = self.builder_config.audio
        root = self.root(dl_manager, [TABLE, *[SOUNDS] * audio])
        rows = list(tables.read(root / TABLE, COLUMNS, unique="FileName"))
        allowed = (*SPLITS.values(), *HELD_BACK)
        parts = {told: [r for r in rows if r["Split_Set"] == told] for told in allowed}
        for row in rows:
            row.one_of("Split_Set", allowed)
            if row["Split_Set"] not in HELD_BACK:
                row.one_of("EmoClass", LETTERS)
        if audio:
            kept = [r for told in SPLITS.values() for r in parts[told]]
            paths = [sound_of(root, row) for row in kept]
            faults = {p: media.sound_fault(p) if p.is_file() else "is not there" for p in paths}
            media.refuse_damaged(faults, self._allowed)
        if count := sum(len(parts[told]) for told in HELD_BACK):
            print(f"MSP-Podcast: {count} rows of {', '.join(HELD_BACK)} have no labels to store")
        return {s: self._generate_examples(root, parts[told]) for s, told in SPLITS.items()}

    def _generate_examples(self, root: pathlib.Path, rows: Sequence[tables.Row]) -> Any:
        config = self.builder_config
        kept = [row for row in rows if sound_of(root, row).stem not in self._allowed]
        return self.spread(
            kept, functools.partial(example, str(root), config.audio, config.demographics)
        )


def example(
    root: str, audio: bool, demographics: bool, row: tables.Row
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of a turn, a function of its arguments alone, so that Beam can send it."""
    label = row.one_of("EmoClass", LETTERS)
    native = np.array([row.number(f"Emo{d}", 1, 7) for d in ("Val", "Act", "Dom")])
    told: dict[str, Any] = {
        "emotion": label if label < len(EMOTIONS) else -1,
        "vad": np.asarray(vad.SAM7.to_unit(native), np.float32),
        "speaker": row["SpkrID"].encode(),
        "clip_id": row["FileName"].encode(),
    }
    if audio:
        told["audio"] = media.read_audio(sound_of(pathlib.Path(root), row))
    if demographics:
        told["gender"] = row["Gender"].encode()
    yield row["FileName"], told


def sound_of(root: pathlib.Path, row: tables.Row) -> pathlib.Path:
    """Where the sound of a row lies."""
    return pictured.inside(root / SOUNDS, row["FileName"], row.where)


def make_dummy(folder: pathlib.Path) -> None:
    """Write a turn of each letter a split, two of the held-back one, and the sounds."""
    rng = np.random.default_rng(0)
    lines = [",".join(COLUMNS)]
    (folder / SOUNDS).mkdir(parents=True, exist_ok=True)
    for s, split in enumerate((*SPLITS.values(), *HELD_BACK)):
        for i, letter in enumerate(LETTERS[: 2 if split in HELD_BACK else None]):
            name = f"MSP-PODCAST_{s:04}_{i:04}.wav"
            rated = "," * 2 if split in HELD_BACK else f"{1 + i / 2},4.0,7"
            person = "Unknown,Unknown" if i == 0 else f"{10 * s + i % 2},Female"
            told = "" if split in HELD_BACK else letter
            lines.append(f"{name},{told},{rated},{person},{split}")
            if split not in HELD_BACK:
                soundfile.write(folder / SOUNDS / name, 0.1 * rng.standard_normal(2000), media.RATE)
    (folder / "Labels").mkdir()
    (folder / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
