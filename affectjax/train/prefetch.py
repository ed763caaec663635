"""Batches put on the devices ahead of the step that reads them."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

_END = object()


def ahead(
    batches: Iterator[Any], put: Callable[[Any], Any], count: int
) -> Generator[Any, None, None]:
    """put(batch) of every batch, in order, up to `count` of them ready before they are asked for.

    A thread reads and puts, so the host's copy of the next batch goes on while a step computes.
    Order and content do not change, and nothing is to be kept for resuming: the step says where
    to go on. An error of `batches` or `put` is raised where its batch would have come. Closing the
    generator ends the thread. With 0 there is no thread.

    Raises:
      ValueError: a negative count.
    """
    if count < 0:
        raise ValueError(f"config.train.prefetch = {count}: batches ahead, 0 or more")
    if not count:
        yield from map(put, batches)
        return
    ready: queue.Queue[Any] = queue.Queue(count)
    stopped = threading.Event()

    def fill() -> None:
        try:
            for batch in batches:
                if not _offer(ready, (put(batch), None), stopped):
                    return
            _offer(ready, (_END, None), stopped)
        except BaseException as error:
            _offer(ready, (_END, error), stopped)

    thread = threading.Thread(target=fill, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            batch, error = ready.get()
            if error is not None:
                raise error
            if batch is _END:
                return
            yield batch
    finally:
        stopped.set()
        thread.join()


def _offer(ready: queue.Queue[Any], item: Any, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            ready.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
