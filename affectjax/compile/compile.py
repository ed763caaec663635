"""`--mode=compile`: the programs of a config, compiled for a topology that is not here.

Nothing runs, no data is read: the batch's shapes come from examples made in memory, the state's
from tracing. TPU topologies are compiled by libtpu, the real compiler.
"""

import dataclasses
import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import ml_collections

from affectjax.compile import chips, collectives, cost, flops, memory
from affectjax.evals import stream
from affectjax.metrics import states
from affectjax.train import inputs, partition, setup, shard

Spec = dict[str, jax.ShapeDtypeStruct]


def compile_config(
    config: Any, topology: str = "", output: str | os.PathLike[str] = ""
) -> dict[str, dict[str, Any]]:
    """Compile training, prediction and evaluation of every stage; print, and save into `output`.

    The stages are config.pretrain, where there is one, and the config itself. Writes compile.json
    (all figures), compile.txt (the same for people) and sharding.txt. Returns what the JSON holds:
    {"train": {...}, "predict": {...}, "pretrain train": {...}}.

    Raises:
      ValueError: the topology, the mesh, the batch and the sharding do not fit one another.
      memory.OutOfMemory: a program does not fit the chip; names the largest tensors and remedies.
      FileNotFoundError: the TPU compiler is not installed.
    """
    wanted = chips.parse(topology or config.topology)
    told: dict[str, dict[str, Any]] = {}
    pages, tables = [], []
    for stage, one in stages(config):
        one = with_fake_data(one)
        programs, table = compile_stage(
            one, wanted, inputs.example_spec(one), inputs.eval_spec(one)
        )
        tables.append(table)
        print(table, flush=True)
        for program in programs:
            named = dataclasses.replace(program, program=f"{stage}{program.program}")
            told[named.program] = cost.as_dict(named, wanted)
            pages.append(cost.text(named, wanted))
            print(pages[-1], flush=True)
    if output:
        folder = pathlib.Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "compile.json").write_text(json.dumps(told, indent=1))
        (folder / "compile.txt").write_text("\n".join(pages))
        (folder / "sharding.txt").write_text("\n".join(tables))
        print(f"written to {folder}/compile.json, compile.txt and sharding.txt", flush=True)
    return told


def stages(config: Any) -> list[tuple[str, Any]]:
    """(prefix of the programs' names, config) of pre-training, where there is one, and training."""
    before = [("pretrain ", config.pretrain)] if config.get("pretrain") else []
    return [*before, ("", config)]


def compile_stage(
    config: Any, topology: chips.Topology, spec: Spec, eval_spec: Spec | None = None
) -> tuple[list[cost.Cost], str]:
    """The costs of a config's training step, and of prediction and evaluation where `eval_spec`
    gives their batch; and the table of its parameters.

    `spec` and `eval_spec` are shapes and dtypes of global batches.
    """
    mesh = shard.make_mesh(config.mesh.to_dict(), chips.devices(topology))
    with jax.set_mesh(mesh):
        run = setup.prepare(config, mesh, spec)
        costs = [_train(config, run, topology, mesh)]
        if eval_spec is not None:
            costs += _predict(config, run, topology, mesh, eval_spec)
    return costs, run.sharding


def with_fake_data(config: Any) -> Any:
    """A copy of the config that reads no files."""
    copy = ml_collections.ConfigDict(config)
    copy.data.fake = copy.data.fake or 1
    return copy


