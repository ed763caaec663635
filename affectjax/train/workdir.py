"""The folder of a run: made, writable, seen by all its processes, and of one run at a time."""

import contextlib
import fcntl
import os
import pathlib
import time
import uuid
from collections.abc import Iterator
from typing import IO

import jax

from affectjax.train import hosts

LOCK, MARK = ".lock", ".start"
_LAG = 15.0  # seconds that network storage may take to show a file of another host


@contextlib.contextmanager
def claimed(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """The folder, made where it is missing, held against other trainings while open.

    The hold is an advisory lock of process 0 on `<path>/.lock`; the system lets go of it when the
    process ends, however it ends.

    Raises:
      NotADirectoryError: a file lies at the path or above it.
      PermissionError: the folder cannot be made or written.
      BlockingIOError: another process trains there.
      FileNotFoundError: this process does not see the folder that process 0 writes.
    """
    folder = pathlib.Path(path)
    if not hosts.main():
        _see(folder, hosts.barrier("the work directory"))
        yield folder
        return
    with contextlib.closing(_open_lock(folder)) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(
                f"--workdir={folder}: another process trains there (it holds {folder / LOCK}); "
                "wait for it, stop it, or give this run a folder of its own"
            ) from error
        hosts.barrier("the work directory", _mark(folder))
        yield folder


def _mark(folder: pathlib.Path) -> str | None:
    """A word in a file that is this start's alone, where there are others to look for it."""
    if jax.process_count() == 1:
        return None
    word = uuid.uuid4().hex
    (folder / MARK).write_text(word)
    return word


def _see(folder: pathlib.Path, mark: str | None) -> None:
    deadline = time.monotonic() + _LAG
    while mark is not None:
        with contextlib.suppress(OSError):
            if (folder / MARK).read_text() == mark:
                return
        if time.monotonic() > deadline:
            raise FileNotFoundError(
                f"--workdir={folder} is not the folder that process 0 writes; give all processes "
                "the same folder, on storage that they share (all of them write checkpoints)"
            )
        time.sleep(0.2)


def _open_lock(folder: pathlib.Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / LOCK).open("w")
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"--workdir={folder}: the path, or a part of it, is a file; name a folder"
        ) from error
    except OSError as error:
        raise PermissionError(
            f"--workdir={folder} cannot be written ({error.strerror}); name a folder of yours"
        ) from error
