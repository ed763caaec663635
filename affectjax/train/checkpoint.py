"""Checkpoints of Orbax: state, data position and resolved config together; best and last kept."""

import os
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp
from absl import logging
from orbax.checkpoint.checkpoint_managers import preservation_policy as keep

from affectjax import config as config_lib


def manager(workdir: str | os.PathLike[str], metric: str, mode: str = "max") -> Any:
    """A CheckpointManager on `<workdir>/checkpoints` that keeps the last and the best by metric.

    `mode` is "max" or "min". Saving is asynchronous and atomic: a step's folder appears under its
    final name only when it is complete, so a killed process never leaves a half-written one.
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
        enable_async_checkpointing=True,
        cleanup_tmp_directories=True,
    )
    folder = pathlib.Path(workdir).resolve() / "checkpoints"
    return ocp.CheckpointManager(folder, options=options)


def save(
    mgr: Any, step: int, state: Any, config: Any, metrics: Mapping[str, float] | None = None
) -> None:
    """Start to save the state, the data position (the next step) and the resolved config."""
    meta = {"next_step": step, "config": config_lib.to_plain(config)}
    args = ocp.args.Composite(state=ocp.args.StandardSave(state), meta=ocp.args.JsonSave(meta))
    mgr.save(step, args=args, metrics=dict(metrics) if metrics else None, force=True)


def restore(mgr: Any, abstract: Any, step: int | None = None) -> tuple[Any, dict[str, Any]]:
    """The state at `step` (default: the last) on the shardings of `abstract`, and its meta.

    `abstract` is a tree of `jax.ShapeDtypeStruct` with shardings of *this* mesh, so a run may
    come back on other devices than it left.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: the checkpoint's tree or shapes differ from the configured model.
    """
    step = mgr.latest_step() if step is None else step
    if step is None:
        raise FileNotFoundError(f"no checkpoint in {mgr.directory}; train first (--mode=train)")
    args = ocp.args.Composite(state=ocp.args.StandardRestore(abstract), meta=ocp.args.JsonRestore())
    try:
        restored = mgr.restore(step, args=args)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{mgr.directory}/{step} does not fit the configured model: {error}\n"
            "Use the config it was trained with, or another --workdir."
        ) from error
    return restored["state"], restored["meta"]


def restore_params(workdir: str | os.PathLike[str], ema: bool = True, best: bool = True) -> Any:
    """Parameters of another run's checkpoint (its average where kept), as NumPy arrays.

    Raises:
      FileNotFoundError: no checkpoint there.
    """
    logging.set_verbosity(logging.ERROR)
    folder = pathlib.Path(workdir).resolve() / "checkpoints"
    if not folder.is_dir():
        raise FileNotFoundError(f"no checkpoints in {workdir}; train that run first")
    with ocp.CheckpointManager(folder, options=ocp.CheckpointManagerOptions(read_only=True)) as mgr:
        step = (mgr.best_step() if best else None) or mgr.latest_step()
        if step is None:
            raise FileNotFoundError(f"no complete checkpoint in {folder}")
        state = mgr.restore(step, args=ocp.args.Composite(state=ocp.args.StandardRestore()))[
            "state"
        ]
    state = jax.tree.map(jax.device_get, state)
    return state["ema"] if ema and state.get("ema") is not None else state["params"]
