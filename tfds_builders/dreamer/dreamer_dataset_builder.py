"""DREAMER (Katsigiannis & Ramzan 2018) as TFDS: EEG and ECG of people who watch film clips."""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from scipy import io

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders.manual import ManualBuilder, features

SUBJECTS, FILMS, CHANNELS = 23, 18, 14
RATE, ECG_RATE = 128, 256  # Hz
OWN = {
    "film": "1 to 18, in the order of the file",
    "baseline": "(t, 14) EEG before the film, at the rate of signal",
    "ecg": f"(t, 2) ECG during the film, at {ECG_RATE} Hz",
}


def folds(subject: int) -> dict[str, str]:
    """Leave a subject out; the next one, cyclically, validates.

    Raises:
      ValueError: a subject that does not exist.
    """
    return folds_lib.one_out(subject, SUBJECTS, "DREAMER")


class Builder(ManualBuilder):
    """One split per subject; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "EEG, ECG, ratings."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for DREAMER at zenodo.org/records/546113; put DREAMER.mat into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.SAM5, own=OWN)
        own = {
            "film": np.int64,
            "baseline": tfds.features.Tensor(shape=(None, CHANNELS), dtype=np.float32),
            "ecg": tfds.features.Tensor(shape=(None, 2), dtype=np.float32),
        }
        return self.described(
            {**features("signal signal_rate vad subject clip_id", said), **own},
            said,
            description="DREAMER: 23 people, 18 film clips, valence, arousal, dominance.",
            homepage="https://zenodo.org/records/546113",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        path = self.root(dl_manager, ["DREAMER.mat"]) / "DREAMER.mat"
        people = read(path)
        return {
            f"subject{i:02}": self._generate_examples(path, i, person)
            for i, person in enumerate(people, 1)
        }

    def _generate_examples(
        self, path: pathlib.Path, subject: int, person: Mapping[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for i in range(FILMS):
            where = f"{path}, subject {subject}, film {i + 1}"
            native = np.array([person[f"Score{d}"][i] for d in ("Valence", "Arousal", "Dominance")])
            try:
                unit = np.asarray(vad.SAM5.to_unit(native), np.float32)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            name = f"{subject:02}_{i + 1:02}"
            yield (
                name,
                {
                    "signal": _signal(where, person["EEG"]["stimuli"][i], CHANNELS),
                    "baseline": _signal(where, person["EEG"]["baseline"][i], CHANNELS),
                    "ecg": _signal(where, person["ECG"]["stimuli"][i], 2),
                    "signal_rate": RATE,
                    "vad": unit,
                    "film": i + 1,
                    "subject": subject,
                    "clip_id": name.encode(),
                },
            )


def read(path: pathlib.Path) -> list[Mapping[str, Any]]:
    """The structures of the 23 people.

    Raises:
      ValueError: a damaged file, or one without 23 people of 18 films each.
    """
    try:
        people = list(io.loadmat(path, simplify_cells=True)["DREAMER"]["Data"])
        sizes = [{len(p["EEG"]["stimuli"]), len(p["ScoreValence"])} for p in people]
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise ValueError(f"{path} is damaged or no DREAMER.mat: {error!r}") from error
    if len(people) != SUBJECTS or any(size != {FILMS} for size in sizes):
        raise ValueError(f"{path} has {len(people)} people, not {SUBJECTS} of {FILMS} films each")
    return people


def _signal(where: str, values: Any, channels: int) -> np.ndarray:
    signal = np.asarray(values, np.float32)
    if signal.ndim != 2 or signal.shape[1] != channels or not np.isfinite(signal).all():
        raise ValueError(f"{where}: {list(signal.shape)} is not finite (t, {channels})")
    return signal


def make_dummy(folder: pathlib.Path) -> None:
    """Write DREAMER.mat of 23 people with a quarter second a film."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)

    def cell(samples: int, channels: int) -> np.ndarray:
        made = np.empty((FILMS, 1), object)
        for i in range(FILMS):
            made[i, 0] = rng.standard_normal((samples, channels))
        return made

    people = np.empty((1, SUBJECTS), object)
    scores = (np.arange(FILMS) % 5 + 1.0)[:, None]
    for i in range(SUBJECTS):
        people[0, i] = {
            "Age": "25",
            "Gender": "male",
            "EEG": {"baseline": cell(16, CHANNELS), "stimuli": cell(32, CHANNELS)},
            "ECG": {"baseline": cell(32, 2), "stimuli": cell(64, 2)},
            **{f"Score{d}": scores for d in ("Valence", "Arousal", "Dominance")},
        }
    io.savemat(folder / "DREAMER.mat", {"DREAMER": {"Data": people}})
