"""`--mode=pool --runs=A,B,...`: the folds of a cross-validation as one, and their mean."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from affectjax.evals import calibrate, conformal, evaluate, predictions, scores

Rows = dict[str, np.ndarray]


def pool(
    runs: Sequence[str | os.PathLike[str]], output: str | os.PathLike[str] = "", split: str = "test"
) -> dict[str, Any]:
    """Scores of evaluated runs of different folds: all clips together, and the mean of the folds.

    "Total" scores of HiCMAE's paper are pooled like this, not means of folds. `calibrated` holds
    ECE, Brier score and NLL with each fold's own calibration. `ece_floor` is what the ECE of so
    many clips would be if every confidence were true, see `calibrate.ece_floor`. With `output`
    also written to <output>/pooled_<split>.json.

    Raises:
      ValueError: fewer than two runs, different labels, or a clip in two of them.
      FileNotFoundError: a run without predictions of the split.
    """
    if len(runs) < 2:
        raise ValueError("--mode=pool needs --runs=A,B,..., one work directory a fold")
    folders = [pathlib.Path(run) for run in runs]
    for folder in folders:
        if not (folder / "evaluation" / f"{split}{predictions.ENDING}").exists():
            raise FileNotFoundError(
                f"{folder} has no predictions of {split}; run --mode=evaluate there first"
            )
    names = [predictions.labels(folder, split) for folder in folders]
    if any(other != names[0] for other in names):
        raise ValueError(f"the runs have different labels of {split}: {names}")
    folds = [predictions.read(f / "evaluation" / f"{split}{predictions.ENDING}") for f in folders]
    ids = np.concatenate([fold["clip_id"] for fold in folds])
    if len(np.unique(ids)) < len(ids):
        raise ValueError(
            f"{len(ids) - len(np.unique(ids))} clips of {split} are in more than one run; pool "
            "runs of different folds, or average those of one fold with --mode=ensemble"
        )
    told = {"split": split, "runs": [str(f) for f in folders], "labels": names[0], **_told(folds)}
    fitted = [calibrate.load(folder) for folder in folders]
    if all("temperature" in one for one in fitted):
        told["calibrated"] = _calibrated(folds, fitted)
    if output:
        folder = pathlib.Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        evaluate.write_json(folder / f"pooled_{split}.json", told)
    print(table(told), flush=True)
    return told


def table(told: dict[str, Any]) -> str:
    """A markdown table: a row a fold, their mean, and all clips together."""
    shown = [k for k in ("uar", "war", "macro_f1", "ccc_mean", "ece") if k in told["pooled"]]
    calibrated = told.get("calibrated")
    head = [*shown, *(["ece calibrated", "its floor"] if calibrated else [])]
    lines = ["| " + " | ".join(["", *head]) + " |", "|---" * (len(head) + 1) + "|"]
    rows: dict[str, Any] = {run: (told["folds"][i], i) for i, run in enumerate(told["runs"])}
    rows |= {"mean": (told["mean"], "mean"), "pooled": (told["pooled"], "pooled")}
    for name, (values, at) in rows.items():
        cells = [f"{values[k]:.3f}" for k in shown]
        if calibrated:
            own = calibrated["folds"][at] if isinstance(at, int) else calibrated[at]
            cells += [f"{own[k]:.3f}" for k in ("ece", "ece_floor")]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def _told(folds: Sequence[Rows]) -> dict[str, Any]:
    whole = {k: np.concatenate([fold[k] for fold in folds]) for k in folds[0]}
    each = [_scores(fold) for fold in folds]
    floats = [k for k, v in each[0].items() if isinstance(v, float)]
    means = {k: float(np.mean([one[k] for one in each])) for k in floats}
    return {"pooled": _scores(whole), "mean": means, "folds": each}


def _scores(clips: Rows) -> dict[str, Any]:
    out = scores.scores(**evaluate.score_arguments(clips))
    if "probabilities" in clips:
        out["ece_floor"] = calibrate.ece_floor(clips["probabilities"])
    return out


def _honest(clips: Rows, fitted: dict[str, Any]) -> Rows:
    return {**clips, "probabilities": calibrate.honest(clips["probabilities"], fitted)}


def _calibrated(folds: Sequence[Rows], fitted: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Scores by each fold's own calibration, and how its sets of categories keep their promise."""
    pairs = list(zip(folds, fitted, strict=True))
    scaled = [_honest(fold, one) for fold, one in pairs]
    told = _told(scaled)
    out: dict[str, Any] = {k: _confidence(v) for k, v in told.items() if k != "folds"}
    out["folds"] = [_confidence(one) for one in told["folds"]]
    out["temperatures"] = [one["temperature"] for one in fitted]
    if all("set_threshold" in one for one in fitted):
        sets = [
            conformal.sets(fold["probabilities"], one["set_threshold"])
            for fold, one in zip(scaled, fitted, strict=True)
        ]
        known = [k for k in ("emotion", "subject", "distribution") if k in folds[0]]
        rows = {k: np.concatenate([fold[k] for fold in folds]) for k in known}
        out["pooled"] |= conformal.scores(np.concatenate(sets), **rows)
    return out


def _confidence(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k.startswith(("ece", "nll", "brier"))}
