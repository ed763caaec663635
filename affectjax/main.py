"""Launch: `python -m affectjax.main --config=FILE.py[:arg=value,...] --workdir=DIR --mode=MODE`.

Any field of the config can be set behind it, `--config.any.field=value`. Modes:
  train     pre-train where the config says so, then train; goes on from the last checkpoint.
  evaluate  score the held-out splits and write <workdir>/evaluation/<split>.json.
"""

from collections.abc import Sequence

from absl import app, flags
from ml_collections import config_flags

MODES = ("train", "evaluate")

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Config file, with arguments behind a colon: configs/hicmae/synth.py:tiny,fake."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run: checkpoints, metrics, results.")
_MODE = flags.DEFINE_enum("mode", "train", MODES, "What to do with the config.")


def main(argv: Sequence[str]) -> None:
    """Dispatch to the mode; jax is imported here, so that --help answers at once."""
    workdir = _WORKDIR.value or ""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}; flags begin with --")
    if _MODE.value == "train":
        from affectjax.train import stages

        stages.train(_CONFIG.value, workdir)
    else:
        from affectjax.evals import evaluate

        evaluate.evaluate(_CONFIG.value, workdir)


def run() -> None:
    """The console entry point."""
    flags.mark_flags_as_required(["config", "workdir"])
    app.run(main)


if __name__ == "__main__":
    run()
