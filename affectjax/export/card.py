"""The model card of an exported run: card.json for programs, card.md for people."""

import importlib.util
import json
import pathlib
import re
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import jax
import numpy as np

from affectjax import config as config_lib
from affectjax.affect import vad as vad_lib
from affectjax.data.ops import audio, text
from affectjax.evals import attributes, calibrate
from affectjax.export import signatures, texts
from affectjax.train import inputs

BUCKETS = (1, 2, 4, 8)
VERSIONED = ("jax", "flax", "tensorflow-cpu", "affectjax")


def make(
    config: Any,
    workdir: pathlib.Path,
    specs: Mapping[str, Mapping[str, Any]],
    outputs: Mapping[str, Mapping[str, jax.ShapeDtypeStruct]],
    step: int,
) -> dict[str, Any]:
    """What one must know to use the model: signatures, labels, training, scores, versions.

    `specs` and `outputs` are shapes by signature and name. `inputs` of the card are those of
    `predict`; `takes` has those of signatures that take others.
    """
    taken = {name: {k: _input(k, s) for k, s in spec.items()} for name, spec in specs.items()}
    batch: dict[str, Any] = {"least": 1, "warmed": list(BUCKETS)}
    if reader := texts.reader(config):
        for name in ("predict", "embed"):
            taken[name]["tokens"]["below"] = len(text.pieces(reader.vocabulary))
        taken[texts.SIGNATURE]["text"]["bytes"] = texts.BYTES
        batch["lengths"] = texts.lengths(reader.longest)
    task = config.task.get("task") or config.task  # an ensemble holds its members' task
    before = [op[config_lib.NAME] for op in config_lib.to_plain(config.data.eval_ops)]
    before = [name for name in before if not name.startswith("affectjax.data.ops.labels")]
    parts = config.data.parts
    builders = [parts[name].builder for name in sorted(parts)] or [config.data.builder]
    return {
        "signatures": {name: _outputs(given) for name, given in outputs.items()},
        "inputs": taken["predict"],
        "takes": {k: of for k, of in taken.items() if of != taken["predict"]},
        "batch": batch,
        "platforms": ["cpu", "cuda", "tpu"],
        "labels": list(inputs.label_names(config)),
        "attributes": attributes.names(config),
        "vad": _vad(config, outputs["predict"]),
        "audio_rate": audio.RATE,
        "fps": float(config.data.fps),
        "done_before": before,  # host-side transforms that the caller applies to whole clips
        "model": task.model[config_lib.NAME],
        "members": int(config.task.get("members", 1)),
        "data": ", ".join(builders),
        "data_licence": "; ".join(map(licence, builders)),
        "step": step,
        "selected_on": f"{config.select.split} {config.select.metric}",
        "calibration": calibrate.load(workdir),
        "scores": _scores(workdir),
        "versions": {name: metadata.version(name) for name in VERSIONED},
    }


def licence(builder: str) -> str:
    """The row `licence` of the dataset's card, or that there is none."""
    found = importlib.util.find_spec(builder)
    card = pathlib.Path(str(found.origin)).parent / "README.md" if found else None
    if card is None or not card.exists():
        return f"not stated: {builder} has no card"
    row = re.search(r"^\| licence \| (.+) \|$", card.read_text(encoding="utf-8"), re.MULTILINE)
    return row[1] if row else f"not stated in the card of {builder}"


def markdown(card: Mapping[str, Any]) -> str:
    """The card as a page."""
    trained_on = ", ".join(name.split(".")[-2] for name in card["data"].split(", "))
    lines = [f"# {card['model'].split(':')[-1]}, trained on {trained_on}", ""]
    if "size_mib" in card:
        each = ", ".join(f"{v:.1f} ms at batch {k}" for k, v in card["latency_ms"].items())
        lines += [f"{card['size_mib']:.1f} MiB of variables and graph; {each}, {card['measured']}."]
    lines += [f"Lowered for {', '.join(card['platforms'])}.", "", "## Inputs", ""]
    lines += map(_line, card["inputs"], card["inputs"].values())
    heard = card["inputs"].get("audio")
    if heard:
        lines += ["", f"Sound is refused beyond {heard['longest']} samples and outside [-1, 1]."]
    if lengths := card["batch"].get("lengths"):
        told = ", ".join(map(str, lengths))
        lines += ["", f"Batches are padded to {told} tokens, the least that holds their longest."]
    lines += ["", "The caller does before: " + ", ".join(card["done_before"]) + ".", ""]
    for name, given in card["takes"].items():
        lines += [f"Signature `{name}` takes other inputs, and does that itself:", ""]
        lines += [*map(_line, given, given.values()), ""]
    for name, outputs in card["signatures"].items():
        lines += [f"## Signature `{name}`", ""]
        lines += [
            f"- `{k}` {of['dtype']} {of['shape']}: {of['meaning']}" for k, of in outputs.items()
        ]
        lines += [""]
    lines += ["## Labels", "", ", ".join(card["labels"]) or "none", ""]
    if card["vad"]:
        lines += ["## Valence, arousal, dominance", "", json.dumps(card["vad"]), ""]
    lines += ["## Training data", "", f"`{card['data']}`. Licence: {card['data_licence']}", ""]
    lines += ["## Scores", ""]
    for split, scores in card["scores"].items():
        lines += [f"- {split}: " + ", ".join(f"{k} {v:.4g}" for k, v in scores.items())]
    lines += ["" if card["scores"] else "--mode=evaluate was not run.", "## Calibration", ""]
    told = json.dumps(card["calibration"]) if card["calibration"] else "none was fitted"
    return "\n".join([*lines, told, "", f"Versions: {json.dumps(card['versions'])}", ""])


def _line(name: str, of: Mapping[str, Any]) -> str:
    return f"- `{name}` {of['dtype']} {of['shape']}: {of['meaning']}"


def _input(name: str, spec: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"dtype": str(spec.dtype), "shape": [-1, *spec.shape[1:]]}
    if name in ("audio", "tokens"):
        told |= {"shape": [-1, -1], "longest": spec.shape[1]}
    return {**told, "meaning": signatures.INPUTS[name]}


def _outputs(given: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
    return {
        k: {
            "dtype": "string" if np.dtype(s.dtype).kind == "S" else str(s.dtype),
            "shape": [-1, *s.shape[1:]],
            "meaning": signatures.OUTPUTS[k],
        }
        for k, s in given.items()
    }


def _vad(config: Any, outputs: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any] | None:
    if "vad" not in outputs:
        return None
    held = inputs.open_builders(config)
    scales = {name: (b.info.metadata or {}).get("vad") for name, b in held.items()}
    dimensions = vad_lib.DIMENSIONS[: outputs["vad"].shape[1]]
    native = {k: v for k, v in scales.items() if v} if config.data.parts else scales[""]
    return {"dimensions": list(dimensions), "low": -1, "high": 1, "native": native}


def _scores(workdir: pathlib.Path) -> dict[str, dict[str, float]]:
    scores = {}
    for path in sorted((workdir / "evaluation").glob("*.json")):
        if path.name != calibrate.FILE:
            told = json.loads(path.read_text())
            scores[path.stem] = {k: v for k, v in told.items() if isinstance(v, float | int)}
    return scores
