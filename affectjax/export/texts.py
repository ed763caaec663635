"""Plain text into a text model's tokens by TensorFlow's own operations, as part of an export.

The WordPiece of `data.wordpiece` again, so that whoever serves the export needs neither a tokenizer
nor tensorflow-text. What a letter becomes depends on it alone: that rule is made into a table over
all of Unicode. Words are cut into the longest known pieces, all words of a batch at a time. These
operations run on the CPU, wherever the network runs.
"""

import functools
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from affectjax import config as config_lib
from affectjax.data import wordpiece
from affectjax.data.ops import text as text_ops
from affectjax.train import inputs

SIGNATURE = "predict_text"
SPEC = {"text": SimpleNamespace(shape=(1,), dtype="string")}  # as the specs of other inputs
ODD = ("“Naïve”, it's 9 o'clock in\t東京…🙂", "very " * 500)  # for the comparison with the run
BYTES = 1 << 16  # of a text, far beyond what a model reads: so much is spelled before it is cut
_SURROGATES = range(0xD800, 0xE000)
_ASSIGNED = (range(0x40000), range(0xE0000, 0xE1000))  # planes 4 to 13 and 15 on hold no letters
_KEPT, _DROPPED, _APART, _OTHER = range(4)


def reader(config: Any) -> text_ops.Tokens | None:
    """What reads the text of a run whose model reads text alone, or None."""
    ops = config_lib.build(config.data.eval_ops, "config.data.eval_ops")
    return next((op for op in ops if isinstance(op, text_ops.Tokens)), None)


def real(config: Any, op: text_ops.Tokens, count: int) -> list[str]:
    """The first texts of the validation split, and ODD ones."""
    source = inputs.open_split(config, config.select.split)
    held = [source[i][op.key] for i in range(min(count, len(source)))]
    said = [t.decode() if isinstance(t, bytes) else str(t) for t in held]
    return [*said, *ODD, *map(of_length, lengths(op.longest))]


