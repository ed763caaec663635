"""Batches of like length: every example once an epoch, from any start, and no text cut."""

import numpy as np
import pytest

from affectjax.data import lengths, pipeline
from affectjax.data.ops import text

OPS = (text.Tokens("letters", longest=32, buckets=(8, 16)),)
BATCH = 4
COUNT = lengths.WINDOW * BATCH
RNG = np.random.default_rng(0)
SOURCE = [
    {"text": b"a" * int(n), "clip_id": f"{i}".encode()}
    for i, n in enumerate(RNG.integers(0, 28, COUNT))
]


def _batches(start=0, stop=2 * lengths.WINDOW):
    source = lengths.grouped(SOURCE, OPS, BATCH)
    read = pipeline.train_batches(source, OPS, seed=3, batch=BATCH, start=start, stop=stop)
    return list(lengths.trimmed(read, OPS))


def test_each_epoch_holds_every_text_once_and_padding_shrinks():
    batches = _batches()
    ids = np.concatenate([b["clip_id"] for b in batches]).reshape(2, COUNT)
    everyone = sorted(pipeline.hash_id(e["clip_id"]) for e in SOURCE)
    assert [sorted(epoch) for epoch in ids.tolist()] == [everyone, everyone]
    assert ids[0].tolist() != ids[1].tolist()
    real = sum(int(b["token_length"].sum()) for b in batches)
    assert {b["tokens"].shape[1] for b in batches} == {8, 16, 32}
    assert real / sum(b["tokens"].size for b in batches) > 0.6  # of random batches about 0.5
    for b in batches:
        np.testing.assert_array_equal((b["tokens"] != 0).sum(1), b["token_length"])


def test_the_order_is_the_same_from_any_start():
    whole, rest = _batches(), _batches(start=37)
    for a, b in zip(whole[37:], rest, strict=True):
        np.testing.assert_array_equal(a["tokens"], b["tokens"])
        np.testing.assert_array_equal(a["clip_id"], b["clip_id"])


def test_without_buckets_and_on_several_hosts_nothing_changes():
    plain = (text.Tokens("letters", longest=32),)
    assert lengths.grouped(SOURCE, plain, BATCH) is SOURCE
    (batch,) = lengths.trimmed(iter([{"tokens": np.ones((2, 32), np.int32)}]), OPS, hosts=2)
    assert batch["tokens"].shape == (2, 32)
    with pytest.raises(ValueError, match=r"buckets \[8, 8\] do not rise to below longest = 16"):
        text.Tokens("letters", longest=16, buckets=(8, 8))
