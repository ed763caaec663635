"""`--mode=evaluate --on=OTHER`: a run scored on another corpus, by the emotions that both have."""

import json
import os
import pathlib
from typing import Any

import jax
import ml_collections
import numpy as np

from affectjax import config as config_lib
from affectjax.affect import mapping
from affectjax.affect.labels import LabelSpace
from affectjax.evals import calibrate, evaluate, predictions, scores
from affectjax.train import hosts, inputs, setup, shard

Rows = dict[str, np.ndarray]


def evaluate_on(
    config: Any, workdir: str | os.PathLike[str], other: Any, split: str = "all"
) -> dict[str, dict[str, Any]]:
    """Score the run's selected checkpoint on `split` of the data of the config `other`.

    The run's own transforms are used, nothing is tuned on the other data, and only clips of the
    emotions that both label spaces have are scored (`shared`). Writes
    `<workdir>/evaluation/on_<builder>.json` and its predictions. Returns the scores by that name.

    Raises:
      ValueError: fewer than two emotions in common, no such split, or a run without categories.
      FileNotFoundError: the workdir holds no checkpoint.
    """
    workdir = pathlib.Path(workdir)
    there = _with_data_of(config, other)
    builder = other.data.builder.split(".")[-1].removesuffix("_dataset_builder")
    name = "on_" + ("_".join(other.data.parts) or builder)
    source, target = inputs.label_names(config), inputs.label_names(there)
    if config.task.get("held_out"):  # subjects of its own corpus: other people have these numbers
        config = ml_collections.ConfigDict(config.to_dict())
        config.task.held_out = []
    mesh = shard.make_mesh(config.mesh.to_dict())
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh)
        step, state = restored["selected"]
        whole = evaluate.clips_of(there, run, state, split)
    if "probabilities" not in whole:
        raise ValueError(
            f"the task {config.task[config_lib.NAME]} predicts no categories to score on {name}"
        )
    fitted = calibrate.load_for(workdir, step)
    clips, names, left_out = shared(whole, source, target)
    told: dict[str, Any] = {
        "split": name,
        "examples": inputs.split_expression(there, split),
        "labels": list(names),
        "clips_left_out": left_out,
        "step": step,
        "selected_on": f"{config.select.split} {config.select.metric}",
        **scores.scores(**evaluate.score_arguments(clips)),
    }
    if fitted.pop("vector", None):  # of all its categories, so it has no place among the shared
        print(
            "the vector of the calibration is of the run's own categories: its temperature is used"
        )
        fitted.pop("set_threshold")
    changed = evaluate.calibrated(clips, fitted)
    told |= {"calibrated": changed} if changed else {}
    if hosts.main():
        folder = workdir / "evaluation"
        folder.mkdir(exist_ok=True)
        predictions.write(folder, name, clips, names)
        evaluate.write_json(folder / f"{name}.json", told)
        print(json.dumps({"shared": names, "clips_left_out": left_out}), flush=True)
        print(evaluate.summary(name, told), flush=True)
    return {name: told}


def shared(
    clips: Rows, source: tuple[str, ...], target: tuple[str, ...]
) -> tuple[Rows, tuple[str, ...], int]:
    """Clips of the emotions in both spaces, the probabilities over these alone, and their names.

    `clips["emotion"]` are indices of `target`, its probabilities over `source`; names that differ
    only in form (angry, anger) are one (`mapping.SYNONYMS`), and what no name of the target
    matches is left out of the distribution, which then sums to 1 again. The third is the number of
    clips left out.

    Raises:
      ValueError: fewer than two emotions in common.

    >>> clips = {"emotion": np.array([1, 0, 2]), "clip_id": np.arange(3),
    ...          "probabilities": np.array([[0.2, 0.4, 0.4]] * 3)}
    >>> kept, names, left_out = shared(clips, ("calm", "happy", "sad"),
    ...                                ("boredom", "sadness", "happiness"))
    >>> names, kept["emotion"].tolist(), kept["probabilities"].tolist(), left_out
    (('sadness', 'happiness'), [0, 1], [[0.5, 0.5], [0.5, 0.5]], 1)
    """
    label_map = mapping.between(
        LabelSpace("the run's", source, "its data"), LabelSpace("the other", target, "its data")
    )
    reached = [i for i, n in enumerate(target) if n not in label_map.unreached]
    if len(reached) < 2:
        raise ValueError(f"{source} and {target} share fewer than two emotions")
    p = label_map.distribution(clips["probabilities"])[:, reached]
    keep = np.isin(clips["emotion"], reached)
    out = {k: v[keep] for k, v in clips.items() if k in ("clip_id", "subject")}
    out["probabilities"] = p[keep]
    out["emotion"] = np.searchsorted(reached, clips["emotion"][keep])
    return out, tuple(target[i] for i in reached), int((~keep).sum())


def _with_data_of(config: Any, other: Any) -> Any:
    out = ml_collections.ConfigDict(config.to_dict())
    given = ("builder", "builder_config", "manual_dir", "data_dir", "splits", "fake")
    for name in (*given, "parts", "labels", "temperature"):
        value = other.data[name]
        mapping_like = name in ("splits", "parts")
        out.data[name] = ml_collections.ConfigDict(value) if mapping_like else value
    task = out.task.get("task") or out.task  # an ensemble holds its members' task
    if "datasets" in task:
        task.datasets = sorted(other.data.parts)
    return out
