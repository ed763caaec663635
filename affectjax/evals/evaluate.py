"""`--mode=evaluate`: score a run's held-out splits, for the selected and the last checkpoint."""

import functools
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from affectjax import config as config_lib
from affectjax.evals import (
    attributes,
    calibrate,
    captions,
    conformal,
    intervals,
    predictions,
    scores,
    stream,
)
from affectjax.metrics import classification
from affectjax.train import hosts, inputs, setup, shard

Rows = dict[str, np.ndarray]
_TOLD = ("multilabel", "vad", "score", "action_units", "contents", "polarity")
_SHOWN = (
    *("uar", "war", "map", "macro_f1", "ccc_mean", "units_f1", "srcc", "plcc", "ece"),
    *("polarity_accuracy", "attributes_accuracy", "objects_map"),
    *("perplexity", "word_vad_rmse", "matched"),
)
_OF_ITSELF = ("vad_sd", "vad_low", "vad_high")  # what a model says of its own VAD
_ORDER = ("uar", "war", "macro_f1", "weighted_f1", "kappa")  # what only a vector changes
_RATERS = ("soft_nll", "soft_ece", "soft_brier", "kl", "js", "tvd")


def evaluate(config: Any, workdir: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Score every split of `config.evaluate` and write `<workdir>/evaluation/<split>.json`.

    Of a mixture the scores are pooled over its datasets, and "datasets" holds those of each
    (`by_dataset`). Beside it, `<split>_predictions.csv` holds one row a clip (views averaged), also
    of the split that chose the checkpoint, so that runs can be put together. The file's scores are
    those of the selected checkpoint; "last" holds the scores of the last one, "calibrated" those
    that change with what was fitted on the split that chose the checkpoint (`calibration.json`).
    Returns the scores by split.

    Raises:
      FileNotFoundError: the workdir holds no checkpoint.
      ValueError: the task predicts nothing to score (pre-training).
    """
    if config.task[config_lib.NAME].endswith("Pretrain"):
        raise ValueError(
            "the config is of pre-training, which has no labels to score; its validation losses "
            "are in metrics.csv. Evaluate the run that was fine-tuned from it"
        )
    method = config.get("calibration", "temperature")
    workdir = pathlib.Path(workdir)
    folder = workdir / "evaluation"
    mesh = shard.make_mesh(config.mesh.to_dict())
    names = inputs.label_names(config)
    write = _writer(config, folder, names)
    results: dict[str, dict[str, Any]] = {}
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh, ("selected", "last"))
        selected, state = restored["selected"]
        chosen_on = clips_of(config, run, state, config.select.split)
        fitted = {**fit(chosen_on, config.select.split, method), "step": selected}
        if hosts.main():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / calibrate.FILE, fitted)
            write(config.select.split, named(config, chosen_on))
        for split in config.evaluate:
            told = {}
            for which, (step, state) in restored.items():
                clips = clips_of(config, run, state, split)
                told[which] = {"step": step, **scored(config, clips)}
                if which == "selected":
                    changed = calibrated(clips, fitted)
                    told[which] |= {"calibrated": changed} if changed else {}
                    if hosts.main():
                        write(split, named(config, clips))
            results[split] = {
                "split": split,
                "examples": inputs.split_expression(config, split),
                "selected_on": f"{config.select.split} {config.select.metric}",
                "labels": list(names),
                **told["selected"],
                "last": told["last"],
            }
            if hosts.main():
                write_json(folder / f"{split}.json", results[split])
                print(summary(split, results[split]), flush=True)
                for name, own in results[split].get("datasets", {}).items():
                    print("  " + summary(name, {"step": selected, **own}), flush=True)
    return results


def _writer(config: Any, folder: pathlib.Path, names: Sequence[str]) -> Callable[[str, Rows], None]:
    """`predictions.write` of a split's clips into a folder, with all that the config names."""
    units, kinds = config.task.get("units", ()), attributes.names(config)
    return functools.partial(predictions.write, folder, labels=names, units=units, attributes=kinds)


def scored(config: Any, clips: Rows) -> dict[str, Any]:
    """All scores of some clips; of a mixture also of each dataset, under "datasets"."""
    told = {**scores.scores(**score_arguments(clips)), **attributes.scores(clips)}
    told |= captions.scores(clips)
    if "dataset" in clips:
        told["datasets"] = by_dataset(clips, sorted(config.data.parts))
    return told


def by_dataset(clips: Rows, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The scores of each dataset's clips, probabilities over its own categories alone.

    So they compare with those of a model of that dataset; pooled scores are over all categories,
    and the model is not told which dataset a clip is of.
    """
    out: dict[str, dict[str, Any]] = {}
    for number, name in enumerate(names):
        rows = clips["dataset"] == number
        if rows.any():
            own = {k: v[rows] for k, v in clips.items()}
            if "probabilities" in own:
                p = own["probabilities"]
                own["probabilities"] = classification.restricted(p, own["possible"])
            out[name] = scores.scores(**score_arguments(own))
    return out


def named(config: Any, clips: Rows) -> Rows:
    """The clips of a mixture with the names of their datasets."""
    if "dataset" not in clips:
        return clips
    return {**clips, "dataset": np.array(sorted(config.data.parts))[clips["dataset"]]}


def clips_of(config: Any, run: setup.Run, state: Any, split: str) -> Rows:
    """The task's outputs and truth of every clip of a split, views averaged, in order.

    Where the data does not say who is in it (`subject`), every clip counts as of somebody else.
    """
    batches = inputs.eval_batches(config, split)
    clips = per_clip(stream.rows(run.predict_step, state.eval_params, batches, run.put))
    return {"subject": np.arange(len(clips["clip_id"])), **clips}


def fit(clips: Rows, split: str, method: str = "temperature") -> dict[str, Any]:
    """What is fitted on the clips of the split that chose the checkpoint.

    `temperature` and, by the method "vector", `vector` (`calibrate.honest`); `set_share` and
    `set_threshold` (`conformal`); `thresholds`; of VAD what `intervals.KEYS` name.

    Raises:
      ValueError: another method.
    """
    if method not in calibrate.METHODS:
        allowed = ", ".join(calibrate.METHODS)
        raise ValueError(f"config.calibration = {method!r}; allowed: {allowed}")
    fitted: dict[str, Any] = {"fitted_on": split, "clips": len(clips["clip_id"])}
    if "probabilities" in clips:
        known = clips["emotion"] >= 0
        p, y = clips["probabilities"][known], clips["emotion"][known]
        fitted["temperature"] = calibrate.fit_temperature(p, y)
        if method == "vector":
            fitted["vector"] = calibrate.fit_vector(p, y, fitted["temperature"])
        honest = calibrate.honest(p, fitted)
        fitted["set_share"] = conformal.SHARE
        fitted["set_threshold"] = conformal.fit(honest, y, conformal.SHARE)
    if "multilabel_pred" in clips:
        fitted["thresholds"] = calibrate.fit_thresholds(
            clips["multilabel_pred"], clips["multilabel"]
        )
    if "vad_pred" in clips and "vad" in clips:
        fitted |= {"vad_share": intervals.SHARE, **intervals.fit(clips)}
    return fitted


def calibrated(clips: Rows, fitted: Mapping[str, Any]) -> dict[str, Any]:
    """The scores that what was fitted changes; empty where nothing was.

    With them, of the sets of categories that are to hold the truth in `set_share` of clips:
    set_coverage, set_size and, against raters' shares, set_raters (`conformal.scores`); and of the
    intervals of VAD that are to hold it in `vad_share` of clips: `intervals.scores`.
    """
    out: dict[str, Any] = {}
    given: Any
    if "temperature" in fitted and "probabilities" in clips:
        p = calibrate.honest(clips["probabilities"], fitted)
        given = {k: clips[k] for k in ("emotion", "subject", "distribution") if k in clips}
        told = scores.scores(p, **given)
        out |= {"temperature": fitted["temperature"]}
        changed = ("ece", "nll", "brier", *_RATERS, *(_ORDER if "vector" in fitted else ()))
        out |= {k: v for k, v in told.items() if k.startswith(changed)}
        if "set_threshold" in fitted:
            chosen = conformal.sets(p, fitted["set_threshold"])
            out |= {"set_share": fitted["set_share"], **conformal.scores(chosen, **given)}
    if "thresholds" in fitted and "multilabel_pred" in clips:
        given = {k: clips[k] for k in ("multilabel_pred", "multilabel", "subject")}
        told = scores.scores(**given, thresholds=np.array(fitted["thresholds"]))
        out |= {"thresholds": fitted["thresholds"]}
        kept = ("macro_f1", "micro_f1", "samples_jaccard")
        out |= {k: v for k, v in told.items() if k.startswith(kept)}
    ends = intervals.ends(clips, fitted) if "vad_pred" in clips and "vad" in clips else None
    if ends is not None:
        share = fitted.get("vad_share", intervals.SHARE)
        told = intervals.scores(*ends, clips["vad"], clips["subject"], share)
        out |= {"vad_share": share, **told} if told else {}
    return out


def per_clip(rows: Rows) -> Rows:
    """Mean of what is predicted over the views of each clip, clips in order of first view.

    >>> rows = {"clip_id": np.array([7, 7, 9]), "vad_pred": np.array([[0.0], [1.0], [5.0]])}
    >>> per_clip(rows)["vad_pred"].tolist()
    [[0.5], [5.0]]
    """
    ids, first, place = np.unique(rows["clip_id"], return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    counts = np.bincount(rank[place], minlength=len(ids))

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.zeros((len(ids), *values.shape[1:]))
        np.add.at(total, rank[place], values)
        return total / counts.reshape(-1, *[1] * (values.ndim - 1))

    averaged = (*_OF_ITSELF, "probabilities", *(f"{k}_pred" for k in _TOLD))
    return {k: mean(v) if k in averaged else v[first[order]] for k, v in rows.items()}


def write_json(path: pathlib.Path, values: Mapping[str, Any]) -> None:
    """Write JSON by way of a temporary file, so a killed process leaves no half of it."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(config_lib.to_plain(values), indent=1))
    temporary.replace(path)


def summary(split: str, values: Mapping[str, Any]) -> str:
    """One line of the main scores with their intervals."""
    shown = []
    for name in ("multitask", *_SHOWN):
        if name in values:
            low, high = values.get(f"{name}_interval", (None, None))
            interval = f" [{low:.3f}, {high:.3f}]" if low is not None else ""
            shown.append(f"{name} {values[name]:.3f}{interval}")
    if "ece" in values.get("calibrated", {}):
        shown.append(f"calibrated ece {values['calibrated']['ece']:.3f}")
    if "set_coverage" in values.get("calibrated", {}):
        fitted = values["calibrated"]
        shown.append(
            f"in {fitted['set_size']:.1f} categories for {fitted['set_share']:.0%}: "
            f"{fitted['set_coverage']:.3f}"
        )
    if "vad_coverage_mean" in values.get("calibrated", {}):
        fitted = values["calibrated"]
        shown.append(
            f"VAD within {fitted['vad_width_mean']:.2f} for {fitted['vad_share']:.0%}: "
            f"{fitted['vad_coverage_mean']:.3f}"
        )
    which = f"step {values['step']}" if "step" in values else f"{len(values['runs'])} runs"
    return f"{split} ({which}, 95% by subject):  " + "  ".join(shown)


def score_arguments(clips: Rows) -> dict[str, Any]:
    """What `scores.scores` takes of the clips."""
    categories = ("probabilities", "emotion", "distribution")
    labels = ("multilabel_pred", "multilabel", "vad_pred", "vad", "score_pred", "score")
    known = (*categories, *labels, "action_units_pred", "action_units", "subject")
    return {k: clips[k] for k in known if k in clips}
