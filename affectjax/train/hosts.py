"""Many processes as one run: where they are, how they start, wait for each other, and end.

With one process nothing here does anything.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import jax
import numpy as np
from jax._src import clusters
from jax.experimental import multihost_utils

from affectjax.train import rollcall

ADDRESS, COUNT, INDEX = "JAX_COORDINATOR_ADDRESS", "JAX_PROCESS_COUNT", "JAX_PROCESS_ID"
_FLAGS = "--coordinator=HOST:PORT --process_count=N --process_id=I"
_GRACE = 10.0  # seconds for word of a lost process to come, once a collective has failed
_NOTEBOOKS = ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE")  # one host, and no metadata to ask
_T = TypeVar("_T")
_member: list[rollcall.Member] = []  # the connection of this process, where there are others


@dataclass(frozen=True)
class Place:
    """This process among those of the run. `devices`: the local ones it may see, None for all."""

    coordinator: str
    count: int
    index: int
    devices: tuple[int, ...] | None = None


def place(
    coordinator: str = "", count: int | None = None, index: int | None = None
) -> Place | None:
    """Where this process stands: by flags, by the environment, or by the cluster; None if alone.

    The environment is JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT and JAX_PROCESS_ID; clusters are
    those that JAX knows (TPU slices by their metadata, GKE, SLURM, Open MPI), where they hold more
    than one process. `coordinator` "none" keeps a process alone wherever it runs.

    Raises:
      ValueError: only some of the three are given, or they do not fit each other.
    """
    if coordinator == "none":
        return None
    given = {
        "--coordinator": coordinator or os.environ.get(ADDRESS, ""),
        "--process_count": count if count is not None else os.environ.get(COUNT, ""),
        "--process_id": index if index is not None else os.environ.get(INDEX, ""),
    }
    missing = [name for name, value in given.items() if value == ""]
    if len(missing) == 3:
        return _in_cluster()
    if missing:
        raise ValueError(f"{', '.join(missing)} missing: give all of {_FLAGS}, or none")
    address, number, own = (str(value) for value in given.values())
    if not number.isdigit() or not own.isdigit() or not int(own) < int(number):
        raise ValueError(f"--process_id={own} --process_count={number}: ids are 0 to count - 1")
    if not address.rpartition(":")[0] or not address.rpartition(":")[2].isdigit():
        raise ValueError(f"--coordinator={address}: give HOST:PORT of process 0")
    return Place(address, int(number), int(own)) if int(number) > 1 else None


def _in_cluster() -> Place | None:
    if any(name in os.environ for name in _NOTEBOOKS):
        return None
    for kind in clusters.ClusterEnv._cluster_types:
        if kind.opt_in_only_method or (kind.__name__ == "K8sCluster" and not _indexed_job()):
            continue
        if kind.is_env_present():
            if kind.get_process_count() < 2:
                return None
            found = clusters.ClusterEnv.auto_detect_unset_distributed_params(
                None, None, None, None, None, 300
            )
            address, count, index, devices = found
            if address is None or count is None or index is None:
                raise ValueError(f"{kind.__name__} is here, but tells {found}; give {_FLAGS}")
            return Place(address, count, index, tuple(devices) if devices else None)
    return None


def _indexed_job() -> bool:
    return "JOB_COMPLETION_INDEX" in os.environ


@contextlib.contextmanager
def joined(
    where: Place | None, patience: float = 300.0, lost_after: float = 100.0
) -> Iterator[None]:
    """While open, JAX's devices are those of all processes of the run.

    A process that does not come within `patience` seconds, that dies, or that gives no sign of life
    for `lost_after` seconds ends all others with one message that names it and exit code
    `rollcall.LOST`; an error in one ends all others with its text and code 1.
    """
    if where is None:
        yield
        return
    _meet(where, patience, lost_after)
    try:
        yield
        left = 0
    except BaseException as error:
        code = error.code if isinstance(error, SystemExit) else None
        if not isinstance(code, int):
            _fail(error)
        left = code  # an agreed end, at the same step everywhere
    barrier("the end")
    _member.pop().leave()
    jax.distributed.shutdown()
    if left:
        sys.exit(left)


def _meet(where: Place, patience: float, lost_after: float) -> None:
    host, _, port = where.coordinator.rpartition(":")
    if where.index == 0:
        rollcall.Hub(int(port) - 1, where.count, patience, lost_after).start()
        host = "localhost"
    address = (host.strip("[]"), int(port) - 1)
    _member.append(rollcall.Member(address, where.index, where.count, patience, lost_after))
    barrier("roll call")
    _on_abort()
    jax.distributed.initialize(
        where.coordinator,
        where.count,
        where.index,
        where.devices,
        cluster_detection_method="deactivate",
        initialization_timeout=int(patience),
        heartbeat_timeout_seconds=int(lost_after) + 60,  # the roll call knows sooner, and names
        shutdown_timeout_seconds=int(lost_after) + 60,
    )


def _fail(error: BaseException) -> NoReturn:
    """End this process for an error of its own, or for the loss that caused it, once known."""
    if isinstance(error, jax.errors.JaxRuntimeError):
        time.sleep(_GRACE)  # was it another's death? Then its name comes, and ends this process
    traceback.print_exception(error)
    tell(rollcall.FAILED, f"{type(error).__name__}: {error}")
    rollcall.end(rollcall.FAILED, f"process {jax.process_index()} failed; see the error above")


def barrier(name: str, value: Any = None) -> Any:
    """Wait for all processes; returns process 0's value (JSON)."""
    if _member:
        return _member[0].barrier(name, value)
    if jax.process_count() > 1:  # joined by the caller's own jax.distributed.initialize
        multihost_utils.sync_global_devices(name)
    return value


def first(name: str, work: Callable[[], _T]) -> _T:
    """The result of `work`, done by process 0 before the others begin.

    For what is written where others may look for it: on a shared disk they find it done, on disks
    of their own each does it, side by side.
    """
    if jax.process_count() == 1:
        return work()
    if jax.process_index() == 0:
        result = work()
        barrier(name)
        return result
    barrier(name)
    return work()


def all_of(flag: bool) -> bool:
    """Whether the flag is true in every process; a collective."""
    if jax.process_count() == 1:
        return flag
    return bool(np.all(multihost_utils.process_allgather(np.array(flag))))


def tell(code: int, text: str) -> None:
    """End the other processes, where there are any, with this one's message and code."""
    if _member:
        _member[0].fail(text, code)
        time.sleep(1)  # or this process's own end may reach them before the message


def main() -> bool:
    """Whether this process writes the run's files and console."""
    return jax.process_index() == 0


_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
_kept: list[Any] = []


def _on_abort() -> None:
    """XLA aborts as soon as process 0 is gone; let the message that says so come first.

    Python's own signal handlers run too late for an abort, hence C's.
    """

    def wait(number: int) -> None:
        time.sleep(_GRACE)  # the roll call's thread ends the process within moments, if it was that
        libc.signal(number, None)

    libc = ctypes.CDLL(None)
    _kept.append(_HANDLER(wait))
    libc.signal(int(signal.SIGABRT), _kept[-1])
