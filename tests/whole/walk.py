"""`python -m tests.whole.walk CONFIG WORKDIR`: a config from training to export in one process."""

import json
import pathlib
import sys

import numpy as np
from absl import flags

from affectjax import config as config_lib
from affectjax.evals import evaluate
from affectjax.export import saved_model
from affectjax.predict import predict
from affectjax.report import page
from affectjax.train import stages
from tfds_builders.affect_synth import film


def walk(spec: str, workdir: pathlib.Path) -> dict:
    """Train and, where there is something to score, evaluate, report, predict and export."""
    config = config_lib.load(spec)
    last = stages.train(config, workdir)
    told: dict = {"metric": config.select.metric, "last": last}
    if config.task[config_lib.NAME].endswith("MaskedPretrain"):
        return told
    told["test"] = evaluate.evaluate(config, workdir)["test"]
    page.write(workdir)
    pictures, sound = film.film(clips=(1,))
    clip = workdir / "film.mp4"
    film.write(clip, pictures, np.arange(len(pictures)) / film.FPS, sound)
    (told["said"],) = predict.predict(config, workdir, str(clip))
    told["differences"] = saved_model.export(config, workdir)
    return told


if __name__ == "__main__":
    flags.FLAGS.mark_as_parsed()
    folder = pathlib.Path(sys.argv[2])
    (folder / "walked.json").write_text(json.dumps(walk(sys.argv[1], folder)))
