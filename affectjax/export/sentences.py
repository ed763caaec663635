"""What a model says, from the ids that it generates to text by TensorFlow's own operations.

`data.reasons.decode` again, as part of an export, so that whoever serves it gets sentences and
needs no tokenizer. These operations run on the CPU, wherever the network runs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from affectjax.data import byte_pairs, reasons

SIGNATURE = "say"
PIECES = "pieces.txt"  # the asset that says what the ids of `said` are, in byte pairs' symbols
_SPACES = "".join(rf"\x{{{code:x}}}" for code in range(0x3001) if chr(code).isspace())
_ENDS = f"^[{_SPACES}]+|[{_SPACES}]+$"  # what str.strip takes away


def form(task: Any) -> reasons.Form | None:
    """The form of a task's texts, or None of one that does not answer in words."""
    return task.form if hasattr(task, "say") else None


def pieces(form: reasons.Form) -> str:
    """PIECES: a line an id, without the marks behind the vocabulary."""
    return "".join(f"{form.pairs.pieces[i]}\n" for i in range(len(form.pairs.ids)))


def texts(task: Any, ids: np.ndarray) -> dict[str, np.ndarray]:
    """What the task itself reads in ids (b, n): UTF-8 of emotion and reason (b)."""
    told = zip(*(task.text(row) for row in ids), strict=True)
    each = (np.array([text.encode() for text in part]) for part in told)
    return dict(zip(("emotion", "because"), each, strict=True))


def served(generate: Any, known: Any, form: reasons.Form) -> Any:
    """The function of `generate`'s inputs to its ids, and to the emotion and reason they write."""
    import tensorflow as tf

    def say(**given: Any) -> Mapping[str, Any]:
        ids = generate(**given)["said"]
        emotion, because = text(ids, known, form)
        return {"said": ids, "emotion": emotion, "because": because}

    return tf.function(say, autograph=False)


def text(ids: Any, known: Any, form: reasons.Form) -> tuple[Any, Any]:
    """Emotion and reason (b) of ids (b, n), by `texts.table`, as `reasons.decode` does."""
    import tensorflow as tf

    # How often each mark was seen, up to and with each id.
    ends, reasoned = (
        tf.cumsum(tf.cast(ids == mark, tf.int32), axis=1) for mark in (form.start, form.because)
    )
    first = (ids == form.because) & (reasoned == 1)
    written = known.lookup(tf.cast(ids, tf.int64))
    parts = (reasoned == 0, (reasoned > 0) & ~first)
    emotion, because = (_joined(tf.where(part & (ends == 0), written, "")) for part in parts)
    return emotion, because


def _joined(pieces: Any) -> Any:
    """The texts (b) of pieces (b, n), whose letters stand for bytes."""
    import tensorflow as tf

    symbols = byte_pairs.symbols()
    letters = {ord(symbol): bytes([byte]) for byte, symbol in symbols.items()}
    meant = tf.constant([letters.get(code, b"") for code in range(max(letters) + 1)])
    codes = tf.strings.unicode_decode(tf.strings.reduce_join(pieces, axis=1), "UTF-8")
    each = codes.with_flat_values(tf.gather(meant, codes.flat_values))
    whole = tf.strings.unicode_transcode(tf.strings.reduce_join(each, axis=1), "UTF-8", "UTF-8")
    return tf.strings.regex_replace(whole, _ENDS, "")
