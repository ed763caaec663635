"""configs/oasis/pictures.py on all five folds: each picture told by a network that never saw it.

  python -m experiments.oasis.trained --workdir=runs/oasis

Trains and evaluates fold by fold (each goes on where it stopped), puts the predictions of the
tested folds together, and prints Pearson's r of valence and arousal, with intervals by bootstrap
over themes, and the mean of r within the folds.
"""

import json
import pathlib
from typing import Any

import numpy as np
from absl import app, flags

from affectjax import config as config_lib
from affectjax.data import source
from affectjax.evals import evaluate, predictions, scores
from affectjax.train import stages
from experiments.oasis import frozen
from tfds_builders.oasis import oasis_dataset_builder as oasis

CONFIG = str(pathlib.Path(__file__).parents[2] / "configs" / "oasis" / "pictures.py")


def told(workdir: pathlib.Path, arg: str = "") -> dict[str, np.ndarray]:
    """Predictions of the tested fold of each run, in the order of the folds; trains what is not."""
    rows = []
    for fold in range(1, oasis.FOLDS + 1):
        config = config_lib.load(f"{CONFIG}:{','.join(filter(None, [f'fold={fold}', arg]))}")
        folder = workdir / f"fold{fold}"
        stages.train(config, folder)
        evaluate.evaluate(config, folder)
        rows.append(predictions.read(folder / "evaluation" / f"test{predictions.ENDING}"))
    return {k: np.concatenate([row[k] for row in rows]) for k in rows[0]}


def measure(given: dict[str, np.ndarray], data: dict[str, np.ndarray]) -> dict[str, Any]:
    """r and its interval over themes, and the mean of r within folds.

    Raises:
      ValueError: the predictions are not of these pictures.
    """
    if len(given["vad"]) != len(data["vad"]) or np.abs(given["vad"] - data["vad"]).max() > 1e-5:
        raise ValueError("the predictions are not of the pictures that are there, in their order")
    said, vad, fold = given["vad_pred"], data["vad"], data["fold"]
    out = scores.scores(vad_pred=said, vad=vad, subject=data["theme"])
    out = {k: v for k, v in out.items() if k.startswith(("clips", "pcc", "ccc", "rmse"))}
    each = [frozen.pearson(said[fold == f], vad[fold == f]) for f in np.unique(fold)]
    return out | {f"folds_{d}": float(np.mean(each, 0)[i]) for i, d in enumerate(frozen.RATED)}


def main(argv: list[str]) -> None:
    """Train, measure, print and write."""
    del argv
    workdir = pathlib.Path(flags.FLAGS.workdir)
    data = frozen.read(source.raw_folder("oasis", "../shared/data"))
    found = measure(told(workdir, flags.FLAGS.arg), data)
    for d in frozen.RATED:
        low, high = found[f"pcc_{d}_interval"]
        r, within = found[f"pcc_{d}"], found[f"folds_{d}"]
        print(f"{d}: r {r:.2f} [{low:.2f}, {high:.2f}] over {found['clips']}, folds {within:.2f}")
    (workdir / "measured.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    flags.DEFINE_string("workdir", "runs/oasis", "folder of the runs")
    flags.DEFINE_string("arg", "", "more arguments of the config, as in net=lite0")
    app.run(main)
