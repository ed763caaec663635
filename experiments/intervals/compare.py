"""Which intervals of VAD hold what they promise, of evaluated runs side by side.

  for loss in gaussian_nll pinball; do
    config=configs/hicmae/synth.py:task=vad,vad_loss=$loss,scratch,modalities=audio
    python -m affectjax.main --config=$config --workdir=runs/vad_$loss
    python -m affectjax.main --config=$config --workdir=runs/vad_$loss --mode=evaluate
  done
  python -m experiments.intervals.compare --runs=runs/vad_gaussian_nll,runs/vad_pinball

Of each run every way that its outputs allow: fitted on the clips of validation (`evals.intervals`),
and as the model tells it, without a fit. Prints, of the test clips, means over valence, arousal and
dominance with 95% intervals by subject; and how many of the test's people have less coverage than
nine tenths of what is promised.
"""

import pathlib
from collections.abc import Iterator, Mapping
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


def scored(validation: Rows, test: Rows, share: float = intervals.SHARE) -> dict[str, Any]:
    """Scores on the test clips by way: `intervals.scores`, and `short`, the share of people whose
    own coverage is below nine tenths of the promise.
    """
    out = {}
    for name, fitted in ways(validation, share):
        low, high = np.asarray(intervals.ends(test, fitted))
        told = intervals.scores(low, high, test["vad"], test["subject"], share)
        inside = ((low <= test["vad"]) & (test["vad"] <= high)).mean(1)
        each = [inside[test["subject"] == who].mean() for who in np.unique(test["subject"])]
        out[name] = {**told, "short": float(np.mean(np.array(each) < 0.9 * share))}
    return out


def main(argv: list[str]) -> None:
    """Read what --mode=evaluate wrote in each run, and print the table."""
    del argv
    print("| run | interval | coverage | width | Winkler | people short |")
    print("|---|---|---|---|---|---|")
    for run in flags.FLAGS.runs:
        folder = pathlib.Path(run) / "evaluation"
        each = [folder / f"{split}{predictions.ENDING}" for split in ("validation", "test")]
        validation, test = map(predictions.read, each)
        for name, told in scored(validation, test).items():
            cells = []
            for key in ("vad_coverage_mean", "vad_width_mean", "vad_winkler_mean"):
                low, high = told[f"{key}_interval"]
                cells.append(f"{told[key]:.3f} [{low:.3f}, {high:.3f}]")
            row = [pathlib.Path(run).name, name, *cells, f"{told['short']:.2f}"]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    flags.DEFINE_list("runs", None, "work directories of evaluated runs", required=True)
    app.run(main)