def lengths(longest: int) -> list[int]:
    """Tokens that a batch may be padded to: a quarter, a half, and the whole of the longest text.

    >>> lengths(128)
    [32, 64, 128]
    """
    return sorted({max(longest // 4, 3), max(longest // 2, 3), longest})


def of_length(count: int) -> str:
    """A text of so many tokens by any vocabulary, its marks included; three at least."""
    return " ".join("a" * max(count - 2, 1))


def parts(rows: Mapping[str, np.ndarray]) -> dict[str, Sequence[int]]:
    """All texts at once, and one alone of each of `lengths`, by what the model card calls them."""
    longest = rows["tokens"].shape[1]
    found: dict[str, Sequence[int]] = {str(len(rows["tokens"])): range(len(rows["tokens"]))}
    for i, count in enumerate(rows["token_length"]):
        width = next(n for n in lengths(longest) if n >= count)
        found.setdefault(f"1 of up to {width} tokens", [i])
    return found


def read(op: text_ops.Tokens, texts: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The rows that the run itself makes of texts, and whether each was cut."""
    rows = [op.map({op.key: text}) for text in texts]
    whole, mask = wordpiece.encode(texts, text_ops.pieces(op.vocabulary), longest=1 << 30)
    del whole
    keys = ("tokens", "token_length")
    return {k: np.stack([row[k] for row in rows]) for k in keys}, mask.sum(1) > op.longest


def table(vocabulary: str, of_ids: bool = False) -> Any:
    """The ids, from 0, of a file's lines as a lookup table, which a SavedModel keeps as asset.

    Of other lines -1. With `of_ids` the lines by id, "" for other ids.
    """
    import tensorflow as tf

    line = (tf.string, tf.lookup.TextFileIndex.WHOLE_LINE)
    number = (tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
    given, told, other = (number, line, "") if of_ids else (line, number, -1)
    rows = tf.lookup.TextFileInitializer(vocabulary, *given, *told)
    return tf.lookup.StaticHashTable(rows, default_value=other)


def served(module: Any, longest: int, widest: int) -> Any:
    """The function of `text`: tokens by `module.vocabulary`, asked of `module.served`'s predict."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="text")], autograph=False)
    def predict_text(text: Any) -> Any:
        given, cut = tokens(text, module.vocabulary, longest, widest)
        return {**module.served["predict"](**given), "cut": cut}

    return predict_text


def tokens(text: Any, known: Any, longest: int, widest: int) -> tuple[dict[str, Any], Any]:
    """`tokens` (b, longest) and `token_length` (b) of texts (b), and whether each was cut.

    `known` is `table`, `widest` the letters of its longest piece. A blank row ends with
    InvalidArgument, and so does one that is not UTF-8 or has more than BYTES.
    """
    import tensorflow as tf

    check = tf.debugging
    checks = [
        check.assert_positive(
            tf.strings.length(tf.strings.strip(text)), message="text: a row is blank; leave it out"
        ),
        check.assert_less_equal(
            tf.strings.length(text), BYTES, message=f"text: at most {BYTES} bytes a row; cut it"
        ),
    ]
    with tf.control_dependencies(checks):
        text = tf.identity(text)
    # Each word has a token at least, so those after the first `longest` cannot matter.
    words = tf.strings.split(_spelled(text))[:, :longest]
    each = _pieces(words.flat_values, known, widest)
    ids = tf.cast(words.with_flat_values(each).merge_dims(1, 2), tf.int32)
    cut = ids.row_lengths() > longest - 2
    mark = tf.ones([tf.shape(text)[0], 1], tf.int32)
    first, last, none = (
        tf.cast(known.lookup(tf.constant(piece)), tf.int32) for piece in ("[CLS]", "[SEP]", "[PAD]")
    )
    whole = tf.concat([mark * first, ids[:, : longest - 2], mark * last], axis=1)
    padded = whole.to_tensor(default_value=none, shape=(None, longest))
    return {"tokens": padded, "token_length": tf.cast(whole.row_lengths(), tf.int32)}, cut


def _spelled(text: Any) -> Any:
    """Texts (b) with each letter as `wordpiece.spelled` has it."""
    import tensorflow as tf

    starts, kinds, codes, become = _unicode()
    letters = tf.strings.unicode_decode(text, "UTF-8", errors="strict")
    code = letters.flat_values
    kind = tf.gather(kinds, tf.searchsorted(starts, code, side="right") - 1)
    alone = tf.strings.unicode_encode(code[:, None], "UTF-8")
    at = tf.minimum(tf.searchsorted(codes, code), len(codes) - 1)
    out = tf.where(kind == _OTHER, tf.gather(become, at), alone)
    out = tf.where(kind == _APART, tf.strings.join([" ", alone, " "]), out)
    out = tf.where(kind == _DROPPED, "", out)
    return tf.strings.reduce_join(letters.with_flat_values(out), axis=1)


@functools.cache
def _unicode() -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Where runs of letters of one kind start, and their kinds; the other letters, their spelling.

    Ideographs are too many to be listed as other letters.
    """
    kinds = np.full(0x110000, _DROPPED, np.int32)
    other: dict[int, str] = {}
    for code in (code for codes in _ASSIGNED for code in codes if code not in _SURROGATES):
        letter = chr(code)
        spelled = wordpiece.spelled(letter)
        special = {letter: _KEPT, "": _DROPPED, f" {letter} ": _APART}
        kinds[code] = special.get(spelled, _OTHER)
        if kinds[code] == _OTHER:
            other[code] = spelled
    starts = np.concatenate([[0], 1 + np.flatnonzero(np.diff(kinds))]).astype(np.int32)
    return starts, kinds[starts], np.array([*other], np.int32), [*other.values()]


def _pieces(words: Any, known: Any, widest: int) -> Any:
    """Ids of the longest pieces of words (w) from the left, ragged (w, pieces)."""
    import tensorflow as tf

    length = tf.strings.length(words, unit="UTF8_CHAR")
    sizes = tf.range(widest, 0, -1)[None]  # the longest first

    def going(start: Any, unknown: Any, ids: Any) -> Any:
        del ids
        return tf.reduce_any((start < length) & ~unknown)

    def step(start: Any, unknown: Any, ids: Any) -> Any:
        inside = (start < length) & ~unknown
        wide = tf.zeros_like(start[:, None]) + sizes
        some = tf.strings.substr(words[:, None], start[:, None] + 0 * wide, wide, "UTF8_CHAR")
        mark = tf.where(start > 0, "##", "")[:, None]
        found = known.lookup(mark + some)
        best = tf.argmax(tf.cast(found >= 0, tf.int32), axis=1, output_type=tf.int32)
        id_ = tf.gather(found, best, batch_dims=1)
        taken = tf.where(inside, tf.minimum(widest - best, length - start), 0)
        ids = tf.concat([ids, tf.where(inside, id_, -1)[:, None]], axis=1)
        return start + taken, unknown | (inside & (id_ < 0)), ids

    # Every round adds a column, and -1 where a word has no more pieces.
    none = tf.zeros_like(length)
    begun = (none, length > wordpiece.LONGEST, tf.zeros([tf.shape(words)[0], 0], tf.int64))
    shapes = (none.shape, none.shape, tf.TensorShape([None, None]))
    _, unknown, ids = tf.while_loop(going, step, begun, shape_invariants=shapes)
    whole = tf.where(unknown, known.lookup(tf.constant("[UNK]")), -1)[:, None]
    ids = tf.concat([whole, tf.where(unknown[:, None], tf.constant(-1, tf.int64), ids)], axis=1)
    return tf.ragged.boolean_mask(ids, ids >= 0)
