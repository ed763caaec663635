"""Checkpoints of Orbax: state, data position and resolved config together; best and last kept."""

import contextlib
import itertools
import logging as std_logging
import os
import pathlib
import sys
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from orbax.checkpoint.checkpoint_managers import preservation_policy as keep

from affectjax import config as config_lib
from affectjax.train import checksum, hosts, trainable
from affectjax.train import state as state_lib


class CheckpointError(RuntimeError):
    """A checkpoint that could not be written, or did not come back as it was written."""


def manager(
    workdir: str | os.PathLike[str], metric: str, mode: str = "max", read_only: bool = False
) -> Any:
    """A CheckpointManager on `<workdir>/checkpoints` that keeps the last and the best by metric.

    `mode` is "max" or "min"; `read_only` is for those who look at a run that may still be training,
    whose half-written saves are not theirs to clean up. Saving is asynchronous and atomic: a step's
    folder appears under its final name only when it is complete, so a killed process never leaves a
    half-written one.
    """
    logging.set_verbosity(logging.ERROR)  # Orbax logs some 60 lines a save
    best = keep.BestN(
        get_metric_fn=lambda metrics: metrics[metric],
        reverse=mode == "min",
        n=1,
        keep_checkpoints_without_metrics=False,
    )
    options = ocp.CheckpointManagerOptions(
        best_fn=lambda metrics: metrics[metric],
        best_mode=mode,
        preservation_policy=keep.AnyPreservationPolicy([keep.LatestN(2), best]),
        enable_async_checkpointing=not read_only,
        cleanup_tmp_directories=not read_only,
        read_only=read_only,
    )
    folder = pathlib.Path(workdir).resolve() / "checkpoints"
    return ocp.CheckpointManager(folder, options=options)


def save(
    mgr: Any, step: int, state: Any, config: Any, metrics: Mapping[str, float] | None = None
) -> None:
    """Start to save the state, its checksums, the data position (the next step) and the config.

    Raises:
      CheckpointError: this save, or one still under way, failed; names the whole ones.
    """
    meta = {
        "next_step": step,
        "config": config_lib.to_plain(config),
        "checksums": checksum.of(state),
    }
    args = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
    with _saving(mgr, step):
        mgr.save(step, args=args, metrics=dict(metrics) if metrics else None, force=True)


def wait(mgr: Any) -> None:
    """Until everything that `save` started is on disk.

    Raises:
      CheckpointError: as `save`.
    """
    with _saving(mgr, None):
        mgr.wait_until_finished()


