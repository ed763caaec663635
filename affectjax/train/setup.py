"""From a config to what the loop runs: task, optimiser, jitted steps, a state on the mesh."""

import dataclasses
import math
import os
import pathlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import optax
from clu import parameter_overview
from jax.sharding import Mesh

from affectjax import config as config_lib
from affectjax.train import (
    activations,
    checkpoint,
    hosts,
    inputs,
    optim,
    optimizer_state,
    partition,
    shard,
    trainable,
)
from affectjax.train import state as state_lib
from affectjax.train import step as step_lib
from affectjax.weights import transfer


@dataclass(frozen=True)
class Run:
    """Everything that is built once from a config."""

    task: Any
    tx: optax.GradientTransformation
    trained: frozenset[str]
    spec: dict[str, jax.ShapeDtypeStruct]
    abstract: Any
    init: jax.stages.Wrapped
    train_step: jax.stages.Wrapped
    predict_step: jax.stages.Wrapped
    batch: dict[str, jax.ShapeDtypeStruct]
    put: Callable[[dict[str, np.ndarray]], dict[str, jax.Array]]
    overview: str
    parameters: str
    sharding: str


def prepare(config: Any, mesh: Mesh, spec: dict[str, jax.ShapeDtypeStruct]) -> Run:
    """Build the task and the optimiser, place the state by the rules, and jit the steps.

    `spec` is the shape and dtype of each key of the *global* batch. Nothing is computed on a
    device here; `init` of the result makes the first state.
    """
    shard.check_batch(mesh, config.train.batch // config.train.accum, "config.train.batch / accum")
    shard.check_batch(mesh, config.data.eval_batch, "config.data.eval_batch")
    task = config_lib.build(config.task, "config.task")
    _check_members(config)
    params = jax.eval_shape(lambda: _params(task, config.seed, spec))
    kept = trainable.names(params, config.train.trained, config.train.frozen)
    tx = optim.build(config, trainable.split(params, kept)[0])
    init = partial(_init, task, tx, config.seed, config.train.ema, kept, spec)
    shapes = jax.eval_shape(init)
    sharding = config_lib.to_plain(config.sharding)
    places = partition.param_shardings(shapes.params, mesh, sharding)
    state_places = optimizer_state.placed(
        partition.state_shardings(shapes, places),
        shapes,
        sharding["optimizer"],
        sharding["optimizer_memory"],
    )
    abstract = jax.tree.map(
        lambda s, place: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=place),
        shapes,
        state_places,
    )
    placed = activations.Placed(task, mesh, sharding["activations"])
    step = step_lib.train_step(
        placed,
        tx,
        seed=config.seed,
        accum=config.train.accum,
        ema_decay=config.train.ema,
        trained=kept,
        place=lambda g: jax.lax.with_sharding_constraint(g, trainable.split(places, kept)[0]),
        fetch=lambda state: optimizer_state.fetched(state, state_places),
        uphill=_uphill(config),
    )
    outputs = (state_places, shard.replicated(mesh))
    return Run(
        task=task,
        tx=tx,
        trained=kept,
        spec=spec,
        abstract=abstract,
        init=jax.jit(init, out_shardings=state_places),
        train_step=jax.jit(step, out_shardings=outputs, donate_argnums=0),
        predict_step=jax.jit(step_lib.predict_step(placed)),
        batch=shard.placed(spec, mesh),
        put=partial(shard.to_global, sharding=shard.batch_sharding(mesh)),
        overview=_overview(params, kept),
        parameters=parameter_overview.get_parameter_overview(params, include_stats=False),
        sharding=partition.table(abstract, mesh, sharding["preset"]),
    )


def restore_or_init(config: Any, run: Run, manager: Any) -> tuple[state_lib.State, int]:
    """The state to begin with and its step: the newest whole checkpoint, else a new state.

    A new state takes its weights from the run that `config.init` names, where it names one.
    """
    if manager.latest_step() is not None:
        state, meta = checkpoint.restore_newest(manager, run.abstract)
        return state, int(meta["next_step"])
    state = _first_state(run)
    if config.init:
        given = checkpoint.restore_params(config.init)
        params, told = transfer.take(given, state.params, config.init_fresh, config.init_drop)
        if hosts.main():
            print(f"weights from {config.init}: {told}", flush=True)
        places = jax.tree.map(lambda a: a.sharding, run.abstract.params)
        params = jax.device_put(params, places)
        part = trainable.split(params, run.trained)[0]
        ema = None if state.ema is None else jax.tree.map(lambda p: p + 0, part)
        state = dataclasses.replace(state, params=params, ema=ema)
    return state, 0


