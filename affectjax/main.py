"""Launch: `python -m affectjax.main --config=FILE.py[:arg=value,...] --workdir=DIR --mode=MODE`.

Any field of the config can be set behind it, `--config.any.field=value`. Modes:
  train     pre-train where the config says so, then train; goes on from the last checkpoint.
  evaluate  score the held-out splits and write <workdir>/evaluation/<split>.json; with --on, the
            data of another config instead.
  predict   say what the run finds in --input: a film, a sound, a picture, a text (by the line), or
            a folder of them.
  export    write a SavedModel that serves, and compare it with the run in a fresh process.
  ensemble  score the mean of --runs=A,B,..., into --output; needs no config.
  pool      scores of the folds --runs=A,B,... together and their mean; needs no config.
  compare   scores of --runs=A,B,... side by side, with paired intervals; needs no config.
  compile   compile the steps for a TPU topology that is not here, and say what a step costs.
"""

import os
from collections.abc import Sequence
from typing import Any

from absl import app, flags, logging
from ml_collections import config_flags

from affectjax import memory, xla_flags

MODES = ("train", "evaluate", "predict", "export", "ensemble", "pool", "compare", "compile")

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Config file, with arguments behind a colon: configs/hicmae/synth.py:tiny,fake."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run: checkpoints, metrics, results.")
_MODE = flags.DEFINE_enum("mode", "train", MODES, "What to do with the config.")
_INPUT = flags.DEFINE_string(
    "input", None, "predict: a film, a sound, a picture, a text, or a folder of them."
)
_OUTPUT = flags.DEFINE_string(
    "output",
    "",
    "predict, export, ensemble, pool, compare, compile: folder of the results (<workdir>/<mode>).",
)
_RUNS = flags.DEFINE_list(
    "runs", [], "ensemble, pool, compare: work directories; the first is the reference."
)
_ON = flags.DEFINE_string(
    "on", "", "evaluate: another config, whose split `all` is scored by the emotions both have."
)
_TOPOLOGY = flags.DEFINE_string(
    "topology", "", "compile: v5e:16x16, v4:2x2x2, cpu:8, ... (config.topology)."
)
_COORDINATOR = flags.DEFINE_string(
    "coordinator",
    "",
    "Many hosts: HOST:PORT of process 0, with --process_count and --process_id; found by itself on "
    "TPU slices, GKE and SLURM. 'none' keeps a process alone.",
)
_COUNT = flags.DEFINE_integer("process_count", None, "Many hosts: how many processes.", 1)
_ID = flags.DEFINE_integer("process_id", None, "Many hosts: which one is this, from 0.", 0)
_PATIENCE = flags.DEFINE_float(
    "start_timeout", 300.0, "Many hosts: seconds to wait at the start for all processes.", 0.0
)
_LOST_AFTER = flags.DEFINE_float(
    "lost_after", 100.0, "Many hosts: seconds of silence after which a process counts as lost.", 1.0
)
_EXPLAIN = flags.DEFINE_bool(
    "explain", False, "predict: also show which places or words each answer hangs on."
)
_HOP = flags.DEFINE_float("hop", 0.0, "predict: seconds between windows (half a window).")


def main(argv: Sequence[str]) -> None:
    """Dispatch to the mode; jax is imported here, so that --help answers at once."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}; flags begin with --")
    if flags.FLAGS["verbosity"].value == 0:  # absl's default, which lets every library chat
        logging.set_verbosity(logging.WARNING)
    if _MODE.value == "compare":
        from affectjax.report import compare

        compare.compare(_RUNS.value, _OUTPUT.value)
        return
    if _MODE.value == "pool":
        from affectjax.evals import pool

        pool.pool(_RUNS.value, _OUTPUT.value)
        return
    if _MODE.value == "ensemble":
        from affectjax.evals import ensemble
        from affectjax.report import page

        ensemble.ensemble(_RUNS.value, _OUTPUT.value)
        print(f"report: {page.write(_OUTPUT.value)}", flush=True)
        return
    if _MODE.value == "compile":
        _compile(_CONFIG.value, _WORKDIR.value)
        return
    if not _CONFIG.value or not _WORKDIR.value:
        raise app.UsageError(f"--mode={_MODE.value} needs --config=FILE.py and --workdir=DIR")
    xla_flags.for_cpu()
    dispatch = {"predict": _predict, "export": _export}
    if _MODE.value in dispatch:
        dispatch[_MODE.value](_CONFIG.value, _WORKDIR.value)
        return
    from affectjax.train import hosts

    where = hosts.place(_COORDINATOR.value, _COUNT.value, _ID.value)
    with hosts.joined(where, _PATIENCE.value, _LOST_AFTER.value):
        {"train": _train, "evaluate": _evaluate}[_MODE.value](_CONFIG.value, _WORKDIR.value)


def _train(config: Any, workdir: str) -> None:
    from affectjax.train import stages

    stages.train(config, workdir)


def _evaluate(config: Any, workdir: str) -> None:
    from affectjax import config as config_lib
    from affectjax.evals import cross, evaluate
    from affectjax.report import page
    from affectjax.train import hosts, startup

    with startup.cached(config.train.compilation_cache, workdir):
        if _ON.value:
            cross.evaluate_on(config, workdir, config_lib.load(_ON.value))
        else:
            evaluate.evaluate(config, workdir)
    if hosts.main():
        print(f"report: {page.write(workdir)}", flush=True)


def _predict(config: Any, workdir: str) -> None:
    if not _INPUT.value:
        raise app.UsageError(
            "--mode=predict needs --input=clip.mp4, speech.wav, text.txt, a folder"
        )
    from affectjax.predict import predict
    from affectjax.train import startup

    with startup.cached(config.train.compilation_cache, workdir):
        wanted = (_INPUT.value, _OUTPUT.value, _HOP.value, _EXPLAIN.value)
        predict.predict(config, workdir, *wanted)


def _export(config: Any, workdir: str) -> None:
    from affectjax.export import saved_model

    saved_model.export(config, workdir, _OUTPUT.value)


def _compile(config: Any, workdir: str | None) -> None:
    if not config:
        raise app.UsageError("--mode=compile needs --config=FILE.py")
    # Only the CPU is asked for devices; it stands in for the TPU's host, or for N fake devices.
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    from affectjax.compile import chips, compile

    topology = chips.parse(_TOPOLOGY.value or config.topology)
    if topology.kind == "cpu":
        jax.config.update("jax_num_cpu_devices", topology.count)
    output = _OUTPUT.value or (f"{workdir}/compile" if workdir else "")
    compile.compile_config(config, topology.name, output)


def run() -> None:
    """The console entry point."""
    memory.tune_malloc()
    app.run(main)


if __name__ == "__main__":
    run()
