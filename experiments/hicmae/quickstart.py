"""`make train`: HiCMAE on the built-in set, from raw data to a table, in minutes on a laptop.

Pre-trains without labels, fine-tunes for categories and VAD, and scores unseen subjects, beside
the same model trained from scratch for as many steps, each modality alone, and chance.
"""

import json
import pathlib
import time
from collections.abc import Sequence
from typing import Any

from absl import app, flags, logging

CONFIG = str(pathlib.Path(__file__).parents[2] / "configs" / "hicmae" / "synth.py")
RUNS = {
    "pre-trained, audio + video": "audio_video",
    "from scratch, audio + video": "scratch",
    "pre-trained, audio only": "audio",
    "pre-trained, video only": "video",
}

_WORKDIR = flags.DEFINE_string("workdir", "runs/quickstart", "Folder of the runs.")
_ARG = flags.DEFINE_string("arg", "", "More config arguments, as in tiny,fake.")


def main(argv: Sequence[str]) -> None:
    """Train the runs one after the other (each goes on where it stopped) and print the table."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments {argv[1:]}")
    if flags.FLAGS["verbosity"].value == 0:  # JAX would tell which accelerators are not there
        logging.set_verbosity(logging.WARNING)
    from affectjax import config as config_lib
    from affectjax import xla_flags
    from affectjax.evals import evaluate
    from affectjax.train import stages

    xla_flags.for_cpu()
    began, workdir = time.monotonic(), pathlib.Path(_WORKDIR.value)
    rows = {}
    for title, name in RUNS.items():
        print(f"\n== {title}", flush=True)
        config = config_lib.load(f"{CONFIG}:{_argument(name, workdir)}")
        stages.train(config, workdir / name)
        rows[title] = evaluate.evaluate(config, workdir / name)["test"]
    result = {"rows": rows, "pretrain": pretrain_losses(workdir / "audio_video" / "pretrain")}
    evaluate.write_json(workdir / "summary.json", result)
    print(f"\n{table(result)}\n\n{time.monotonic() - began:.0f} s; all files are in {workdir}")


def _argument(name: str, workdir: pathlib.Path) -> str:
    """Config arguments of a run; the single modalities start from the first run's pre-training."""
    extra = {
        "audio_video": [],
        "scratch": ["scratch"],
        "audio": ["modalities=audio", f"init={workdir / 'audio_video' / 'pretrain'}"],
        "video": ["modalities=video", f"init={workdir / 'audio_video' / 'pretrain'}"],
    }
    return ",".join([*extra[name], *filter(None, [_ARG.value])])


def pretrain_losses(workdir: pathlib.Path) -> dict[str, list[float]]:
    """First and last logged value of each pre-training loss on the validation subjects."""
    from affectjax.train import report

    rows = [r for r in report.read_metrics(workdir / "metrics.csv") if r["split"] == "validation"]
    names = dict.fromkeys(row["name"] for row in rows)
    values = {n: [float(r["value"]) for r in rows if r["name"] == n] for n in names}
    return {name: [v[0], v[-1]] for name, v in values.items()}


def table(result: dict[str, Any]) -> str:
    """The printed table: UAR, WAR and CCC on test subjects with 95% intervals.

    >>> row = {"uar": 0.5, "uar_interval": [0.4, 0.6], "war": 0.5, "ccc_mean": 0.25,
    ...        "ccc_mean_interval": [0.2, 0.3], "chance": {"uar": 0.2}}
    >>> print(table({"rows": {"ours": row}, "pretrain": {"loss": [2.0, 1.0]}}))
    pre-training on unseen subjects: loss 2.000 -> 1.000
    <BLANKLINE>
    test subjects                UAR [95%]            WAR    mean CCC of VAD [95%]
    ours                         0.500 [0.400, 0.600] 0.500  0.250 [0.200, 0.300]
    chance                       0.200                0.200  0.000
    """
    losses = ", ".join(f"{k} {a:.3f} -> {b:.3f}" for k, (a, b) in result["pretrain"].items())
    lines = [
        f"pre-training on unseen subjects: {losses}",
        "",
        f"{'test subjects':<28} {'UAR [95%]':<20} {'WAR':<6} mean CCC of VAD [95%]",
    ]
    for title, row in result["rows"].items():
        ends = {k: "[{:.3f}, {:.3f}]".format(*row[f"{k}_interval"]) for k in ("uar", "ccc_mean")}
        lines.append(
            f"{title:<28} {row['uar']:.3f} {ends['uar']} {row['war']:.3f}  "
            f"{row['ccc_mean']:.3f} {ends['ccc_mean']}"
        )
    chance = next(iter(result["rows"].values()))["chance"]["uar"]
    lines.append(f"{'chance':<28} {chance:<20.3f} {chance:.3f}  0.000")
    return "\n".join(lines)


def load_summary(workdir: str) -> dict[str, Any]:
    """The written summary of a run of the quick start."""
    return json.loads((pathlib.Path(workdir) / "summary.json").read_text())


if __name__ == "__main__":
    app.run(main)
