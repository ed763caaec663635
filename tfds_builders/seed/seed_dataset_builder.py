"""SEED (Zheng & Lu 2015) as TFDS: EEG of people who watch film clips of three emotions."""

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from scipy import io

from affectjax.affect.labels import SEED3
from affectjax.data import schema
from tfds_builders import folds as folds_lib
from tfds_builders.manual import ManualBuilder, features

SUBJECTS, SESSIONS, TRIALS, CHANNELS = 15, 3, 15, 62
RATE = 200  # Hz
FOLDER = "Preprocessed_EEG"
OWN = {"session": "1 to 3, in order of date", "trial": "1 to 15: which film clip"}


def folds(subject: int) -> dict[str, str]:
    """Leave a subject out; the next one, cyclically, validates.

    Raises:
      ValueError: a subject that does not exist.
    """
    return folds_lib.one_out(subject, SUBJECTS, "SEED")


class Builder(ManualBuilder):
    """One split per subject; `folds` joins them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "EEG of three sessions."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for SEED at bcmi.sjtu.edu.cn/home/seed and put Preprocessed_EEG/ (45 recordings and "
        "label.mat) into the manual directory."
    )

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": SEED3.names}, own=OWN)
        own = {"session": np.int64, "trial": np.int64}
        return self.described(
            {**features("signal signal_rate emotion subject clip_id", said), **own},
            said,
            description="SEED: 15 people, three sessions, 15 film clips, three emotions.",
            homepage="https://bcmi.sjtu.edu.cn/home/seed/",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = self.root(dl_manager, [f"{FOLDER}/label.mat"]) / FOLDER
        labels = labels_of(root / "label.mat")
        found = recordings(root)
        return {f"subject{s:02}": self._generate_examples(found[s], s, labels) for s in found}

    def _generate_examples(
        self, paths: list[pathlib.Path], subject: int, labels: np.ndarray
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for session, path in enumerate(paths, 1):
            for trial, signal in enumerate(trials(path), 1):
                name = f"{path.stem}_{trial:02}"
                yield (
                    name,
                    {
                        "signal": signal,
                        "signal_rate": RATE,
                        "emotion": int(labels[trial - 1]) + 1,
                        "subject": subject,
                        "session": session,
                        "trial": trial,
                        "clip_id": name.encode(),
                    },
                )


def labels_of(path: pathlib.Path) -> np.ndarray:
    """The 15 labels -1, 0, 1 of the film clips.

    Raises:
      ValueError: a damaged file, or other labels.
    """
    labels = np.ravel(_loaded(path).get("label", ()))
    if labels.shape != (TRIALS,) or not np.isin(labels, (-1, 0, 1)).all():
        raise ValueError(f"{path}: label is {labels}, expected {TRIALS} of -1, 0, 1")
    return labels


def recordings(root: pathlib.Path) -> dict[int, list[pathlib.Path]]:
    """Subject -> the three recordings "<subject>_<yyyymmdd>.mat", in order of date.

    Raises:
      ValueError: a file of another name, or not three of each of the 15.
    """
    found: dict[int, list[pathlib.Path]] = {s: [] for s in range(1, SUBJECTS + 1)}
    for path in sorted(root.glob("*.mat")):
        name = re.fullmatch(r"(\d{1,2})_\d{8}", path.stem)
        if path.stem == "label":
            continue
        if not name or int(name[1]) not in found:
            raise ValueError(f"{path}: not <subject 1 to 15>_<yyyymmdd>.mat")
        found[int(name[1])].append(path)
    odd = {s: len(paths) for s, paths in found.items() if len(paths) != SESSIONS}
    if odd:
        raise ValueError(f"{root}: not three recordings of subject {odd}")
    return found


def trials(path: pathlib.Path) -> Iterator[np.ndarray]:
    """(t, 62) float32 of each film clip; the file names them "<initials>_eeg1" to "_eeg15".

    Raises:
      ValueError: a damaged file, an absent or second array, another shape, values not finite.
    """
    held = _loaded(path)
    for trial in range(1, TRIALS + 1):
        names = [name for name in held if re.fullmatch(rf"\w+_eeg{trial}", name)]
        if len(names) != 1:
            raise ValueError(f"{path} has {names or 'no array'} for ..._eeg{trial}")
        signal = np.asarray(held[names[0]], np.float32)
        if signal.ndim != 2 or signal.shape[0] != CHANNELS or not np.isfinite(signal).all():
            raise ValueError(f"{path}, {names[0]}: {list(signal.shape)} is not finite (62, t)")
        yield signal.T


def _loaded(path: pathlib.Path) -> dict[str, Any]:
    try:
        return io.loadmat(path)
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise ValueError(f"{path} is damaged or no MAT file: {error!r}") from error


def make_dummy(folder: pathlib.Path) -> None:
    """Write 45 recordings of a twentieth second a clip, and label.mat."""
    rng = np.random.default_rng(0)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    io.savemat(folder / FOLDER / "label.mat", {"label": [[1, 0, -1] * 5]})
    for subject in range(1, SUBJECTS + 1):
        arrays = {f"ab_eeg{t}": rng.standard_normal((CHANNELS, 10)) for t in range(1, TRIALS + 1)}
        for date in (20131027, 20131030, 20131107):
            io.savemat(folder / FOLDER / f"{subject}_{date}.mat", arrays)
