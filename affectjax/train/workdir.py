"""The folder of a run: made, writable, and of one process at a time."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator
from typing import IO

import jax

LOCK = ".lock"


@contextlib.contextmanager
def claimed(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """The folder, made where it is missing, held against other trainings while open.

    The hold is an advisory lock of process 0 on `<path>/.lock`; the system lets go of it when the
    process ends, however it ends.

    Raises:
      NotADirectoryError: a file lies at the path or above it.
      PermissionError: the folder cannot be made or written.
      BlockingIOError: another process trains there.
    """
    folder = pathlib.Path(path)
    if jax.process_index():
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
        yield folder


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
