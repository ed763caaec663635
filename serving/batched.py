"""A SavedModel as functions that many threads may call at once: checked, then batched.

Requests are put together by TensorFlow's own batch scheduler, the one of TensorFlow Serving: calls
that wait at the same time run as one, padded to a batch size that was compiled before.
"""

import itertools
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# What counts what, and the least of it that the signature takes.
LENGTHS = {"audio_length": ("audio", 1025), "token_length": ("tokens", 1)}
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Limits:
    """What one request and the queue may hold.

    Attributes:
      buckets: batch sizes that are compiled at the start; the last is the largest batch.
      wait: seconds that a request waits for others to share a batch.
      queue: batches that may wait; beyond it requests are refused at once.
      rows: most rows of one request, which is cut into batches.
    """

    buckets: Sequence[int] = (1, 2, 4, 8)
    wait: float = 0.002
    queue: int = 32
    rows: int = 64


@dataclass(frozen=True)
class Tensor:
    """Name, dtype and shape behind the batch; `longest` where rows may be shorter, as sound is.

    Text is of dtype object, each entry the bytes of a text, `bytes` at most; of token ids `below`
    bounds them.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    longest: int = 0
    below: int = 0
    bytes: int = 0

    @property
    def padded(self) -> tuple[int, ...]:
        """The shape that batches have."""
        return (self.longest,) if self.longest else self.shape


@dataclass(frozen=True)
class Function:
    """One signature: what it takes, what it answers, and the call that does it."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    call: Callable[[Arrays], Arrays]


class BadRequest(ValueError):
    """Inputs that the model cannot be asked about, with the input's name and the remedy."""


def load(folder: pathlib.Path, names: Sequence[str], limits: Limits) -> dict[str, Function]:
    """Signatures of an export by name (none named: all), every batch size compiled, and of text
    every length.

    Raises:
      FileNotFoundError: no export there.
      ValueError: no such signature.
    """
    import tensorflow as tf

    path = folder / "assets" / "card.json"
    if not path.exists():
        raise FileNotFoundError(f"--model={folder}: no {path.name} in assets; run --mode=export")
    card = json.loads(path.read_text())
    model = tf.saved_model.load(str(folder))
    found = {}
    for name in names or card["signatures"]:
        if name not in card["signatures"]:
            raise ValueError(f"--signatures={name}: the export has {[*card['signatures']]}")
        taken = card.get("takes", {}).get(name, card["inputs"])
        inputs = tuple(tensor(k, of) for k, of in taken.items())
        outputs = tuple(tensor(k, of) for k, of in card["signatures"][name].items())
        call = _batched(model, name, inputs, [o.name for o in outputs], limits)
        lengths = card["batch"].get("lengths", (0,)) if _reads_text(inputs) else (0,)
        for rows, length in itertools.product(limits.buckets, lengths):
            call({t.name: _constant(t, inputs, rows, length) for t in inputs})
        found[name] = Function(inputs, outputs, call)
    return found


def check(inputs: Sequence[Tensor], given: Mapping[str, np.ndarray], limits: Limits) -> Arrays:
    """The inputs of a request as batches take them: sound and tokens padded to the longest.

    What one request breaks must not end the others of its batch, so all is checked before.

    Raises:
      BadRequest: names, dtypes, shapes, numbers of rows, or values out of bounds.
    """
    wanted = [t.name for t in inputs]
    if set(given) != set(wanted):
        raise BadRequest(f"inputs are {sorted(given)}; the model takes {sorted(wanted)}, all of it")
    rows = {len(given[name]) if given[name].ndim else 0 for name in wanted}
    if len(rows) != 1 or not 1 <= min(rows) <= limits.rows:
        counts = {name: given[name].shape for name in wanted}
        raise BadRequest(f"the first axis is the batch, the same 1 to {limits.rows}; got {counts}")
    for t in inputs:
        _check_shape(t, given[t.name].shape, given[t.name].dtype)
        _check_values(t, given[t.name])
    out = dict(given)
    for t in inputs:
        if t.name in LENGTHS:
            _check_lengths(t.name, given)
        if t.longest:
            short = t.longest - given[t.name].shape[1]
            out[t.name] = np.pad(given[t.name], ((0, 0), (0, short)))
    return out


