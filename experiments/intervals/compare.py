"""Which intervals of VAD hold what they promise, of evaluated runs side by side.

  for loss in mse gaussian_nll pinball; do
    for seed in 0 1; do
      config=configs/hicmae/synth.py:task=vad,vad_loss=$loss,scratch,modalities=audio,seed=$seed
      python -m affectjax.main --config=$config --workdir=runs/vad_${loss}_$seed
      python -m affectjax.main --config=$config --workdir=runs/vad_${loss}_$seed --mode=evaluate
    done
  done
  python -m experiments.intervals.compare --runs=$(ls -d runs/vad_*_? | paste -sd,)

Of each run every way that its outputs allow: fitted on the clips of validation (`evals.intervals`),
and as the model tells it, without a fit. Runs that differ in nothing but the seed go together: each
is fitted by itself, and their test clips are counted as one set. Prints, of the test clips, means
over valence, arousal and dominance with 95% intervals by subject; the Winkler score of the best and
the worst seed; and how many of the test's people have less coverage than nine tenths of what is
promised.
"""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import app, flags

from affectjax.evals import intervals, predictions

Rows = Mapping[str, np.ndarray]
NORMAL = 1.959964  # 97.5% quantile of the normal distribution: 95% lie within
WAYS = {
    "vad_half_width": "one width for all clips, fitted",
    "vad_sd_factor": "its own deviation, fitted",
    "vad_margin": "its own quantiles, fitted",
}
UNFITTED = {
    "vad_sd": ("vad_sd_factor", NORMAL, "its own deviation, as told"),
    "vad_low": ("vad_margin", 0.0, "its own quantiles, as told"),
}


def ways(validation: Rows, share: float = intervals.SHARE) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ways to an interval that a run's outputs allow, and what `intervals.ends` takes of each."""
    found = intervals.fit(validation, share)
    width = len(found["vad_half_width"])
    yield WAYS["vad_half_width"], {"vad_half_width": found["vad_half_width"]}
    for output, (key, value, name) in UNFITTED.items():
        if output in validation:
            yield name, {key: [value] * width}
            yield WAYS[key], {key: found[key]}


def scored(runs: Sequence[tuple[Rows, Rows]], share: float = intervals.SHARE) -> dict[str, Any]:
    """Scores by way, of runs (validation clips, test clips) whose ways are the same.

    `intervals.scores` of all their test clips together; `each`, the Winkler score of each run; and
    `short`, the share of people whose own coverage is below nine tenths of the promise.
    """
    ends: dict[str, list[Any]] = {}
    for validation, test in runs:
        for name, fitted in ways(validation, share):
            ends.setdefault(name, []).append(np.asarray(intervals.ends(test, fitted)))
    clips = {k: [test[k] for _, test in runs] for k in ("vad", "subject")}
    vad, subject = (np.concatenate(clips[k]) for k in ("vad", "subject"))
    out = {}
    for name, pairs in ends.items():
        low, high = np.concatenate(pairs, axis=1)
        told = intervals.scores(low, high, vad, subject, share)
        own = [
            intervals.scores(a, b, truth, who, share)["vad_winkler_mean"]
            for (a, b), truth, who in zip(pairs, clips["vad"], clips["subject"], strict=True)
        ]
        inside = ((low <= vad) & (vad <= high)).mean(1)
        each = [inside[subject == who].mean() for who in np.unique(subject)]
        short = float(np.mean(np.array(each) < 0.9 * share))
        out[name] = {**told, "each": own, "short": short}
    return out


def alike(folders: Sequence[pathlib.Path]) -> list[list[pathlib.Path]]:
    """The runs whose resolved configs differ in nothing but the seed, in the order given."""
    groups: dict[str, list[pathlib.Path]] = {}
    for folder in folders:
        config = json.loads((folder / "config.json").read_text())
        del config["seed"]
        groups.setdefault(json.dumps(config, sort_keys=True), []).append(folder)
    return [*groups.values()]


def main(argv: list[str]) -> None:
    """Read what --mode=evaluate wrote in each run, and print the table."""
    del argv
    print("| runs | interval | coverage | width | Winkler | of the seeds | people short |")
    print("|---|---|---|---|---|---|---|")
    for group in alike([pathlib.Path(run) for run in flags.FLAGS.runs]):
        runs = [(read(folder, "validation"), read(folder, "test")) for folder in group]
        names = ", ".join(folder.name for folder in group)
        for name, told in scored(runs).items():
            cells = []
            for key in ("vad_coverage_mean", "vad_width_mean", "vad_winkler_mean"):
                low, high = told[f"{key}_interval"]
                cells.append(f"{told[key]:.3f} [{low:.3f}, {high:.3f}]")
            seeds = f"{min(told['each']):.3f} to {max(told['each']):.3f}"
            row = [names, name, *cells, seeds, f"{told['short']:.2f}"]
            print(f"| {' | '.join(row)} |", flush=True)


def read(folder: pathlib.Path, split: str) -> Rows:
    """The predictions of a split of an evaluated run."""
    return predictions.read(folder / "evaluation" / f"{split}{predictions.ENDING}")


if __name__ == "__main__":
    flags.DEFINE_list("runs", None, "work directories of evaluated runs", required=True)
    app.run(main)
