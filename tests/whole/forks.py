"""Processes to start and kill, forked from one that has imported what training needs.

TensorFlow, jax and the rest cost some 17 s of processor time in every new process, most of what a
tiny training costs; a fork has them at once. jax has not started its devices before the fork, so
each process is as good as a new one. How the program itself starts is tested by processes of its
own.
"""

import contextlib
import gc
import multiprocessing
import multiprocessing.forkserver
import os
import pathlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

# Not from tests.conftest: where a fork imports it, it has eight devices.
REPO = pathlib.Path(__file__).resolve().parent.parent.parent
_CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = ["tests.whole.walk", "tensorflow", "tensorflow_datasets"]


def serve(env: Mapping[str, str]) -> None:
    """Start the process to fork from in this environment; it lives as long as this one."""
    _CONTEXT.set_forkserver_preload(_IMPORTED)
    with mock.patch.dict(os.environ, env):
        multiprocessing.forkserver.ensure_running()


@contextlib.contextmanager
def started(said: pathlib.Path, function: Callable, *args: Any) -> Iterator[Any]:
    """A process that calls `function` and writes what it prints into the file `said`."""
    process = _CONTEXT.Process(target=_call, args=(said, function, args), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def run(said: pathlib.Path, function: Callable, *args: Any) -> None:
    """Call a function in a process of its own, which must end well."""
    with started(said, function, *args) as process:
        process.join()
        assert process.exitcode == 0, said.read_text()[-3000:]


def command(said: pathlib.Path, *flags: str) -> tuple[int, str]:
    """Exit code and output of `python -m affectjax.main FLAGS`, its output also in `said`."""
    said.unlink(missing_ok=True)
    with started(said, _main, flags) as process:
        process.join()
        return process.exitcode, said.read_text()


def killed(said: pathlib.Path, step: int, wait: float, function: Callable, *args: Any) -> None:
    """Train in a process of its own and SIGKILL it `wait` s after it tells of a step or a later."""
    said.unlink(missing_ok=True)
    with started(said, function, *args) as process:
        while not (said.exists() and _step(said.read_text()) >= step):
            assert process.exitcode is None, said.read_text()[-3000:]
            time.sleep(0.002)
        time.sleep(wait)


def _main(flags: tuple[str, ...]) -> None:
    from absl import app

    from affectjax import main

    app.run(main.main, argv=["affectjax.main", *flags])


def _step(text: str) -> int:
    return max(map(int, re.findall(r"^step (\d+)/", text, re.MULTILINE)), default=0)


def _call(said: pathlib.Path, function: Callable, args: tuple) -> None:
    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(REPO)
    gc.set_threshold(200_000, 20, 100)  # as in tests.conftest
    function(*args)