def _first_state(run: Run) -> state_lib.State:
    """A new state; while XLA compiles its program, the training step is traced and lowered.

    JAX keeps that for the first step. Of texts a batch is as long as it needs, so nobody knows yet.
    """
    with ThreadPoolExecutor(1) as beside:
        init = beside.submit(run.init.lower().compile)
        if "tokens" not in run.batch:
            run.train_step.lower(run.abstract, run.batch)
        return init.result()()


def trained(
    config: Any,
    workdir: str | os.PathLike[str],
    mesh: Mesh,
    which: Sequence[str] = ("selected",),
) -> tuple[Run, dict[str, tuple[int, state_lib.State]]]:
    """A run to ask, and its checkpoints {"selected" or "last": (step, state)} on the mesh.

    "selected" is the one that config.select chose, or the last where none was evaluated yet.
    Nothing in the workdir is changed, so it may still be training. Call it within
    `jax.set_mesh(mesh)`.

    Raises:
      FileNotFoundError: the workdir holds no checkpoint.
      ValueError, checkpoint.CheckpointError: as `checkpoint.restore`.
    """
    if not (pathlib.Path(workdir) / "checkpoints").is_dir():
        raise FileNotFoundError(f"--workdir={workdir} holds no checkpoints; run --mode=train first")
    select = config.select
    with checkpoint.manager(workdir, select.metric, select.mode, read_only=True) as manager:
        run = prepare(config, mesh, inputs.example_spec(config))
        last = manager.latest_step()
        steps = {"selected": manager.best_step() or last, "last": last}
        restored = {
            name: (int(steps[name] or 0), checkpoint.restore(manager, run.abstract, steps[name])[0])
            for name in which
        }
    return run, restored


def _check_members(config: Any) -> None:
    """Refuse an ensemble whose members would be clipped together and decayed by a rank too many."""
    many, told = "members" in config.task, bool(config.optimizer.get("members", False))
    if many != told:
        raise ValueError(
            f"config.optimizer.members = {told}, but config.task is {'' if many else 'not '}an "
            f"ensemble: set --config.optimizer.members={many}"
        )


def _uphill(config: Any) -> Callable[[Any, Any], Any] | None:
    """Where the gradients of a step are taken, None for where the parameters are.

    Raises:
      ValueError: a radius below 0.
    """
    radius, members = config.train.sharpness, bool(config.optimizer.get("members", False))
    if radius < 0:
        raise ValueError(f"config.train.sharpness = {radius}: a radius, 0 for none")
    return partial(optim.uphill, radius=radius, members=members) if radius else None


def _params(task: Any, seed: int, spec: dict[str, jax.ShapeDtypeStruct]) -> Any:
    variables = task.init(jax.random.key(seed), spec)
    if set(variables) != {"params"}:
        raise ValueError(f"the loop holds parameters only, the model also has {set(variables)}")
    return variables["params"]


def _init(
    task: Any,
    tx: optax.GradientTransformation,
    seed: int,
    ema: float,
    kept: frozenset[str],
    spec: dict[str, jax.ShapeDtypeStruct],
) -> state_lib.State:
    return state_lib.create(_params(task, seed, spec), tx, ema, kept)


def _overview(params: Any, kept: frozenset[str]) -> str:
    """A line per top-level module with its number of parameters, the total, and the trained."""
    rows = {k: sum(math.prod(p.shape) for p in jax.tree.leaves(v)) for k, v in params.items()}
    lines = [f"  {name:<24} {count:>12,}" for name, count in rows.items()]
    lines.append(f"  {'total':<24} {sum(rows.values()):>12,}")
    if len(kept) < len(jax.tree.leaves(params)):
        lines.append(f"  trained: {trainable.told(params, kept)}")
    return "\n".join(["parameters", *lines])
