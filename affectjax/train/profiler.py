"""Traces of a few steps: of those that the config names, and whenever somebody asks."""

import contextlib
import pathlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

WISH = "profile.now"  # a file in the work directory: trace as many steps as stand in it
STEPS = 5  # where the file holds no number, and for SIGUSR1
_LOOK = 2.0  # seconds between two looks for the file


class Profiler:
    """Writes traces into <workdir>/profile, to be opened with xprof or TensorBoard.

    SIGUSR1 is heeded by the process that gets it, the file `profile.now` by process 0, which
    removes it. A wish during a trace is heeded after it.
    """

    def __init__(
        self, first_last: Sequence[int], workdir: pathlib.Path, say: Callable[[str], None]
    ) -> None:
        self._first, self._last = first_last
        self._workdir, self._say = workdir, say
        self._until = 0  # the last step of the trace under way
        self._signals: list[int] = []
        self._looked = time.monotonic()

    def before(self, step: int) -> None:
        """Start a trace with this step, where one is due."""
        if self._until:
            return
        steps = self._last - step + 1 if step == self._first else self._asked()
        if steps:
            self._until = step + steps - 1
            jax.profiler.start_trace(str(self._workdir / "profile"))

    def after(self, step: int, outputs: Any) -> None:
        """End the trace whose last step this was; waits for what the step computes."""
        if self._until and step >= self._until:
            jax.block_until_ready(outputs)
            self.stop()
            self._say(f"profile up to step {step} in {self._workdir / 'profile'}")

    def stop(self) -> None:
        if self._until:
            self._until = 0
            jax.profiler.stop_trace()

    def _asked(self) -> int:
        if self._signals:
            self._signals.clear()
            return STEPS
        now = time.monotonic()
        if jax.process_index() or now - self._looked < _LOOK:
            return 0
        self._looked = now
        wish = self._workdir / WISH
        if not wish.exists():
            return 0
        text = wish.read_text().strip()
        wish.unlink()
        return max(int(text), 1) if text.isdigit() else STEPS


@contextlib.contextmanager
def tracing(
    first_last: Sequence[int], workdir: pathlib.Path, say: Callable[[str], None]
) -> Iterator[Profiler]:
    """A profiler that hears SIGUSR1 while open, and leaves no trace half done."""
    profiler = Profiler(first_last, workdir, say)
    before: Any = None
    with contextlib.suppress(ValueError):  # not the main thread: nobody to signal
        before = signal.signal(signal.SIGUSR1, lambda number, frame: profiler._signals.append(1))
    try:
        yield profiler
    finally:
        profiler.stop()
        if before is not None:
            signal.signal(signal.SIGUSR1, before)
