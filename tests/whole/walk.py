"""`python -m tests.whole.walk CONFIG WORKDIR [resume]`: from training to export in one process."""

import json
import pathlib
import shutil
import sys
from typing import Any

import cv2
import jax
import numpy as np
from absl import flags

from affectjax import config as config_lib
from affectjax.evals import evaluate
from affectjax.export import saved_model
from affectjax.predict import predict
from affectjax.report import page
from affectjax.train import checkpoint, stages
from tfds_builders.affect_synth import film


def walk(spec: str, workdir: pathlib.Path, resume: bool = False) -> dict:
    """Train, resume, and where there is something to score, evaluate, report, predict, export."""
    config = config_lib.load(spec)
    last = stages.train(config, workdir)
    if resume:
        resumes(config, workdir)
    told: dict = {"metric": config.select.metric, "last": last}
    if config.task[config_lib.NAME].endswith("MaskedPretrain"):
        return told
    told["test"] = evaluate.evaluate(config, workdir)["test"]
    page.write(workdir)
    clip = media(workdir, reads_pictures(config))
    (told["said"],) = predict.predict(config, workdir, str(clip))
    told["differences"] = saved_model.export(config, workdir)
    return told


def resumes(config: Any, workdir: pathlib.Path) -> None:
    """A copy of a run without its last checkpoint, gone on with, ends in the same bits."""
    again = workdir / "again"
    shutil.copytree(workdir, again)
    steps = sorted(int(p.name) for p in (again / "checkpoints").iterdir())
    shutil.rmtree(again / "checkpoints" / str(steps[-1]))
    stages.train(config, again)
    one, two = (checkpoint.restore_params(p, best=False) for p in (workdir, again))
    jax.tree.map(np.testing.assert_array_equal, one, two)


def reads_pictures(config: Any) -> bool:
    """Whether a config's model reads still pictures, not films or sound."""
    return "frames" not in config.task.get("inputs", {}).get("keys", ["frames"])


def media(folder: pathlib.Path, still: bool) -> pathlib.Path:
    """Write a film of a drawn person, or one picture of it, into a folder."""
    pictures, sound = film.film(clips=(1,))
    if not still:
        times = np.arange(len(pictures)) / film.FPS
        return film.write(folder / "film.mp4", pictures, times, sound)
    path = folder / "picture.png"
    cv2.imwrite(str(path), pictures[0][..., ::-1])
    return path


if __name__ == "__main__":
    flags.FLAGS.mark_as_parsed()
    folder = pathlib.Path(sys.argv[2])
    (folder / "walked.json").write_text(json.dumps(walk(sys.argv[1], folder, "resume" in sys.argv)))