def _check_values(t: Tensor, x: np.ndarray) -> None:
    if t.name == "audio" and not (np.abs(x) <= 1).all():  # NaN is not
        raise BadRequest("audio: finite and within [-1, 1]; divide int16 by 32768")
    if t.below and not (x.min() >= 0 and x.max() < t.below):
        raise BadRequest(
            f"{t.name}: ids of vocab.txt, 0 to {t.below - 1}; got {x.min()} to {x.max()}"
        )
    if t.dtype == object:
        for i, text in enumerate(x):
            _check_text(t, i, text)


def _check_text(t: Tensor, row: int, text: bytes) -> None:
    if t.bytes and len(text) > t.bytes:
        raise BadRequest(f"{t.name}: row {row} has {len(text)} bytes, at most {t.bytes}; cut it")
    try:
        blank = not text.decode().strip()
    except UnicodeDecodeError as error:
        raise BadRequest(f"{t.name}: row {row} is not UTF-8: {error.reason}") from None
    if blank:
        raise BadRequest(f"{t.name}: row {row} is blank; leave it out")


def _check_lengths(name: str, given: Mapping[str, np.ndarray]) -> None:
    of, least = LENGTHS[name]
    length, most = given[name], given[of].shape[1]
    if length.min() < least or length.max() > most:
        raise BadRequest(
            f"{name}: at least {least} and at most the {most} of {of}; "
            f"got {length.min()} to {length.max()}"
        )


def _check_shape(t: Tensor, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if dtype != t.dtype:
        wanted = "text (BYTES)" if t.dtype == object else t.dtype
        raise BadRequest(f"{t.name}: the datatype is {wanted}, got {dtype}")
    if t.longest and (len(shape) != 2 or not shape[1] <= t.longest):
        raise BadRequest(
            f"{t.name}: shape (rows, n), n at most {t.longest}; got {shape}; cut what is longer"
        )
    if not t.longest and shape[1:] != t.shape:
        raise BadRequest(f"{t.name}: shape (rows, {', '.join(map(str, t.shape))}); got {shape}")


def _batched(
    model: Any, name: str, inputs: Sequence[Tensor], outputs: Sequence[str], limits: Limits
) -> Callable[[Arrays], Arrays]:
    import tensorflow as tf

    signature = model.signatures[name]

    @tf.nondifferentiable_batch_function(
        num_batch_threads=1,  # TensorFlow spreads one batch over the cores
        max_batch_size=limits.buckets[-1],
        batch_timeout_micros=int(1e6 * limits.wait),
        allowed_batch_sizes=list(limits.buckets),
        max_enqueued_batches=limits.queue,
        autograph=False,
    )
    def together(*tensors: Any) -> list[Any]:
        said = signature(**{t.name: x for t, x in zip(inputs, tensors, strict=True)})
        return [said[k] for k in outputs]

    shapes = [tf.TensorSpec((None, *t.padded), t.dtype) for t in inputs]
    function = tf.function(lambda *x: together(*x), input_signature=shapes, autograph=False)

    def call(given: Arrays) -> Arrays:
        said = function(*(tf.constant(given[t.name]) for t in inputs))
        return {k: x.numpy() for k, x in zip(outputs, said, strict=True)}

    call.model = model  # type: ignore[attr-defined]  # its variables live as long as the function
    return call


def tensor(name: str, of: Mapping[str, Any]) -> Tensor:
    """An input or output as card.json tells it."""
    dtype = np.dtype(object if of["dtype"] == "string" else of["dtype"])
    bounds = {k: of[k] for k in ("longest", "below", "bytes") if k in of}
    return Tensor(name, dtype, tuple(of["shape"][1:]), **bounds)


def _reads_text(inputs: Sequence[Tensor]) -> bool:
    return any(t.dtype == object or t.name == "tokens" for t in inputs)


def _constant(t: Tensor, inputs: Sequence[Tensor], rows: int, length: int) -> np.ndarray:
    """Rows of one value; texts and tokens of `length` tokens, two of them marks."""
    value: Any = b"a " * max(length - 2, 1) if t.dtype == object else 0
    if t.name in LENGTHS:
        value = length or next(i.longest for i in inputs if i.name == LENGTHS[t.name][0])
    return np.full((rows, *t.padded), value, t.dtype)
