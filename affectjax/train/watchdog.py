"""A watch on the loop: too long without a step ends the process, with the stacks of all threads."""

import contextlib
import faulthandler
import os
import pathlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import IO, TypeVar

import jax

from affectjax.train import hosts, rollcall

STUCK = 77  # exit code: no step for too long; look at the stacks, then run again
COMPILING = 1800.0  # seconds more for what may compile
_GRACE = 5.0  # seconds in which the other processes, stuck with this one, write theirs
_T = TypeVar("_T")


class Watchdog:
    """Ends the process `seconds` after the last sign of progress; 0 seconds watch nothing."""

    def __init__(self, seconds: float, folder: str | os.PathLike[str]) -> None:
        self._seconds = seconds
        self._path = pathlib.Path(folder) / f"stuck-{jax.process_index()}.txt"
        self._deadline = time.monotonic() + seconds + COMPILING
        self._over = threading.Event()

    def progress(self, more: float = 0.0) -> None:
        """The loop got on; `more` seconds for what comes next."""
        self._deadline = time.monotonic() + self._seconds + more

    def over(self, items: Iterable[_T]) -> Iterator[_T]:
        """The items, each a sign of progress; before the first, a program may be compiled."""
        self.progress(COMPILING)
        for number, item in enumerate(items):
            yield item
            self.progress(COMPILING if number == 0 else 0.0)

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._seconds / 4)):
            if time.monotonic() > self._deadline:
                self._end()

    def _end(self) -> None:
        with contextlib.suppress(OSError), self._path.open("w") as file:
            _dump(file)
        _dump(sys.stderr)
        text = (
            f"no step for {self._seconds:.0f} s (config.train.stuck_after): process "
            f"{jax.process_index()} of {jax.process_count()} is stuck. Where each of its threads "
            f"was stands above and in {self._path}"
        )
        time.sleep(_GRACE if jax.process_count() > 1 else 0)
        hosts.tell(STUCK, text)
        rollcall.end(STUCK, text)


def _dump(file: IO[str]) -> None:
    file.flush()
    faulthandler.dump_traceback(file, all_threads=True)
    file.flush()


@contextlib.contextmanager
def watching(seconds: float, folder: str | os.PathLike[str]) -> Iterator[Watchdog]:
    """A watchdog at work while open."""
    dog = Watchdog(seconds, folder)
    if seconds:
        threading.Thread(target=dog._watch, name="affectjax-watchdog", daemon=True).start()
    try:
        yield dog
    finally:
        dog._over.set()
