"""A request to stop: SIGTERM, which launchers send before they take a machine away."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import jax
from jax.experimental import multihost_utils

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: not done, and well; run the same command again


class Stopped(SystemExit):
    """The run was asked to stop and has saved; ends the program with code 75, without a trace."""

    def __init__(self) -> None:
        super().__init__(STOPPED)


@contextlib.contextmanager
def asked() -> Iterator[Callable[[int], bool]]:
    """While open, a function of the step just done: whether to stop there.

    With many processes a signal to any one of them stops all, at a step that they agree on through
    JAX's preemption service.
    """
    if jax.process_count() > 1:
        yield multihost_utils.reached_preemption_sync_point
        return
    signals: list[int] = []
    try:
        before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))
    except ValueError:  # not the main thread (a notebook, a test): nobody to signal
        yield lambda step: False
        return
    try:
        yield lambda step: bool(signals)
    finally:
        signal.signal(signal.SIGTERM, before)
