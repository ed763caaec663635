"""`--mode=export`: a trained run as a TensorFlow SavedModel, checked in a process without JAX."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from affectjax import config as config_lib
from affectjax.evals import calibrate
from affectjax.train import inputs, setup, shard

INPUTS = ("frames", "face_frames", "image", "face", "person", "audio", "audio_length")
TOLERANCE = 1e-4
CHECKED = ("jax", "flax", "tensorflow-cpu", "affectjax")


def export(config: Any, workdir: str | os.PathLike[str], output: str = "") -> dict[str, float]:
    """Write <workdir>/export (or `output`) and compare it with the run on real clips.

    Inputs of the signature `serving_default`, batch free, what the model reads of: `frames` and
    `face_frames` uint8 (b, t, h, w, 3) RGB, `image`, `face` and `person` uint8 (b, h, w, 3),
    `audio` float32 (b, samples) at 16 kHz with `audio_length` int32 (b). Outputs: `probabilities`
    (b, k), calibrated where --mode=evaluate fitted a temperature, `labels` (b, k), `vad` (b, d),
    with `vad_low` and `vad_high` where it fitted intervals, `score` (b,). Log-mel and normalisation
    are inside. The assets are card.json, labels.txt and config.json.

    Returns the largest difference to the run's own outputs, by output.

    Raises:
      FileNotFoundError: no checkpoint.
      FileExistsError: the folder is not empty.
      ValueError: the task has nothing to serve, the calibration is of another checkpoint, or the
        outputs differ by more than 1e-4.
    """
    workdir = pathlib.Path(workdir)
    folder = pathlib.Path(output) if output else workdir / "export"
    _refuse(config, workdir, folder)
    mesh = shard.make_mesh({"data": 1}, jax.local_devices()[:1])
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh)
        step, state = restored["selected"]
        params = jax.device_get(state.eval_params)
    serve = serving(run.task, calibrate.load_for(workdir, step))
    spec = {k: run.spec[k] for k in INPUTS if k in run.spec}
    card = make_card(config, workdir, spec, step)
    save(folder, serve, params, spec, card, config_lib.to_json(config))
    clips = _real_clips(config, spec)
    expected = {k: np.asarray(v) for k, v in jax.jit(serve)(params, clips).items()}
    told = compare(folder, clips, expected)
    print(tell(folder, told, len(next(iter(clips.values())))), flush=True)
    if max(told.values()) > TOLERANCE:
        raise ValueError(f"{folder} differs from the run by {told}, more than {TOLERANCE}")
    return told


def serving(task: Any, fitted: Mapping[str, Any]) -> Callable[..., dict[str, jax.Array]]:
    """The pure function (params, inputs) -> what is served, calibration inside."""

    def serve(params: Any, given: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        out = task.predict({"params": params}, given)
        served = {}
        if "probabilities" in out:
            log_p = jnp.log(jnp.maximum(out["probabilities"], 1e-30))
            served["probabilities"] = jax.nn.softmax(log_p / fitted.get("temperature", 1.0))
        if "multilabel_pred" in out:
            served["labels"] = out["multilabel_pred"]
        if "score_pred" in out:
            served["score"] = out["score_pred"]
        if "vad_pred" in out:
            served["vad"] = out["vad_pred"]
            if "vad_half_width" in fitted:
                half = jnp.asarray(fitted["vad_half_width"])
                served["vad_low"] = jnp.maximum(out["vad_pred"] - half, -1.0)
                served["vad_high"] = jnp.minimum(out["vad_pred"] + half, 1.0)
        return served

    return serve


def save(
    folder: pathlib.Path,
    serve: Callable[..., dict[str, jax.Array]],
    params: Any,
    spec: Mapping[str, jax.ShapeDtypeStruct],
    card: Mapping[str, Any],
    config_json: str,
) -> None:
    """Write the SavedModel: parameters as variables, the function as StableHLO inside."""
    import tensorflow as tf
    from jax.experimental import jax2tf

    shapes = {k: ", ".join(["b", *"_" * (len(s.shape) - 1)]) for k, s in spec.items()}
    converted = jax2tf.convert(serve, polymorphic_shapes=[None, shapes], with_gradient=False)
    module = tf.Module()
    module.params = tf.nest.map_structure(tf.Variable, params)
    signature = {k: tf.TensorSpec((None, *s.shape[1:]), s.dtype, name=k) for k, s in spec.items()}

    def served(**given: Any) -> Any:
        return converted(module.params, given)

    module.served = tf.function(served, autograph=False)
    with tempfile.TemporaryDirectory() as scratch:
        files = {
            "card.json": json.dumps(card, indent=1),
            "labels.txt": "\n".join(card["labels"]) + "\n",
            "config.json": config_json,
        }
        module.assets = []
        for name, text in files.items():
            path = pathlib.Path(scratch) / name
            path.write_text(text)
            module.assets.append(tf.saved_model.Asset(str(path)))
        function = module.served.get_concrete_function(**signature)
        tf.saved_model.save(module, str(folder), signatures={"serving_default": function})


def make_card(
    config: Any, workdir: pathlib.Path, spec: Mapping[str, jax.ShapeDtypeStruct], step: int
) -> dict[str, Any]:
    """What one must know to use the model: inputs, labels, training, scores, versions."""
    scores = {}
    for path in sorted((workdir / "evaluation").glob("*.json")):
        if path.name != calibrate.FILE:
            told = json.loads(path.read_text())
            scores[path.stem] = {k: v for k, v in told.items() if isinstance(v, float | int)}
    task = config.task.get("task") or config.task  # an ensemble holds its members' task
    before = [op[config_lib.NAME] for op in config_lib.to_plain(config.data.eval_ops)]
    before = [name for name in before if not name.startswith("affectjax.data.ops.labels")]
    return {
        "labels": list(inputs.label_names(config)),
        "inputs": {k: [str(s.dtype), None, *s.shape[1:]] for k, s in spec.items()},
        "audio_rate": 16_000,
        "fps": float(config.data.fps),
        "done_before": before,  # host-side transforms that the caller applies to whole clips
        "model": task.model[config_lib.NAME],
        "members": int(config.task.get("members", 1)),
        "data": config.data.builder,
        "step": step,
        "selected_on": f"{config.select.split} {config.select.metric}",
        "calibration": calibrate.load(workdir),
        "scores": scores,
        "versions": {name: metadata.version(name) for name in CHECKED},
    }


def compare(
    folder: pathlib.Path, clips: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Largest difference by output, the model loaded in a fresh process without JAX.

    All clips at once and the first alone: the batch is free.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, out = pathlib.Path(scratch) / "in.npz", pathlib.Path(scratch) / "out.npz"
        np.savez(given, **dict(clips))  # type: ignore[arg-type]
        command = [sys.executable, "-c", _FRESH, str(folder), str(given), str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"{folder} could not be used by TensorFlow:\n{done.stderr[-3000:]}")
        with np.load(out) as file:
            found = {k: file[k] for k in file.files}
    told = {}
    for name, value in expected.items():
        one = np.abs(found[f"one/{name}"] - value[:1]).max()
        told[name] = float(max(np.abs(found[f"all/{name}"] - value).max(), one))
    return told


# None in sys.modules makes every import of the name fail: TensorFlow itself tries to import jax.
_FRESH = """
import sys
sys.modules["jax"] = sys.modules["flax"] = None
import numpy as np
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
with np.load(sys.argv[2]) as file:
    clips = {k: file[k] for k in file.files}