@contextlib.contextmanager
def _saving(mgr: Any, step: int | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Orbax and TensorStore raise what they please
        whole = sorted(mgr.all_steps(read=True))
        raise CheckpointError(
            f"could not save {f'step {step}' if step else 'the last checkpoint'} in "
            f"{mgr.directory}: {_reason(error)}\nWhole there: {whole or 'none'}. Make room or "
            "mend the folder; the same command then goes on from the last whole one."
        ) from None


def restore(mgr: Any, abstract: Any, step: int | None = None) -> tuple[Any, dict[str, Any]]:
    """The state at `step` (default: the last) on the shardings of `abstract`, and its meta.

    `abstract` is a tree of `jax.ShapeDtypeStruct` with shardings of *this* mesh, so a run may
    come back on other devices than it left. Every array is checked against its checksum.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: the checkpoint's arrays or shapes differ from the configured model's.
      CheckpointError: the checkpoint is damaged.
    """
    step = mgr.latest_step() if step is None else step
    if step is None:
        raise FileNotFoundError(f"no checkpoint in {mgr.directory}; train first (--mode=train)")
    folder = pathlib.Path(mgr.directory) / str(step)
    args = ocp.args.Composite(state=ocp.args.StandardRestore(abstract), meta=ocp.args.JsonRestore())
    try:
        restored = mgr.restore(step, args=args)
    except Exception as error:  # Orbax and TensorStore raise what they please
        reason, other = _reason(error), _misfits(folder, abstract)
        if other:
            raise ValueError(
                f"{folder} does not fit the configured model: {other}\n"
                "Use the config it was trained with, or another --workdir."
            ) from None
        raise _damaged(mgr, folder, reason) from None
    _check_sums(mgr, folder, restored["state"], restored["meta"])
    return restored["state"], restored["meta"]


def restore_newest(mgr: Any, abstract: Any) -> tuple[Any, dict[str, Any]]:
    """As `restore`, from the newest checkpoint that is whole.

    Damaged ones after it are told of and moved to `<workdir>/damaged/<step>`, out of the way of the
    run, which reaches their steps again; nothing is deleted.

    Raises:
      CheckpointError: none is whole; nothing is moved.
    """
    passed: dict[int, str] = {}
    for step in sorted(mgr.all_steps(), reverse=True):
        found, why = None, "another process could not read it"
        try:
            found = restore(mgr, abstract, step)
        except CheckpointError as error:
            why = str(error).splitlines()[0]
        if hosts.all_of(found is not None) and found is not None:
            _move_aside(mgr, passed, step)
            return found
        passed[step] = why
    if passed:
        raise CheckpointError(
            f"no checkpoint in {mgr.directory} is whole:\n"
            + "\n".join(f"- step {step}: {why}" for step, why in passed.items())
            + "\nCopy one again from where it came, or train in another --workdir."
        )
    return restore(mgr, abstract)  # says that there is none


def _move_aside(mgr: Any, passed: Mapping[int, str], good: int) -> None:
    folder = pathlib.Path(mgr.directory)
    for step, why in passed.items():
        if hosts.main():
            (folder.parent / "damaged").mkdir(exist_ok=True)
            numbers = (f"{step}" if i == 1 else f"{step}-{i}" for i in itertools.count(1))
            paths = (folder.parent / "damaged" / name for name in numbers)
            place = next(path for path in paths if not path.exists())
            (folder / str(step)).rename(place)
            print(
                f"WARNING: checkpoint {step} was passed over and moved to {place}: {why}\n"
                f"WARNING: going on from step {good}, the newest whole one",
                flush=True,
            )
    if passed:
        hosts.barrier("moved aside")
        mgr.reload()


def restore_params(workdir: str | os.PathLike[str], ema: bool = True, best: bool = True) -> Any:
    """Parameters of another run's checkpoint (its average where kept), as NumPy arrays.

    Raises:
      FileNotFoundError: no checkpoint there.
      CheckpointError: the checkpoint is damaged.
    """
    logging.set_verbosity(logging.ERROR)
    folder = pathlib.Path(workdir).resolve() / "checkpoints"
    if not folder.is_dir():
        raise FileNotFoundError(f"no checkpoints in {workdir}; train that run first")
    with ocp.CheckpointManager(folder, options=ocp.CheckpointManagerOptions(read_only=True)) as mgr:
        step = (mgr.best_step() if best else None) or mgr.latest_step()
        if step is None:
            raise FileNotFoundError(f"no complete checkpoint in {folder}")
        args = ocp.args.Composite(state=ocp.args.StandardRestore(), meta=ocp.args.JsonRestore())
        try:
            restored = mgr.restore(step, args=args)
        except Exception as error:  # Orbax and TensorStore raise what they please
            raise _damaged(mgr, folder / str(step), _reason(error)) from None
        _check_sums(mgr, folder / str(step), restored["state"], restored["meta"])
    state = jax.tree.map(jax.device_get, restored["state"])
    average = state.get("ema") if ema else None
    return state["params"] if average is None else trainable.join(state["params"], average)


def write_params(
    workdir: str | os.PathLike[str], params: Any, metric: str, origin: Mapping[str, str]
) -> None:
    """Write a work directory that holds these parameters at step 0 and nothing else: an `init`.

    `metric` is that of the runs which start from it, `origin` where the parameters come from.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    if (pathlib.Path(workdir) / "checkpoints").exists():
        raise FileExistsError(f"--workdir={workdir} holds checkpoints; name another folder")
    whole = state_lib.State(jnp.zeros((), jnp.int32), jax.tree.map(np.asarray, params), {})
    with manager(workdir, metric) as mgr:
        save(mgr, 0, whole, dict(origin))
        wait(mgr)


def _check_sums(mgr: Any, folder: pathlib.Path, state: Any, meta: Mapping[str, Any]) -> None:
    if "checksums" in meta:  # absent from checkpoints older than the checksums
        bad = checksum.differing(state, meta["checksums"])
        if bad:
            raise _damaged(mgr, folder, f"{len(bad)} arrays differ from what was saved: {bad[0]}")


def _misfits(folder: pathlib.Path, abstract: Any) -> str:
    """How the arrays on disk differ from those wanted, the first few; empty where they do not."""
    try:
        with ocp.PyTreeCheckpointer() as reader:
            tree = reader.metadata(folder / "state").item_metadata.tree
    except Exception:
        return ""  # not even its description can be read: damaged, not different
    found = {
        checksum.name(path): tuple(leaf.shape)
        for path, leaf in jax.tree.leaves_with_path(tree, is_leaf=lambda x: hasattr(x, "shape"))
    }
    wanted = {checksum.name(p): tuple(x.shape) for p, x in jax.tree.leaves_with_path(abstract)}
    names = [k for k in {**wanted, **found} if found.get(k) != wanted.get(k)]
    told = [f"{k} is {found.get(k, 'absent')}, not {wanted.get(k, 'wanted')}" for k in names[:3]]
    return "; ".join(told) + (f"; and {len(names) - 3} more" if len(names) > 3 else "")


def _damaged(mgr: Any, folder: pathlib.Path, why: str) -> CheckpointError:
    others = [s for s in sorted(mgr.all_steps()) if str(s) != folder.name]
    remedy = (
        f"--mode=train passes over it to step {others[-1]}; or move {folder} away"
        if others
        else "copy it again from where it came, or train in another --workdir"
    )
    return CheckpointError(f"{folder} is damaged: {why}\nTo mend it: {remedy}.")


def _reason(error: BaseException) -> str:
    """The first line of what began it; and quiet for the coroutines that Orbax leaves behind.

    They hold each other's tracebacks, and would print hundreds of lines as they are collected or
    as Python ends, under which the error itself drowns.
    """
    std_logging.getLogger("asyncio").setLevel(std_logging.CRITICAL)
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if not isinstance(unraisable.object, Coroutine):
            before(unraisable)

    sys.unraisablehook = hook
    first, seen = error, error.__cause__ or error.__context__
    while seen is not None:
        first, seen = seen, seen.__cause__ or seen.__context__
    text = (str(first).strip() or repr(first)).splitlines()[0]
    return f"{type(first).__name__}: {text[:500]}"
