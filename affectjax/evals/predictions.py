"""A run's predictions as CSV files: written, read, and matched between runs clip by clip."""

import csv
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affectjax.evals import attributes as attributes_lib

Rows = dict[str, np.ndarray]
ENDING = "_predictions.csv"
_TRUTHS = ("emotion", "multilabel", "score")
_DATASET = "dataset"
_SCORES = ("score", "score_pred")


def write(
    folder: pathlib.Path,
    split: str,
    clips: Rows,
    labels: Sequence[str],
    units: Sequence[int] = (),
    attributes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """<folder>/<split>_predictions.csv, one row a clip.

    Columns: clip_id, subject, of a mixture dataset; of categories emotion, predicted, p_<label>...
    and, where raters voted, q_<label>..., their shares; of labels that may hold together
    has_<label>... (0 or 1) and score_<label>...; VAD's truth and as predicted, of the dimensions
    that the model has; score and score_pred; of action `units` unit_AU<number> (0, 1, or nan where
    unknown) and told_AU<number>; of `attributes`, which are their names, `attributes.columns`.
    """
    columns: dict[str, Any] = {k: clips[k] for k in ("clip_id", "subject", _DATASET) if k in clips}
    if "probabilities" in clips:
        columns["emotion"] = clips["emotion"]
        columns["predicted"] = clips["probabilities"].argmax(-1)
        columns |= {f"p_{n}": clips["probabilities"][:, i] for i, n in enumerate(labels)}
        if "distribution" in clips:
            columns |= {f"q_{n}": clips["distribution"][:, i] for i, n in enumerate(labels)}
    for key, prefix in (("multilabel", "has_"), ("multilabel_pred", "score_")):
        if "multilabel_pred" in clips:
            columns |= {f"{prefix}{n}": clips[key][:, i] for i, n in enumerate(labels)}
    columns |= {key: clips[key] for key in _SCORES if "score_pred" in clips}
    for key in ("vad", "vad_pred", "vad_sd", "vad_low", "vad_high"):
        if key in clips and "vad_pred" in clips:
            columns |= {f"{key}_{n}": x for n, x in zip("vad", clips[key].T, strict=False)}
    if "action_units_pred" in clips:
        for i, unit in enumerate(units):
            columns[f"unit_AU{unit:02}"] = clips["action_units"][:, i]
            columns[f"told_AU{unit:02}"] = clips["action_units_pred"][:, i]
    columns |= attributes_lib.columns(clips, attributes or {})
    with (folder / f"{split}{ENDING}").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(c).tolist() for c in columns.values()), strict=True))


def read(path: str | os.PathLike[str]) -> Rows:
    """The arrays of a file that `write` wrote; attributes, which are names there, are left out."""
    with pathlib.Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [k for k in rows[0] if k not in (_DATASET, *attributes_lib.WORDS)]
    columns = {k: np.array([float(row[k]) for row in rows]) for k in numbers}
    clips = {k: columns[k].astype(np.int64) for k in ("subject", "emotion") if k in columns}
    clips |= {k: columns[k] for k in _SCORES if k in columns}
    clips["clip_id"] = np.array([int(row["clip_id"]) for row in rows])
    if _DATASET in rows[0]:
        clips[_DATASET] = np.array([row[_DATASET] for row in rows])
    groups = {
        "probabilities": "p_",
        "distribution": "q_",
        "multilabel": "has_",
        "multilabel_pred": "score_",
        "vad": "vad_",
        "vad_pred": "vad_pred_",
        "vad_sd": "vad_sd_",
        "vad_low": "vad_low_",
        "vad_high": "vad_high_",
        "action_units": "unit_",
        "action_units_pred": "told_",
    }
    for key, prefix in groups.items():
        found = [k for k in columns if k.startswith(prefix) and k not in _SCORES]
        found = [k for k in found if key != "vad" or len(k) == len("vad_v")]
        if found:
            clips[key] = np.stack([columns[k] for k in found], -1)
    return clips


def labels(workdir: pathlib.Path, split: str) -> list[str]:
    """Names of the categories, or of the labels that may hold together, of a run's file."""
    with (workdir / "evaluation" / f"{split}{ENDING}").open(newline="") as file:
        columns = next(csv.reader(file))
    named = [name for name in columns if name not in _SCORES]
    found = [re.match("(?:p|score)_(.*)", name) for name in named]
    return [match[1] for match in found if match]


def shared_splits(workdirs: Sequence[pathlib.Path]) -> list[str]:
    """Splits that every run was evaluated on.

    Raises:
      FileNotFoundError: a run without an evaluation.
      ValueError: no split in common.
    """
    each = []
    for folder in workdirs:
        found = sorted(folder.glob(f"evaluation/*{ENDING}"))
        if not found:
            raise FileNotFoundError(f"{folder} has no evaluation; run --mode=evaluate there first")
        each.append([p.name.removesuffix(ENDING) for p in found])
    shared = [s for s in each[0] if all(s in other for other in each)]
    if not shared:
        raise ValueError(f"the runs share no split: {each}")
    return shared


def aligned(workdirs: Sequence[pathlib.Path], split: str) -> list[Rows]:
    """The predictions of each run on a split, clips in the same order.

    Raises:
      ValueError: the runs were evaluated on different clips, or these have different labels.
    """
    runs = [_by_clip(read(folder / "evaluation" / f"{split}{ENDING}")) for folder in workdirs]
    for folder, run in zip(workdirs[1:], runs[1:], strict=True):
        odd = np.setxor1d(runs[0]["clip_id"], run["clip_id"])
        if len(odd):
            raise ValueError(
                f"{split} of {workdirs[0]} and {folder} differ in {len(odd)} clips; only runs "
                "evaluated on the same clips go together"
            )
        if any((run[k] != runs[0].get(k)).any() for k in _TRUTHS if k in run):
            raise ValueError(f"{split} of {workdirs[0]} and {folder} differ in their true labels")
    return runs


def _by_clip(rows: Rows) -> Rows:
    order = np.argsort(rows["clip_id"])
    return {k: v[order] for k, v in rows.items()}
