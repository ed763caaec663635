"""MSP-IMPROV (Busso et al. 2017) as TFDS: actors improvise in pairs, rated by a crowd."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import MSPIMPROV4
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import media
from tfds_builders.manual import ManualBuilder, features, text
from tfds_builders.msp_improv import evaluations
from tfds_builders.msp_improv.evaluations import FILE, LETTERS, SCENARIOS, SESSIONS, Turn

EMOTIONS = MSPIMPROV4.names
OWN = {
    "scenario": f"{', '.join(f'{k} {v}' for k, v in SCENARIOS.items())}",
    "sentence": "the target sentence and the emotion it was meant with, such as S01A",
    "naturalness": "1 to 5, mean over the raters; NaN where it was not rated",
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`audio`: store the sound, too."""

    audio: bool = True


def folds(session: int) -> dict[str, str]:
    """Leave a session (two actors) out; the next session, cyclically, validates.

    Raises:
      ValueError: a session that does not exist.

    >>> folds(6)["test"], folds(6)["validation"]
    ('session6', 'session1')
    """
    parts = folds_lib.expressions(session, len(SESSIONS), "MSP-IMPROV")
    return {split: told.replace("fold", "session") for split, told in parts.items()}


class Builder(ManualBuilder):
    """One split per session; `folds` joins them. Sessions share no actor."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Turns of four emotions, sound, VAD."}
    BUILDER_CONFIGS = [
        Config(name="four", description="Anger, happiness, neutral, sadness, with sound."),
        Config(name="four_labels", description="four without sound.", audio=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Ask for MSP-IMPROV at ecs.utdallas.edu/research/researchlabs/msp-lab; put {FILE} and "
        "Audio/session1/ to Audio/session6/ into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, scale=vad.SAM5, own=OWN, unrated=True)
        own = {
            "scenario": tfds.features.ClassLabel(names=list(SCENARIOS)),
            "sentence": text(),
            "naturalness": np.float32,
        }
        keys = "emotion vad subject clip_id" + " audio" * self.builder_config.audio
        return self.described(
            {**features(keys, said), **own},
            said,
            description="MSP-IMPROV: 8,438 turns of twelve actors, 7,798 of four emotions.",
            homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Improv.html",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [FILE])
        found = [turn for turn in evaluations.read(root / FILE) if LETTERS[turn.letter]]
        if self.builder_config.audio:
            paths = [evaluations.sound_of(root, turn) for turn in found]
            faults = {p: media.sound_fault(p) if p.is_file() else "is not there" for p in paths}
            media.refuse_damaged(faults, self._allowed)
        return {
            f"session{s}": self._generate_examples(root, [t for t in found if t.session == s])
            for s in SESSIONS
        }

    def _generate_examples(
        self, root: pathlib.Path, some: Sequence[Turn]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for turn in some:
            path = evaluations.sound_of(root, turn)
            if path.stem in self._allowed:
                continue
            example = {
                "emotion": LETTERS[turn.letter],
                "vad": turn.vad,
                "naturalness": np.float32(turn.natural),
                "scenario": turn.scenario,
                "sentence": turn.sentence.encode(),
                "subject": turn.subject,
                "clip_id": turn.name.encode(),
            }
            if self.builder_config.audio:
                example["audio"] = media.read_audio(path)
            yield turn.name, example


def make_dummy(folder: pathlib.Path) -> None:
    """Write a turn of each letter for both actors of each session, and their sounds."""
    rng = np.random.default_rng(0)
    lines = []
    for session in SESSIONS:
        for i, letter in enumerate(LETTERS):
            sex, scenario = "FM"[i % 2], list(SCENARIOS)[i % 4]
            name = f"S0{i + 1}A-{sex}0{session}-{scenario}-{sex}{'MF'[i % 2]}0{i + 1}"
            rated = f"A:{1 + i / 2:.6f}; V:3.000000; D:5.000000 ; N:4.000000;"
            if session == 1 and i == 0:
                rated = "A:NaN; V:NaN; D:NaN ; N:NaN;"
            lines += [f"UTD-IMPROV-{name}.avi; {letter}; {rated}"]
            lines += ["-p0000001; Neutral; Neutral,Calm; A:3; V:3; D:3; N:4;", ""]
            folders = f"Audio/session{session}/S0{i + 1}A/{scenario}"
            path = folder / folders / f"MSP-IMPROV-{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * rng.standard_normal(2000), media.RATE)
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
