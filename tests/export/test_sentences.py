"""What a model says: ids to text in TensorFlow as the run reads them, and the loop in an export."""

import dataclasses

import jax
import numpy as np
import pytest

from affectjax.data import byte_pairs, reasons
from affectjax.export import sentences, signatures, stablehlo, texts
from experiments.sevlm import learns


@pytest.mark.parametrize("form", [reasons.named(reasons.WORDS), learns.form()], ids=["all", "few"])
def test_tensorflow_writes_generated_ids_as_the_run_does(form, tmp_path):
    """Ids by chance, many of them bytes that make no UTF-8; then blanks of all kinds at ends."""
    import tensorflow as tf

    g = np.random.default_rng(0)
    ids = np.where(g.random((200, 12)) < 0.5, g.integers(0, 256, (200, 12)), 0)
    ids = np.where(ids == 0, g.integers(0, form.size, ids.shape), ids)
    ids[g.random(ids.shape) < 0.1] = form.because
    ids[g.random(ids.shape) < 0.05] = form.start
    cut = [
        byte_pairs.encode(text, form.pairs) for text in (" awe\u3000", " été ½ \x1f\n\xa0\u2028")
    ]
    path = tmp_path / sentences.PIECES
    path.write_text(sentences.pieces(form), encoding="utf-8")
    known = texts.table(str(path), of_ids=True)
    for rows in (ids, np.array([[*cut[0], form.because, *cut[1], form.start, 7, form.pad]])):
        each = sentences.text(tf.constant(rows, tf.int32), known, form)
        told = [tuple(x.numpy()[i].decode() for x in each) for i in range(len(rows))]
        assert told == [reasons.decode(row, form) for row in rows]
    assert told == [("awe", "été ½")]


@pytest.mark.parametrize("how", ["nucleus", "beam"])
def test_what_is_said_is_lowered_for_any_batch(how):
    task, (batch, _) = learns.task(), learns.paintings(0, 2)
    task = dataclasses.replace(task, saying=dataclasses.replace(task.saying, how=how))
    params = signatures.flat(jax.eval_shape(task.init, jax.random.key(0), batch)["params"])
    serve = signatures.every(task, {})["say"]
    lowered = stablehlo.lower(serve, params, {"image": batch["image"]})
    assert str(lowered.out_avals[0]) == f"int32[b,{task.saying.length}]"
