"""Launch: `python -m affectjax.main --config=FILE.py[:arg=value,...] --workdir=DIR --mode=MODE`.

Any field of the config can be set behind it, `--config.any.field=value`. Modes:
  train     pre-train where the config says so, then train; goes on from the last checkpoint.
  evaluate  score the held-out splits and write <workdir>/evaluation/<split>.json.
  predict   say what the run finds in --input, a film, a sound or a folder of them.
"""

from collections.abc import Sequence

from absl import app, flags
from ml_collections import config_flags

MODES = ("train", "evaluate", "predict")

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Config file, with arguments behind a colon: configs/hicmae/synth.py:tiny,fake."
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run: checkpoints, metrics, results.")
_MODE = flags.DEFINE_enum("mode", "train", MODES, "What to do with the config.")
_INPUT = flags.DEFINE_string("input", None, "predict: a film, a sound, or a folder of them.")
_OUTPUT = flags.DEFINE_string("output", "", "predict: folder of the results (<workdir>/predict).")
_HOP = flags.DEFINE_float("hop", 0.0, "predict: seconds between windows (half a window).")


def main(argv: Sequence[str]) -> None:
    """Dispatch to the mode; jax is imported here, so that --help answers at once."""
    workdir = _WORKDIR.value or ""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}; flags begin with --")
    if _MODE.value == "train":
        from affectjax.train import stages

        stages.train(_CONFIG.value, workdir)
    elif _MODE.value == "evaluate":
        from affectjax.evals import evaluate

        evaluate.evaluate(_CONFIG.value, workdir)
    else:
        _predict(workdir)


def _predict(workdir: str) -> None:
    if not _INPUT.value:
        raise app.UsageError("--mode=predict needs --input=clip.mp4, speech.wav or a folder")
    from affectjax.predict import predict

    predict.predict(_CONFIG.value, workdir, _INPUT.value, _OUTPUT.value, _HOP.value)


def run() -> None:
    """The console entry point."""
    flags.mark_flags_as_required(["config", "workdir"])
    app.run(main)


if __name__ == "__main__":
    run()
