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
folder, given, written, calls, names, parts = sys.argv[1:]
model = tf.saved_model.load(folder)
with np.load(given) as file:
    clips = {k: file[k] for k in file.files}
texts = np.array([text.encode() for text in clips.pop("text").tolist()], object)
timed = "predict_text" if len(texts) else "predict"
out, milliseconds = {}, {}
for name in names.split(","):
    for part, rows in json.loads(parts).items():
        taken = {"text": texts} if name.endswith("_text") else clips
        taken = {k: v[rows] for k, v in taken.items()}
        for key, length in (("audio", "audio_length"), ("tokens", "token_length")):
            if key in taken:  # of any length: what lies behind the longest is left out
                taken[key] = taken[key][:, : taken[length].max()]
        taken = {k: tf.constant(v) for k, v in taken.items()}
        said = model.signatures[name](**taken)
        for k, v in said.items():
            v = v.numpy()
            out[f"{name}/{part}/{k}"] = v.astype("S") if v.dtype == object else v
        times = []
        for _ in range(int(calls) if name == timed else 0):
            start = time.perf_counter()
            next(iter(model.signatures[name](**taken).values())).numpy()
            times.append(1e3 * (time.perf_counter() - start))
        if times:
            milliseconds[part] = float(np.median(times))
np.savez(written, milliseconds=json.dumps(milliseconds), **out)
"""


def compare(
    folder: pathlib.Path,
    clips: Mapping[str, np.ndarray],
    expected: Mapping[str, Mapping[str, np.ndarray]],
    open_to_rounding: Mapping[str, np.ndarray],
    parts: Mapping[str, Sequence[int]],
    texts: Sequence[str] = (),
) -> tuple[dict[str, float], dict[str, float]]:
    """(largest difference by output, median milliseconds of a call by part).

    `expected` are outputs by signature; one that ends with "_text" is asked about `texts`, which
    are the clips before their tokens were made, and is then the one timed, else `predict`. `parts`
    are rows that are asked about together, by what the card calls them. Of a bool output
    and of text the difference is 1 where any entry differs, but for those which `open_to_rounding`
    marks by output: a threshold is a validation clip's own probability.

    Raises:
      ValueError: TensorFlow could not load or run the model.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, out = pathlib.Path(scratch) / "in.npz", pathlib.Path(scratch) / "out.npz"
        np.savez(given, text=np.array(texts, str), **dict(clips))  # type: ignore[arg-type]
        rows = json.dumps({name: [*part] for name, part in parts.items()})
        wrong = run(str(folder), str(given), str(out), str(CALLS), ",".join(expected), rows)
        if wrong:
            raise ValueError(f"{folder} could not be used by TensorFlow:\n{wrong[-3000:]}")
        with np.load(out) as file:
            found = {k: file[k] for k in file.files}
    told: dict[str, float] = {}
    for name, outputs in expected.items():
        for key, value in outputs.items():
            value = np.asarray(value)
            loose = open_to_rounding.get(key, np.zeros(value.shape, bool))
            worst = max(
                _difference(found[f"{name}/{part}/{key}"], value[[*own]], loose[[*own]])
                for part, own in parts.items()
            )
            told[key] = max(told.get(key, 0.0), worst)
    return told, json.loads(str(found["milliseconds"]))


def parts(clips: Mapping[str, np.ndarray]) -> dict[str, Sequence[int]]:
    """All clips at once and the first alone, by how many that is: the batch is free."""
    count = len(next(iter(clips.values())))
    return {str(count): range(count), "1": [0]}


def run(*arguments: str) -> str:
    """Run IMPORTS and CODE in a new process; return what went wrong, or an empty string."""
    command = [sys.executable, "-I", "-c", IMPORTS + CODE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def _difference(found: np.ndarray, expected: np.ndarray, loose: np.ndarray) -> float:
    if found.dtype.kind in "bS":
        return float(((found != expected) & ~loose).any())
    return float(np.abs(found - expected).max())
