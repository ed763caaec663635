"""MAHNOB-HCI (Soleymani et al. 2012) as TFDS: people who watch films, EEG, body, what they felt."""

import pathlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.affect.labels import MAHNOB13
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders import left_out
from tfds_builders.mahnob_hci import bdf
from tfds_builders.manual import ManualBuilder, features, text

FOLDS = 5
EEG = (
    *("Fp1", "AF3", "F7", "F3", "FC1", "FC5", "T7", "C3", "CP1", "CP5", "P7", "P3", "Pz", "PO3"),
    *("O1", "Oz", "O2", "PO4", "P4", "P8", "CP6", "CP2", "C4", "T8", "FC6", "FC2", "F4", "F8"),
    *("AF4", "Fp2", "Fz", "Cz"),
)
BODY = ("EXG1", "EXG2", "EXG3", "GSR1", "Resp", "Temp")
OWN = {
    "predictability": "1 to 9 as rated",
    "film": "name of the film that was watched",
    "body": "ECG (EXG1 to EXG3), skin conductance, breathing, temperature, as recorded",
}
_RATED = ("feltVlnc", "feltArsl", "feltCtrl", "feltPred")


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`signals`: store EEG and body, too."""

    signals: bool = True


@dataclass(frozen=True)
class Session:
    """What one person felt at one film."""

    folder: pathlib.Path
    subject: int
    film: str
    emotion: int
    rated: tuple[int, ...]  # valence, arousal, control, predictability


def folds(fold: int) -> dict[str, str]:
    """Split expressions of fold 1..5 of ours, whole people: none is published as lists."""
    return folds_lib.expressions(fold, FOLDS, "MAHNOB-HCI")


class Builder(ManualBuilder):
    """The emotion experiment in five folds of whole people, ours; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "EEG, body, felt emotion, valence, arousal, control."}
    BUILDER_CONFIGS = [
        Config(name="signals", description="EEG and body of whole recordings."),
        Config(name="labels", description="What was felt alone.", signals=False),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for MAHNOB-HCI-Tagging at mahnob-db.eu/hci-tagging and put its Sessions/ (folders "
        "with session.xml and one .bdf) into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": MAHNOB13.names}, scale=vad.SAM9, own=OWN)
        own: dict[str, Any] = {"predictability": np.int64, "film": text()}
        keys = "emotion vad subject clip_id"
        if self.builder_config.signals:
            keys += " signal signal_rate"
            own["body"] = tfds.features.Tensor(shape=(None, len(BODY)), dtype=np.float32)
        return self.described(
            {**features(keys, said), **own},
            said,
            description="MAHNOB-HCI: 27 people, 20 films, EEG and body, felt emotion.",
            homepage="https://mahnob-db.eu/hci-tagging/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        found = sessions(self.root(dl_manager, ["Sessions"]) / "Sessions")
        kept = [s for s in found if s.folder.name not in self._allowed]
        fold_of = folds_lib.of_groups({s.folder.name: str(s.subject) for s in kept}, FOLDS)
        return {
            f"fold{f}": self._generate_examples([s for s in kept if fold_of[s.folder.name] == f])
            for f in sorted(set(fold_of.values()))
        }

    def _generate_examples(self, some: Sequence[Session]) -> Iterator[tuple[str, dict[str, Any]]]:
        for session in some:
            name = session.folder.name
            rated = np.array(session.rated[:3], float)
            example: dict[str, Any] = {
                "emotion": session.emotion,
                "vad": np.asarray(vad.SAM9.to_unit(rated), np.float32),
                "predictability": session.rated[3],
                "film": session.film.encode(),
                "subject": session.subject,
                "clip_id": name.encode(),
            }
            if self.builder_config.signals:
                signals = bdf.read(recording(session.folder), (*EEG, *BODY))
                stacked = {
                    key: np.stack([signals.channels[c] for c in names], 1)
                    for key, names in (("signal", EEG), ("body", BODY))
                }
                example |= {**stacked, "signal_rate": np.float32(signals.rate)}
            yield name, example


def sessions(root: pathlib.Path) -> list[Session]:
    """The sessions in which people told what they felt; those of the tagging experiment are not.

    Raises:
      FileNotFoundError: no session.xml.
      ValueError: one that cannot be read, or a value outside its range; names the file.
    """
    paths = sorted(root.glob("*/session.xml"), key=lambda p: (len(p.parent.name), p.parent.name))
    if not paths:
        raise FileNotFoundError(f"{root} holds no <number>/session.xml")
    every = [_session(path) for path in paths]
    found = [session for session in every if session]
    left_out.count(
        len(every) - len(found), f"of {len(every)} sessions tell nothing felt and are left out"
    )
    if not found:
        raise ValueError(f"{root}: no session.xml has feltEmo")
    return found


def recording(folder: pathlib.Path) -> pathlib.Path:
    """The .bdf of a session.

    Raises:
      ValueError: none, or several.
    """
    found = sorted(folder.glob("*.bdf"))
    if len(found) != 1:
        raise ValueError(
            f"{folder} holds {len(found)} .bdf files, expected 1 (allow_damaged=[{folder.name!r}] "
            "leaves the session out; the config labels needs none)"
        )
    return found[0]


def _session(path: pathlib.Path) -> Session | None:
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if "feltEmo" not in root.attrib:
        return None
    try:
        emotion = int(root.attrib["feltEmo"])
        rated = tuple(int(root.attrib[name]) for name in _RATED)
        subject = root.find("subject")
        number = int(subject.attrib["id"]) if subject is not None else -1
        film = root.attrib["mediaFile"]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {error} is absent or no whole number") from error
    if not 0 <= emotion < len(MAHNOB13) or not all(1 <= r <= 9 for r in rated) or number < 0:
        raise ValueError(
            f"{path}: feltEmo {emotion} is not 0 to {len(MAHNOB13) - 1}, or a rating of {rated} is "
            f"not 1 to 9, or there is no subject id ({number})"
        )
    return Session(path.parent, number, film, emotion, rated)


def make_dummy(folder: pathlib.Path) -> None:
    """Write six people with two sessions of two seconds each, and one without anything felt."""
    rng = np.random.default_rng(0)
    for i in range(13):
        place = folder / "Sessions" / str(2 + 128 * i)
        place.mkdir(parents=True, exist_ok=True)
        felt = f'feltEmo="{(0, 1, 11, 12)[i % 4]}" feltVlnc="{i % 9 + 1}" feltArsl="9" '
        felt += 'feltCtrl="1" feltPred="5" '
        subject = f'<subject id="{i // 2 + 1}" gender="female"/>'
        told = f'<session {felt * (i < 12)}mediaFile="{50 + i}.avi">{subject}</session>'
        (place / "session.xml").write_text(f'<?xml version="1.0"?>\n{told}\n', encoding="utf-8")
        channels = {name: rng.normal(0, 50, 32) for name in (*EEG, *BODY, "Status")}
        bdf.write(place / f"Part_{i // 2 + 1}_S_Trial{i + 1}_emotion.bdf", channels, 16)