out = {}
for name, stop in (("all", None), ("one", 1)):
    said = served(**{k: tf.constant(v[:stop]) for k, v in clips.items()})
    out |= {f"{name}/{k}": v.numpy() for k, v in said.items()}
np.savez(sys.argv[3], **out)
"""


def tell(folder: pathlib.Path, told: Mapping[str, float], clips: int) -> str:
    """One line on an export."""
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20
    parts = ", ".join(f"{k} {v:.1e}" for k, v in told.items())
    return (
        f"{folder}: {size:.1f} MiB; largest difference to the run on {clips} clips, "
        f"TensorFlow without JAX: {parts}"
    )


def _refuse(config: Any, workdir: pathlib.Path, folder: pathlib.Path) -> None:
    if config.task[config_lib.NAME].startswith("affectjax.tasks.masked"):
        raise ValueError("the config is of pre-training, which has nothing to serve")
    if not (workdir / "checkpoints").is_dir():
        raise FileNotFoundError(f"--workdir={workdir} holds no checkpoints; run --mode=train first")
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; remove it, or name another --output")


def _real_clips(config: Any, spec: Mapping[str, Any], count: int = 3) -> dict[str, np.ndarray]:
    """The first clips of the validation split."""
    batch = next(iter(inputs.eval_batches(config, config.select.split)))
    return {k: batch[k][:count] for k in spec}
