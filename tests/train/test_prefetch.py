"""Batches ahead of the step: same order, errors in their place, no thread left behind."""

import itertools
import threading
import time

import pytest

from affectjax.train import prefetch


def _threads():
    return [t for t in threading.enumerate() if t.name == "prefetch"]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_order_and_content_do_not_change(count):
    assert list(prefetch.ahead(iter(range(7)), lambda x: x * x, count)) == [x * x for x in range(7)]
    assert not _threads()


def test_no_more_than_count_wait_beside_the_one_in_hand():
    put = []
    batches = prefetch.ahead(itertools.count(), lambda x: put.append(x) or x, 2)
    assert next(batches) == 0
    limit = time.monotonic() + 5
    while len(put) < 4 and time.monotonic() < limit:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(put) == 4  # one handed out, two in the queue, one in the thread's hand
    batches.close()
    assert not _threads()


def test_an_error_comes_where_its_batch_would_have():
    def broken():
        yield 1
        raise OSError("the disk is gone")

    batches = prefetch.ahead(broken(), lambda x: x, 2)
    assert next(batches) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(batches)
    assert not _threads()


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match=r"train\.prefetch = -1"):
        next(prefetch.ahead(iter([]), lambda x: x, -1))
