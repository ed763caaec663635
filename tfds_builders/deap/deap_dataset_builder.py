"""DEAP (Koelstra et al. 2012) as TFDS: EEG and body signals of people who watch music videos."""

import pathlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from affectjax.affect import vad
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders.manual import ManualBuilder, features

SUBJECTS, TRIALS, CHANNELS, SAMPLES, EEG = 32, 40, 40, 8064, 32
DUMMY_OPTIONS = {"samples": 64}
RATE = 128  # Hz; the first three seconds are before the video
OWN = {"trial": "1 to 40, in the order of the file", "liking": "1 to 9 as rated"}
# What a pickle of arrays needs; anything else could run code and is refused.
_SAFE = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """`channels`: how many of the 40 are stored; the first 32 are EEG."""

    channels: int = EEG


def folds(subject: int) -> dict[str, str]:
    """Leave a subject out; the next one, cyclically, validates.

    Raises:
      ValueError: a subject that does not exist.
    """
    return folds_lib.one_out(subject, SUBJECTS, "DEAP")


class Builder(ManualBuilder):
    """One split per subject; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Preprocessed signals and ratings."}
    BUILDER_CONFIGS = [
        Config(name="eeg", description="The 32 channels of EEG."),
        Config(name="all", description="Also the eight of the body.", channels=CHANNELS),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for DEAP at eecs.qmul.ac.uk/mmv/datasets/deap and unpack data_preprocessed_python/ "
        "(s01.dat to s32.dat) into the manual directory."
    )

    def __init__(self, *args: Any, samples: int = SAMPLES, **kwargs: Any) -> None:
        self._samples = samples  # of a trial; others than the official ones are for dummies
        super().__init__(*args, **kwargs)

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(scale=vad.SAM9, own=OWN)
        return self.described(
            {
                **features("signal signal_rate vad subject clip_id", said),
                "trial": np.int64,
                "liking": np.float32,
            },
            said,
            description="DEAP: 32 people, 40 one-minute videos, valence, arousal, dominance.",
            homepage="https://www.eecs.qmul.ac.uk/mmv/datasets/deap/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        names = {s: f"data_preprocessed_python/s{s:02}.dat" for s in range(1, SUBJECTS + 1)}
        root = self.root(dl_manager, names.values())
        return {f"subject{s:02}": self._generate_examples(root / n, s) for s, n in names.items()}

    def _generate_examples(
        self, path: pathlib.Path, subject: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        data, labels = read(path, self._samples)
        for i, (signal, rated) in enumerate(zip(data, labels, strict=True), 1):
            name = f"s{subject:02}_{i:02}"
            yield (
                name,
                {
                    "signal": signal[: self.builder_config.channels].T.astype(np.float32),
                    "signal_rate": RATE,
                    "vad": np.asarray(vad.SAM9.to_unit(rated[:3]), np.float32),
                    "liking": rated[3],
                    "subject": subject,
                    "trial": i,
                    "clip_id": name.encode(),
                },
            )


def read(path: pathlib.Path, samples: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Signals (40, 40, samples) and ratings (40, 4) of a subject; runs no code of the file.

    Raises:
      ValueError: a damaged file, one that holds more than arrays, or other shapes.
    """
    try:
        with path.open("rb") as file:
            held = _Arrays(file, encoding="latin1").load()
        data, labels = held["data"], held["labels"]
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ValueError(f"{path} is damaged or no file of DEAP: {error}") from error
    expected = ((TRIALS, CHANNELS, samples), (TRIALS, 4))
    if (data.shape, labels.shape) != expected:
        raise ValueError(f"{path} holds arrays of {data.shape} and {labels.shape}, not {expected}")
    if not np.isfinite(data).all() or labels.min() < 1 or labels.max() > 9:
        raise ValueError(f"{path} holds signals that are not finite or ratings outside 1 to 9")
    return data, labels


class _Arrays(pickle.Unpickler):
    """An unpickler that knows arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _SAFE:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which an array never does")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def make_dummy(folder: pathlib.Path) -> None:
    """Write the 32 files with half a second a trial (see DUMMY_OPTIONS)."""
    place = folder / "data_preprocessed_python"
    place.mkdir(parents=True, exist_ok=True)
    ratings = np.stack([np.linspace(1, 9, TRIALS) for _ in range(4)], axis=1)
    data = np.random.default_rng(0).standard_normal((TRIALS, CHANNELS, DUMMY_OPTIONS["samples"]))
    held = pickle.dumps({"data": data.astype(np.float16), "labels": ratings}, protocol=3)
    for subject in range(1, SUBJECTS + 1):
        (place / f"s{subject:02}.dat").write_bytes(held)
