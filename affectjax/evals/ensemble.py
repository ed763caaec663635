"""`--mode=ensemble --runs=A,B,...`: several runs as one, their probabilities and VAD averaged."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from affectjax.evals import calibrate, evaluate, predictions, scores

Rows = dict[str, np.ndarray]


def ensemble(
    runs: Sequence[str | os.PathLike[str]], output: str | os.PathLike[str]
) -> dict[str, dict[str, Any]]:
    """Score the mean of several evaluated runs (deep ensembles, Lakshminarayanan et al. 2017).

    Writes into `<output>/evaluation` what --mode=evaluate writes: scores and predictions of every
    split that the runs share, and a calibration fitted on the split that chose their checkpoints.
    Returns the scores by split.

    Raises:
      ValueError: fewer than two runs, no `output`, or runs of different clips, labels or outputs.
      FileExistsError: `output` is a run's own folder, whose evaluation would be lost.
      FileNotFoundError: a run without an evaluation.
    """
    if len(runs) < 2 or not output:
        raise ValueError("--mode=ensemble needs --runs=A,B,... (two or more) and --output=DIR")
    folders = [pathlib.Path(run) for run in runs]
    if (pathlib.Path(output) / "checkpoints").exists() or pathlib.Path(output) in folders:
        raise FileExistsError(f"--output={output} is a run's own folder; name another")
    splits = predictions.shared_splits(folders)
    chosen_on = _chosen_on(folders, splits)
    folder = pathlib.Path(output) / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    labels = {split: _labels(folders, split) for split in splits}
    means = {split: mean(predictions.aligned(folders, split)) for split in splits}
    by_vector = all("vector" in calibrate.load(run) for run in folders)
    fitted = evaluate.fit(means[chosen_on], chosen_on, "vector" if by_vector else "temperature")
    evaluate.write_json(folder / calibrate.FILE, fitted)
    results: dict[str, dict[str, Any]] = {}
    for split, clips in means.items():
        predictions.write(folder, split, clips, labels[split])
        told: dict[str, Any] = {
            "split": split,
            "runs": [str(f) for f in folders],
            "labels": labels[split],
        }
        told |= scores.scores(**evaluate.score_arguments(clips))
        changed = evaluate.calibrated(clips, fitted) if split != chosen_on else {}
        told |= {"calibrated": changed} if changed else {}
        evaluate.write_json(folder / f"{split}.json", told)
        print(evaluate.summary(split, told), flush=True)
        results[split] = told
    return results


def mean(runs: Sequence[Rows]) -> Rows:
    """Probabilities and VAD averaged; VAD's standard deviation is that of the equal mixture.

    Raises:
      ValueError: the runs do not have the same keys.

    >>> one, two = ({"probabilities": np.array([[p, 1 - p]]), "subject": np.array([3])}
    ...             for p in (0.9, 0.5))
    >>> mean([one, two])["probabilities"].round(3).tolist()
    [[0.7, 0.3]]
    """
    if any(run.keys() != runs[0].keys() for run in runs):
        raise ValueError(f"the runs predict different things: {[sorted(run) for run in runs]}")
    out = dict(runs[0])
    averaged = ("probabilities", "multilabel_pred", "vad_pred", "action_units_pred")
    for key in (*averaged, "vad_low", "vad_high"):
        if key in out:
            out[key] = np.mean([run[key] for run in runs], axis=0)
    if "vad_sd" in out:
        second = np.mean([run["vad_sd"] ** 2 + run["vad_pred"] ** 2 for run in runs], axis=0)
        out["vad_sd"] = np.sqrt(np.maximum(second - out["vad_pred"] ** 2, 0))
    return out


def _chosen_on(folders: Sequence[pathlib.Path], splits: Sequence[str]) -> str:
    names = {str(calibrate.load(folder).get("fitted_on")) for folder in folders}
    if len(names) != 1 or not names <= set(splits):
        raise ValueError(
            f"the runs chose their checkpoints on {sorted(names)} and share predictions of "
            f"{list(splits)}; run --mode=evaluate again in each"
        )
    return names.pop()


def _labels(folders: Sequence[pathlib.Path], split: str) -> list[str]:
    """The label names of a split, which every run must have in the same order."""
    found = [predictions.labels(folder, split) for folder in folders]
    if any(names != found[0] for names in found):
        raise ValueError(f"the runs have different labels of {split}: {found}")
    return found[0]
