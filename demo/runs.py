"""The trained runs that a page may ask, and which of them fits a file."""

import json
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ml_collections

from affectjax.predict import media, predict

SENSES = {"audio": "hears", "frames": "sees"}


@dataclass(frozen=True)
class Run:
    """A run by the name of its folder, what it was trained on, and how to ask it."""

    name: str
    data: str
    predictor: predict.Predictor

    @property
    def senses(self) -> str:
        """ "sees and hears", "hears" or "sees"."""
        every = [word for key, word in SENSES.items() if key in self.predictor.needs]
        return " and ".join(reversed(every))


def config_of(workdir: pathlib.Path) -> Any:
    """The config that was in force when the run was trained.

    Raises:
      FileNotFoundError: no run there.
    """
    path = workdir / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"--runs={workdir}: no run in it ({path.name}); `make train` first")
    return ml_collections.ConfigDict(json.loads(path.read_text()))


def load(workdir: pathlib.Path) -> Run:
    """A run of films or sounds.

    Raises:
      FileNotFoundError: no run there, or no checkpoint in it.
      ValueError: it reads something else, or was trained by another version.
    """
    config = config_of(workdir)
    try:
        predictor = predict.load(config, workdir)
    except AttributeError as error:
        raise ValueError(
            f"--runs={workdir}: its config.json is of another version of affectjax and lacks "
            f"{error}; train the run with this one"
        ) from error
    if predictor.plan is None or not set(SENSES) >= predictor.needs:
        raise ValueError(
            f"--runs={workdir} reads {sorted(predictor.needs)}, and the page asks runs of sound "
            "and of a face in a film; use --mode=predict"
        )
    builder = str(config.data.get("builder") or "several sets")
    return Run(workdir.name, builder.removeprefix("tfds_builders.").split(".")[0], predictor)


def fitting(runs: Sequence[Run], found: media.Media) -> list[Run]:
    """The runs that can be asked about a file, in order.

    Raises:
      MediaError: none can, with what the file lacks.
    """
    holds = {"audio": found.has_audio, "frames": found.has_video}
    fit = [run for run in runs if all(holds[key] for key in run.predictor.needs)]
    if not fit:
        lacks = "no sound" if found.has_video else "no picture"
        raise media.MediaError(
            f"{found.path} has {lacks}, and every model here needs it "
            f"({', '.join(f'{run.name} {run.senses}' for run in runs)})"
        )
    return fit
