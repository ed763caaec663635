"""An exported model in a process where jax, flax and affectjax cannot be imported."""

import json
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np

CALLS = 10

# None in sys.modules makes every import of the name fail: TensorFlow itself tries to import jax.
IMPORTS = """
import sys
for name in ("jax", "flax", "affectjax"):
    sys.modules[name] = None
import json, time
import numpy as np
import tensorflow as tf
"""
CODE = """
folder, given, written, calls, names = sys.argv[1:]
model = tf.saved_model.load(folder)
with np.load(given) as file:
    clips = {k: file[k] for k in file.files}
texts = [text.encode() for text in clips.pop("text").tolist()]
if "audio" in clips:  # any length up to the window: the zeros behind the sound are left out
    clips["audio"] = clips["audio"][:, : clips["audio_length"].max()]
if "tokens" in clips:
    clips["tokens"] = clips["tokens"][:, : clips["token_length"].max()]
out, milliseconds = {}, {}
for name in names.split(","):
    taken = {"text": texts} if name.endswith("_text") else clips
    for part, stop in (("all", None), ("one", 1)):
        rows = {k: tf.constant(v[:stop]) for k, v in taken.items()}
        said = model.signatures[name](**rows)
        out |= {f"{name}/{part}/{k}": v.numpy() for k, v in said.items()}
        times = []
        for _ in range(int(calls) if name == "predict" else 0):
            start = time.perf_counter()
            next(iter(model.signatures[name](**rows).values())).numpy()
            times.append(1e3 * (time.perf_counter() - start))
        if times:
            milliseconds[len(next(iter(rows.values())))] = float(np.median(times))
np.savez(written, milliseconds=json.dumps(milliseconds), **out)
"""


def compare(
    folder: pathlib.Path,
    clips: Mapping[str, np.ndarray],
    expected: Mapping[str, Mapping[str, np.ndarray]],
    open_to_rounding: Mapping[str, np.ndarray],
    texts: Sequence[str] = (),
) -> tuple[dict[str, float], dict[str, float]]:
    """(largest difference by output, median milliseconds of `predict` by batch size).

    `expected` are outputs by signature; one that ends with "_text" is asked about `texts`, which
    are the clips before their tokens were made. All clips at once and the first alone: the batch is
    free. Of a bool output the difference is 1 where any entry differs, but for those which
    `open_to_rounding` marks by output: a threshold is a validation clip's own probability.

    Raises:
      ValueError: TensorFlow could not load or run the model.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, out = pathlib.Path(scratch) / "in.npz", pathlib.Path(scratch) / "out.npz"
        np.savez(given, text=np.array(texts, str), **dict(clips))  # type: ignore[arg-type]
        wrong = run(str(folder), str(given), str(out), str(CALLS), ",".join(expected))
        if wrong:
            raise ValueError(f"{folder} could not be used by TensorFlow:\n{wrong[-3000:]}")
        with np.load(out) as file:
            found = {k: file[k] for k in file.files}
    told: dict[str, float] = {}
    for name, outputs in expected.items():
        for key, value in outputs.items():
            pairs = ((found[f"{name}/all/{key}"], value), (found[f"{name}/one/{key}"], value[:1]))
            loose = open_to_rounding.get(key, np.zeros(np.shape(value), bool))
            worst = max(_difference(a, b, loose[: len(b)]) for a, b in pairs)
            told[key] = max(told.get(key, 0.0), worst)
    return told, json.loads(str(found["milliseconds"]))


def run(*arguments: str) -> str:
    """Run IMPORTS and CODE in a new process; return what went wrong, or an empty string."""
    command = [sys.executable, "-I", "-c", IMPORTS + CODE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def _difference(found: np.ndarray, expected: np.ndarray, loose: np.ndarray) -> float:
    if found.dtype == bool:
        return float(((found != expected) & ~loose).any())
    return float(np.abs(found - expected).max())
