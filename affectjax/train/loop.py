"""The training loop: the only one, for every task on every mesh."""

import contextlib
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from affectjax import config as config_lib
from affectjax import memory
from affectjax.evals import stream
from affectjax.train import (
    checkpoint,
    hosts,
    inputs,
    prefetch,
    profiler,
    report,
    setup,
    shard,
    startup,
    stop,
    watchdog,
)
from affectjax.train import step as step_lib
from affectjax.train import workdir as workdir_lib

Config = Any


@dataclass(frozen=True)
class Aids:
    """What goes along with the loop."""

    manager: Any
    report: report.Report
    asked: Callable[[int], bool]
    watchdog: watchdog.Watchdog
    profiler: profiler.Profiler
    clock: startup.Clock


def train(config: Config, workdir: str | os.PathLike[str]) -> dict[str, float]:
    """Train `config` to its last step in `workdir`, going on from the last checkpoint there.

    Returns the values of the last periodic evaluation. The same call goes on after any end, to the
    same parameters, to the bit.

    Raises:
      Stopped: SIGTERM came (to one process of the run), and the step in hand was saved.
      ValueError: the config and the checkpoint, the data or the devices do not fit.
      FloatingPointError: a loss term or gradient is not finite; names it.
      CheckpointError: a checkpoint could not be saved, or none is whole.
      OSError: the folder cannot be written, or another process trains in it.
    """
    check_selection(config)
    with workdir_lib.claimed(workdir) as folder:
        return _train(config, folder)


def _train(config: Config, workdir: pathlib.Path) -> dict[str, float]:
    if hosts.main():
        (workdir / "config.json").write_text(config_lib.to_json(config))
    mesh = shard.make_mesh(config.mesh.to_dict())
    with (
        startup.Clock() as clock,
        startup.cached(config.train.compilation_cache, workdir),
        jax.set_mesh(mesh),
        checkpoint.manager(workdir, *_select(config)) as manager,
    ):
        spec = inputs.example_spec(config)
        clock.part("data")
        run = setup.prepare(config, mesh, spec)
        if hosts.main():
            (workdir / "parameters.txt").write_text(run.parameters)
            (workdir / "sharding.txt").write_text(run.sharding)
        state, start = setup.restore_or_init(config, run, manager)
        clock.part("state")
        with (
            contextlib.closing(_report(config, workdir, start)) as out,
            stop.asked() as asked,
            watchdog.watching(config.train.stuck_after, workdir) as dog,
            profiler.tracing(config.train.profile, workdir, out.say) as profile,
        ):
            _announce(out, run, start, config)
            aids = Aids(manager, out, asked, dog, profile, clock)
            state, values = _run(config, run, state, start, aids)
            checkpoint.wait(manager)
            if int(state.step) < config.train.steps:
                out.say(
                    f"stopped at step {int(state.step)} of {config.train.steps}; the same "
                    "command goes on from here"
                )
                raise stop.Stopped
    return values


def check_selection(config: Config) -> None:
    """Refuse to choose a checkpoint on a test split, under whatever name.

    Raises:
      ValueError: `config.select.split` shares data with the split named test and the config
        states no paper that did so.
    """
    chosen = config.select.split
    shared = (inputs.pieces(config, chosen) or {chosen}) & (
        inputs.pieces(config, "test") or {"test"}
    )
    if shared and not config.select.get("reproduces"):
        raise ValueError(
            f"config.select.split = {chosen!r} holds {', '.join(sorted(shared))} of the test "
            "split, which may not choose checkpoints; set it to a validation split, or "
            "config.select.reproduces to the paper that chose on test"
        )


def _run(
    config: Config, run: setup.Run, state: Any, start: int, aids: Aids
) -> tuple[Any, dict[str, float]]:
    steps, every, out = config.train.steps, config.train, aids.report
    batches = prefetch.ahead(inputs.train_batches(config, start), run.put, every.prefetch)
    values: dict[str, float] = {}
    window: list[dict[str, Any]] = []
    for step in range(start + 1, steps + 1):
        batch = _next(batches, out)
        aids.profiler.before(step)
        state, terms = shard.settled(run.train_step(state, batch))
        aids.profiler.after(step, terms)
        window.append(terms)
        if step == start + 1:
            jax.block_until_ready(terms)
            memory.give_back()  # what the compiler took
            out.startup(step, aids.clock.end("first step"))
        aids.watchdog.progress()
        last = aids.asked(step) or step == steps
        if last or step % every.log_every == 0 or step % every.eval_every == 0:
            out.train(step, _mean_of(window, state))
            window.clear()
        chosen = None
        if step % every.eval_every == 0 or step == steps:
            values = evaluate(config, run, state, aids.watchdog.over)
            out.evaluation(step, config.select.split, values)
            chosen = {config.select.metric: values[config.select.metric]}
        if last or chosen or step % every.checkpoint_every == 0:
            _check_finite(window, state)
            checkpoint.save(aids.manager, step, state, config, chosen)
        if last:
            break
    batches.close()
    return state, values


def evaluate(
    config: Config, run: setup.Run, state: Any, watched: Callable[[Any], Any] = iter
) -> dict[str, float]:
    """Scores of the selection split with the parameters that evaluation uses."""
    batches = watched(inputs.eval_batches(config, config.select.split))
    return stream.scores(run.task, run.predict_step, state.eval_params, batches, run.put)


def _next(batches: Iterator[dict[str, jax.Array]], out: report.Report) -> dict[str, jax.Array]:
    then = time.monotonic()
    batch = next(batches)
    out.wait(time.monotonic() - then)
    return batch


def _mean_of(window: list[dict[str, Any]], state: Any) -> dict[str, float]:
    """Means over the steps since the last line; raises at the first non-finite value."""
    _check_finite(window, state)
    host = jax.device_get([{k: v for k, v in t.items() if k != "finite"} for t in window])
    return {k: float(np.mean([t[k] for t in host])) for k in host[0]} if host else {}


def _check_finite(window: list[dict[str, Any]], state: Any) -> None:
    first = int(state.step) - len(window) + 1
    for i, terms in enumerate(window):
        bad = step_lib.first_bad(terms, state.params)
        if bad:
            raise FloatingPointError(
                f"step {first + i}: {bad}. Nothing was saved after the last good checkpoint; "
                "lower config.optimizer.schedule.peak or set config.optimizer.clip, and look at "
                "the data"
            )


def _select(config: Config) -> tuple[str, str]:
    return config.select.metric, config.select.mode


def _report(config: Config, workdir: pathlib.Path, start: int) -> report.Report:
    return report.Report(
        workdir,
        total_steps=config.train.steps,
        batch=config.train.batch,
        start=start,
        tensorboard=config.train.tensorboard,
        main_process=hosts.main(),
    )


def _announce(out: report.Report, run: setup.Run, start: int, config: Config) -> None:
    out.say(run.overview)
    if start:
        out.say(f"going on from step {start} of {config.train.steps}")
