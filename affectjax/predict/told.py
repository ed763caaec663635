"""What --mode=predict says: of a window, of a file, in one line."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from affectjax.evals import attributes, calibrate, conformal, intervals
from affectjax.metrics.states import DIMENSIONS


def named(predictor: Any, row: dict[str, np.ndarray]) -> dict[str, Any]:
    """What one window's outputs are called in its record, calibrated."""
    out: dict[str, Any] = {}
    if "probabilities" in row:
        p = calibrate.honest(row["probabilities"][None], predictor.calibration)[0]
        out["probabilities"] = {
            n: round(float(x), 4) for n, x in zip(predictor.labels, p, strict=True)
        }
        out["emotion"] = predictor.labels[int(p.argmax())]
        if predictor.set_threshold is not None:
            (chosen,) = conformal.sets(p[None], predictor.set_threshold)
            out["likely"] = [predictor.labels[i] for i in np.argsort(-p) if chosen[i]]
    if "multilabel_pred" in row:
        scores = dict(zip(predictor.labels, map(float, row["multilabel_pred"]), strict=True))
        least = predictor.thresholds or (0.5,) * len(scores)
        out["labels"] = {n: round(x, 4) for n, x in scores.items()}
        found = zip(scores.items(), least, strict=True)
        out["present"] = [name for (name, x), threshold in found if x >= threshold]
    if "score_pred" in row:
        out["score"] = round(float(row["score_pred"]), 4)
    if "action_units_pred" in row:
        each = zip(predictor.units, row["action_units_pred"], strict=True)
        out["action_units"] = {f"AU{unit:02}": round(float(x), 4) for unit, x in each}
    if attributes.TOLD in row:
        out |= attributes.told(row, predictor.attributes)
    if "vad_pred" in row:
        vad = [float(x) for x in row["vad_pred"]]
        rated = DIMENSIONS[: len(vad)]
        out["vad"] = {d: round(x, 4) for d, x in zip(rated, vad, strict=True)}
        exact = {k: np.asarray(v, np.float64) for k, v in row.items() if k.startswith("vad")}
        ends = intervals.ends(exact, predictor.calibration)
        if ends is not None:
            out["vad_interval"] = {
                d: [round(float(low), 4), round(float(high), 4)]
                for d, low, high in zip(rated, *ends, strict=True)
            }
    return out


def summarise(predictor: Any, path: pathlib.Path, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the windows that were predicted."""
    said = [r for r in records if "skipped" not in r]
    out: dict[str, Any] = {
        "file": path.name,
        "seconds": records[-1]["end"],
        "windows": len(records),
        "skipped": len(records) - len(said),
        "checkpoint_step": predictor.step,
        "temperature": predictor.calibration.get("temperature", 1.0),
        "likely": _promise(predictor),
        "vad_interval": _rated(predictor.calibration),
    }
    if said and "probabilities" in said[0]:
        mean = {k: float(np.mean([r["probabilities"][k] for r in said])) for k in predictor.labels}
        out |= {"probabilities": mean, "emotion": max(mean, key=lambda k: mean[k])}
    if said and "labels" in said[0]:
        names = predictor.labels
        out["labels"] = {k: float(np.mean([r["labels"][k] for r in said])) for k in names}
        # of the windows, the share in which a label is present
        out["present"] = {k: float(np.mean([k in r["present"] for r in said])) for k in names}
    if said and "vad" in said[0]:
        out["vad"] = {d: float(np.mean([r["vad"][d] for r in said])) for d in said[0]["vad"]}
    if len(said) < len(records):
        out["skipped_because"] = next(r["skipped"] for r in records if "skipped" in r)
    return out


def _promise(predictor: Any) -> str | None:
    if predictor.set_threshold is None:
        return None
    return f"held the true category in {predictor.set_share:.0%} of validation clips"


def _rated(fitted: Mapping[str, Any]) -> str | None:
    if not any(key in fitted for key in intervals.KEYS):
        return None
    return f"{fitted.get('vad_share', intervals.SHARE):.0%} of validation clips lay within"


def tell(summary: dict[str, Any]) -> str:
    """One line of a summary."""
    parts = [f"{summary['file']}: {summary['seconds']:.1f} s, {summary['windows']} windows"]
    if summary["skipped"]:
        parts.append(f"{summary['skipped']} skipped ({summary['skipped_because']})")
    if "emotion" in summary:
        name = summary["emotion"]
        parts.append(f"{name} {summary['probabilities'][name]:.2f}")
    if "present" in summary:
        often = sorted(summary["present"].items(), key=lambda pair: -pair[1])[:3]
        parts.append(", ".join(f"{k} in {v:.0%}" for k, v in often))
    if "vad" in summary:
        parts.append("  ".join(f"{k} {v:+.2f}" for k, v in summary["vad"].items()))
    return ", ".join(parts)