def _train(config: Any, run: setup.Run, topology: chips.Topology, mesh: Any) -> cost.Cost:
    batch = run.batch
    key = jax.eval_shape(lambda: jax.random.key(0))
    micro = {
        k: jax.ShapeDtypeStruct((s.shape[0] // config.train.accum, *s.shape[1:]), s.dtype)
        for k, s in run.spec.items()
    }

    def loss(params: Any, rows: Any, key: Any) -> Any:
        return run.task.loss({"params": params}, rows, key, jnp.zeros((), jnp.int32))[0]

    near, far = partition.by_memory(run.abstract.opt_state)
    parts = {
        "parameters": run.abstract.params,
        "optimiser state": near,
        "average": run.abstract.ema,
        "batch": batch,
    } | ({cost.HOSTS: far} if far else {})
    kept = memory.kept(loss, run.abstract.params, micro, key)
    lowered = run.train_step.lower(run.abstract, batch)
    compiled, spent = _compile(lowered, topology, config, kept)
    forward = flops.count(loss, run.abstract.params, micro, key) * config.train.accum
    return _cost(
        "train",
        topology,
        compiled,
        spent,
        counted=lambda once: flops.count(run.train_step, run.abstract, batch, scan_once=once),
        parts={k: partition.bytes_per_chip(v) for k, v in parts.items()},
        kept=sum(map(memory.size, kept)) / _parts(mesh),
        model=3 * forward,
    )


def _predict(
    config: Any, run: setup.Run, topology: chips.Topology, mesh: Any, spec: Spec
) -> list[cost.Cost]:
    """The prediction, and the evaluation step that turns its outputs into metrics."""
    batch = shard.placed(spec, mesh)
    params = run.abstract.params
    compiled, spent = _compile(run.predict_step.lower(params, batch), topology, config)
    held = {"parameters": partition.bytes_per_chip(params)}
    predicted = _cost(
        "predict",
        topology,
        compiled,
        spent,
        counted=lambda once: flops.count(run.predict_step, params, batch, scan_once=once),
        parts={**held, "batch": partition.bytes_per_chip(batch)},
    )
    if states.needs_all_rows(run.task.metrics()):
        return [predicted]  # evaluation takes the rows to the host: no other program runs
    shapes = jax.eval_shape(run.predict_step, params, batch)
    outputs = jax.tree.map(
        lambda s, place: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=place),
        shapes,
        compiled.output_shardings,
    )
    update = stream.update_step(run.task)
    compiled, spent = _compile(update.lower(outputs), topology, config)
    evaluated = _cost(
        "evaluate",
        topology,
        compiled,
        spent,
        counted=lambda once: flops.count(update, outputs, scan_once=once),
        parts={"batch": partition.bytes_per_chip(outputs)},
    )
    return [predicted, evaluated]


def _compile(
    lowered: Any,
    topology: chips.Topology,
    config: Any,
    kept: Sequence[jax.ShapeDtypeStruct] = (),
) -> tuple[Any, float]:
    then = time.monotonic()
    try:
        compiled = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise memory.OutOfMemory(memory.explain(str(error), topology, config, kept)) from error
    return compiled, time.monotonic() - then


def _cost(
    program: str,
    topology: chips.Topology,
    compiled: Any,
    spent: float,
    *,
    counted: Callable[[bool], float],
    parts: dict[str, float],
    kept: float = 0.0,
    model: float = 0.0,
) -> cost.Cost:
    used, analysis = compiled.memory_analysis(), compiled.cost_analysis()
    results = used.output_size_in_bytes - used.alias_size_in_bytes
    held = {
        **parts,
        "results": results,
        "temporaries": used.temp_size_in_bytes,
        "code": used.generated_code_size_in_bytes,
    }
    n, text = topology.count, compiled.as_text()
    return cost.Cost(
        program=program,
        topology=topology.name,
        chips=n,
        memory=held | ({cost.KEPT: kept} if kept else {}),
        flops=counted(False) / n,
        flops_once=counted(True) / n,
        flops_xla=analysis.get("flops", 0.0),
        flops_model=model / n,
        bytes_moved=analysis.get("bytes accessed", 0.0),
        collectives=collectives.collectives(text, n),
        unknown_loops=collectives.unknown_loops(text),
        compile_seconds=spent,
    )


def _parts(mesh: Any) -> int:
    return mesh.shape["data"] * mesh.shape["fsdp"]
