"""What is done with a config in a process of its own (forks.py): from training to export."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any
from unittest import mock

import cv2
import numpy as np

from affectjax import config as config_lib
from affectjax.evals import evaluate
from affectjax.export import fresh, saved_model
from affectjax.predict import predict
from affectjax.report import page
from affectjax.train import stages
from tests.whole import without_jax
from tfds_builders.affect_synth import film


def train(spec: str, workdir: pathlib.Path, fields: Mapping[str, int] | None = None) -> None:
    """Train as `--config=SPEC --config.field=value ... --workdir=WORKDIR` does."""
    config = config_lib.load(spec)
    config.update_from_flattened_dict(fields or {})
    stages.train(config, workdir)


def walk(
    spec: str,
    workdir: pathlib.Path,
    fields: Mapping[str, int] | None = None,
    exports: bool = True,
) -> None:
    """Train, and where there is something to score, evaluate, report, predict and export.

    What each says goes into `walked.json` in the folder. Without `exports` it does not export.
    """
    config = config_lib.load(spec)
    config.update_from_flattened_dict(fields or {})
    told: dict = {"metric": config.select.metric, "last": stages.train(config, workdir)}
    if not config.task[config_lib.NAME].endswith("Pretrain"):
        told.update(_after(config, workdir, exports))
    (workdir / "walked.json").write_text(json.dumps(told))


def _after(config: Any, workdir: pathlib.Path, exports: bool) -> dict:
    told: dict = {}
    told["test"] = evaluate.evaluate(config, workdir)["test"]
    page.write(workdir)
    clip = written(workdir) if reads_text(config) else media(workdir, reads_pictures(config))
    (told["said"],) = predict.predict(config, workdir, str(clip))
    if exports:
        with mock.patch.object(fresh, "run", without_jax.run):
            told["differences"] = saved_model.export(config, workdir)
    return told


def reads_pictures(config: Any) -> bool:
    """Whether a config's model reads still pictures, not films or sound."""
    return "frames" not in config.task.get("inputs", {}).get("keys", ["frames"])


def reads_text(config: Any) -> bool:
    """Whether a config's model reads text."""
    return config.task.get("inputs", {}).get(config_lib.NAME, "").endswith(":Texts")


def written(folder: pathlib.Path) -> pathlib.Path:
    """Write a text of one line into a folder."""
    path = folder / "text.txt"
    path.write_text("We laughed, and the day was good.\n")
    return path


def media(folder: pathlib.Path, still: bool) -> pathlib.Path:
    """Write a film of a drawn person, or one picture of it, into a folder."""
    pictures, sound = film.film(clips=(1,))
    if not still:
        times = np.arange(len(pictures)) / film.FPS
        return film.write(folder / "film.mp4", pictures, times, sound)
    path = folder / "picture.png"
    cv2.imwrite(str(path), pictures[0][..., ::-1])
    return path
