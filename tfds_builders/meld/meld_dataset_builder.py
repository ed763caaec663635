"""MELD (Poria et al. 2019) as TFDS: utterances of the series Friends, words and sound."""

import pathlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect.labels import MELD7
from affectjax.data import schema
from tfds_builders import media, tables
from tfds_builders.manual import ManualBuilder, features, text

EMOTIONS = MELD7.names
SENTIMENTS = ("neutral", "positive", "negative")
SPLITS = {"train": "train", "validation": "dev", "test": "test"}
# The folders that the archive of the raw data unpacks to.
FOLDERS = {
    "train": "train_splits",
    "validation": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
COLUMNS = (
    *("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
)
OWN = {
    "speaker": "name of the role",
    "sentiment": "neutral, positive or negative",
    "dialogue": "number of the dialogue within the split",
    "utterance": "number of the utterance within the dialogue",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`: store the sound of the clips, too."""

    audio: bool = False


class Builder(ManualBuilder):
    """The published splits train, validation (called dev in the files) and test."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Utterances, sound."}
    BUILDER_CONFIGS = [
        Config(name="text", description="The words alone."),
        Config(name="audio", description="Words and sound.", audio=True),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put {train,dev,test}_sent_emo.csv of github.com/declare-lab/MELD, folder data/MELD, into "
        f"the manual directory; for sound also the unpacked folders {', '.join(FOLDERS.values())}."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        own = {
            "speaker": text(),
            "sentiment": tfds.features.ClassLabel(names=SENTIMENTS),
            "dialogue": np.int64,
            "utterance": np.int64,
        }
        keys = "text emotion start end clip_id" + " audio" * self.builder_config.audio
        return self.described(
            {**features(keys, said), **own},
            said,
            description="MELD: 13,708 utterances of 1,432 dialogues, seven emotions.",
            homepage="https://affective-meld.github.io",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        needed = [f"{told}_sent_emo.csv" for told in SPLITS.values()]
        root = self.root(dl_manager, needed + [*FOLDERS.values()] * self.builder_config.audio)
        rows = {s: utterances(root / f"{told}_sent_emo.csv") for s, told in SPLITS.items()}
        if self.builder_config.audio:
            absent = {
                path: media.film_fault(path, sound=True)
                for split, found in rows.items()
                for path in (clip_of(root, split, row) for row in found)
            }
            media.refuse_damaged(absent, self._allowed)
        return {s: self._generate_examples(root, s, found) for s, found in rows.items()}

    def _generate_examples(
        self, root: pathlib.Path, split: str, rows: Sequence[tables.Row]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in rows:
            clip = clip_of(root, split, row)
            if clip.stem in self._allowed:
                continue
            name = f"{split}/{clip.stem}"
            example = {
                "text": row["Utterance"].encode(),
                "emotion": row.one_of("Emotion", EMOTIONS),
                "sentiment": row.one_of("Sentiment", SENTIMENTS),
                "speaker": row["Speaker"].encode(),
                "dialogue": row.whole("Dialogue_ID"),
                "utterance": row.whole("Utterance_ID"),
                "start": seconds(row, "StartTime"),
                "end": seconds(row, "EndTime"),
                "clip_id": name.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = media.film_sound(clip)
            yield name, example


def utterances(path: pathlib.Path) -> list[tables.Row]:
    """The rows of a split.

    Raises:
      ValueError: another version of the table, or an utterance of a dialogue twice.
    """
    rows = list(tables.read(path, COLUMNS))
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row["Dialogue_ID"], row["Utterance_ID"])
        if key in seen:
            raise ValueError(f"{row.where}: utterance {key} is already in {seen[key]}")
        seen[key] = row.where
    return rows


def clip_of(root: pathlib.Path, split: str, row: tables.Row) -> pathlib.Path:
    """Where the clip of an utterance lies."""
    name = f"dia{row.whole('Dialogue_ID')}_utt{row.whole('Utterance_ID')}.mp4"
    return root / FOLDERS[split] / name


def seconds(row: tables.Row, column: str) -> float:
    """Seconds of "00:16:16,059" from the beginning of the episode.

    Raises:
      ValueError: a time of another form.
    """
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d),(\d{1,3})", row[column])
    if not found:
        raise ValueError(f"{row.where}: {column} {row[column]!r} is no time such as 00:16:16,059")
    hours, minutes, whole, parts = map(int, found.groups())
    return 3600 * hours + 60 * minutes + whole + parts / 1000


def make_dummy(folder: pathlib.Path) -> None:
    """Write seven utterances a split and a quarter second of sound each."""
    rng = np.random.default_rng(0)
    for split, told in SPLITS.items():
        lines = [",".join(COLUMNS)]
        (folder / FOLDERS[split]).mkdir(parents=True, exist_ok=True)
        for i, emotion in enumerate(EMOTIONS):
            dialogue, number = divmod(i, 3)
            times = f'"00:16:{16 + i},059","00:16:{18 + i},731"'
            ids = f"{dialogue},{number},8,21"
            lines.append(
                f'{i + 1},"Well, ""{i}"".",Drawn,{emotion},{SENTIMENTS[i % 3]},{ids},{times}'
            )
            clip = folder / FOLDERS[split] / f"dia{dialogue}_utt{number}.mp4"
            # A WAV file under the official name: FFmpeg goes by what is inside.
            with clip.open("wb") as file:
                noise = 0.1 * rng.standard_normal(media.RATE // 4)
                soundfile.write(file, noise, media.RATE, format="WAV")
        (folder / f"{told}_sent_emo.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
