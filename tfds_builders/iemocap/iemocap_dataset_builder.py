"""IEMOCAP (Busso et al. 2008) as TFDS: turns of dyadic conversations, five sessions."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import IEMOCAP4, IEMOCAP9
from affectjax.data import schema
from tfds_builders import media
from tfds_builders.iemocap import turns
from tfds_builders.iemocap.turns import SESSIONS, Turn
from tfds_builders.manual import ManualBuilder, features

__all__ = ["Builder", "Config", "folds", "make_dummy"]

OWN = {"improvised": "1 improvised, 0 scripted"}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`classes`: 4 (happiness with excitement) or 9; `audio`: store the sound, too."""

    classes: int = 4
    audio: bool = True


def folds(session: int) -> dict[str, str]:
    """Leave a session (two actors) out; the next session, cyclically, validates.

    Raises:
      ValueError: a session that does not exist.

    >>> folds(5)["test"], folds(5)["validation"]
    ('session5', 'session1')
    """
    if session not in SESSIONS:
        raise ValueError(f"session={session}: IEMOCAP has sessions 1 to 5")
    validation = session % len(SESSIONS) + 1
    train = [s for s in SESSIONS if s not in (session, validation)]
    parts = {"train": train, "validation": [validation], "test": [session]}
    return {k: "+".join(f"session{s}" for s in v) for k, v in parts.items()}


class Builder(ManualBuilder):
    """One split per session; `folds` joins them. Sessions share no actor."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Turns, sound, the majority's emotion, VAD."}
    BUILDER_CONFIGS = [
        Config(name="four", description="Anger, happiness and excitement, neutral, sadness."),
        Config(name="nine", description="Nine emotions.", classes=9),
        Config(name="four_labels", description="four without sound.", audio=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for IEMOCAP at sail.usc.edu/iemocap and name the folder that holds Session1/ to "
        "Session5/ (IEMOCAP_full_release/)."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        names = IEMOCAP4.names if self.builder_config.classes == 4 else IEMOCAP9.names
        said = schema.metadata(names={"emotion": names}, scale=vad.SAM5, own=OWN)
        keys = "emotion vad start end subject clip_id" + " audio" * self.builder_config.audio
        return self.described(
            {**features(keys, said), "improvised": np.int64},
            said,
            description="IEMOCAP: about 10,000 turns of ten actors.",
            homepage="https://sail.usc.edu/iemocap/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        needed = [f"Session{s}/dialog/EmoEvaluation" for s in SESSIONS]
        root = self.root(dl_manager, needed)
        found = {s: self._wanted(turns.of_session(root, s)) for s in SESSIONS}
        if self.builder_config.audio:
            paths = [turns.sound_of(root, turn) for some in found.values() for turn in some]
            faults = {p: media.sound_fault(p) if p.is_file() else "is not there" for p in paths}
            media.refuse_damaged(faults, self._allowed)
        return {f"session{s}": self._generate_examples(root, some) for s, some in found.items()}

    def _wanted(self, found: Sequence[Turn]) -> list[Turn]:
        label = turns.four if self.builder_config.classes == 4 else turns.nine
        return [turn for turn in found if label(turn.code)]

    def _generate_examples(
        self, root: pathlib.Path, some: Sequence[Turn]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        label = turns.four if self.builder_config.classes == 4 else turns.nine
        for turn in some:
            if turn.name in self._allowed:
                continue
            example = {
                "emotion": label(turn.code),
                "vad": turn.vad,
                "start": turn.start,
                "end": turn.end,
                "subject": turn.subject,
                "improvised": int(turn.improvised),
                "clip_id": turn.name.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = media.read_audio(turns.sound_of(root, turn))
            yield turn.name, example


def make_dummy(folder: pathlib.Path) -> None:
    """Write one improvised dialogue a session with a turn of each code, and its sounds."""
    rng = np.random.default_rng(0)
    for session in SESSIONS:
        dialogue = f"Ses{session:02}F_impro01"
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for i, code in enumerate(turns.CODES):
            name = f"{dialogue}_{'FM'[i % 2]}{i:03}"
            lines.append(
                f"[{i}.5000 - {i + 1}.2500]\t{name}\t{code}\t[2.5000, {1 + i / 3:.4f}, 5.0000]"
            )
            lines += ["C-E2:\tAnger;\t()", "A-E3:\tval 2; act 4; dom  4;\t()", ""]
            path = folder / f"Session{session}/sentences/wav/{dialogue}/{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * rng.standard_normal(2000), media.RATE)
        place = folder / f"Session{session}/dialog/EmoEvaluation/{dialogue}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")
