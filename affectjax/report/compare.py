"""`--mode=compare --runs=A,B,...`: scores side by side, differences with paired intervals."""

import csv
import html
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from affectjax.evals import bootstrap, multilabel, predictions
from affectjax.metrics import confusion, moments, ranking
from affectjax.report import links

Rows = dict[str, np.ndarray]
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#333842;max-width:60rem;margin:2.5rem auto}"
    "table{border-collapse:collapse}td,th{padding:.25rem .9rem .25rem 0;text-align:left}"
)
FIELDS = ("run", "split", "score", "value", "difference", "low", "high")


def compare(runs: Sequence[str | os.PathLike[str]], output: str = "") -> list[dict[str, Any]]:
    """Print a table of every split that the runs share; with `output` also compare.csv, .md, .html.

    The page links to the runs' reports, and they to it.

    Each difference is to the first run, its 95% interval by bootstrap of whole subjects, the same
    draw for both runs.

    Raises:
      ValueError: fewer than two runs, no split in common, or splits of different clips.
      FileNotFoundError: a run without an evaluation.
    """
    if len(runs) < 2:
        raise ValueError("--runs needs two work directories or more, --runs=runs/a,runs/b")
    folders = [pathlib.Path(run) for run in runs]
    rows = [row for split in predictions.shared_splits(folders) for row in _split(folders, split)]
    text = table(rows)
    print(text, flush=True)
    if output:
        folder = pathlib.Path(output)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "compare.md").write_text(text + "\n")
        with (folder / "compare.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
        write_page(folder, folders, rows)
    return rows


def write_page(
    folder: pathlib.Path, runs: Sequence[pathlib.Path], rows: Sequence[dict[str, Any]]
) -> None:
    """<folder>/compare.html, and in each run's folder that it is there."""
    cells = ("split", "score", "run", "value", "difference", "low", "high")
    lines = [f"<tr>{''.join(f'<th>{name}' for name in cells)}</tr>"]
    for row in rows:
        told = (row[c] if isinstance(row[c], str) else f"{row[c]:.3f}" for c in cells)
        lines.append(f"<tr>{''.join(f'<td>{html.escape(cell)}' for cell in told)}")
    path = folder / "compare.html"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{folder.name}</title>'
        f"<style>{_STYLE}</style><h1>Runs compared</h1>{links.runs(folder, runs)}"
        f"<table>{''.join(lines)}</table><p>Differences are to the first run, with 95% intervals "
        "by bootstrap of whole subjects.</p></html>\n",
        encoding="utf-8",
    )
    links.note(runs, path)


def difference(
    a: Rows, b: Rows, score: str, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float, float]:
    """(score of a, score of b, low, high): the interval is of b - a over the same drawn subjects.

    Rows of `a` and `b` are the same clips in the same order.
    """
    if score == "map":
        return _map_difference(a, b, resamples, seed)
    statistic, of = SCORES[score]
    parts = np.stack([of(a), of(b)], axis=1)
    sums = bootstrap.by_subject(parts, a["subject"])
    one, two = (float(statistic(sums[:, i].sum(0)[None])[0]) for i in (0, 1))
    low, high = bootstrap.interval(
        lambda s: statistic(s[:, 1]) - statistic(s[:, 0]), sums, resamples=resamples, seed=seed
    )
    return one, two, low, high


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| split | score | run | value | difference to the first | 95% by subject |"]
    lines.append("|---|---|---|---|---|---|")
    for r in rows:
        gap = " | "
        if r["low"] != "":
            gap = f"{r['difference']:+.3f} | {r['low']:+.3f} to {r['high']:+.3f}"
        lines.append(f"| {r['split']} | {r['score']} | {r['run']} | {r['value']:.3f} | {gap} |")
    return "\n".join(lines)


def _split(folders: Sequence[pathlib.Path], split: str) -> list[dict[str, Any]]:
    runs = predictions.aligned(folders, split)
    names = [s for s in (*SCORES, "map") if all(_needs(s) <= run.keys() for run in runs)]
    out = []
    for score in names:
        for folder, run in zip(folders, runs, strict=True):
            _, value, low, high = difference(runs[0], run, score)
            first = run is runs[0]
            base = difference(runs[0], runs[0], score)[0]
            ends = ("", "", "") if first else (value - base, low, high)
            out.append(dict(zip(FIELDS, (str(folder), split, score, value, *ends), strict=True)))
    return out


def _needs(score: str) -> set[str]:
    if score == "map":
        return {"multilabel_pred", "multilabel"}
    return {"vad", "vad_pred"} if score.startswith("ccc") else {"probabilities", "emotion"}


def _map_difference(
    a: Rows, b: Rows, resamples: int, seed: int
) -> tuple[float, float, float, float]:
    """Average precision is no function of sums by subject: both runs are ranked in every draw."""
    ap = ranking.weighted_average_precision
    options = {"resamples": resamples, "seed": seed}
    drawn, whole = [], []
    for run in (a, b):
        given = run["multilabel_pred"], run["multilabel"]
        values = multilabel.resampled(ap, *given, run["subject"], **options)
        drawn.append(multilabel.mean_over_labels(values))
        exact = [ap(given[0][:, i], given[1][:, i], np.ones((1, len(given[1]))))[0]
                 for i in range(given[1].shape[1])]  # fmt: skip
        whole.append(float(multilabel.mean_over_labels(np.array([exact]))[0]))
    low, high = bootstrap.ends((drawn[1] - drawn[0])[:, None])[0]
    return whole[0], whole[1], low, high


def _matrices(rows: Rows) -> np.ndarray:
    k = rows["probabilities"].shape[1]
    guess = rows["probabilities"].argmax(1)
    return np.eye(k)[rows["emotion"]][:, :, None] * np.eye(k)[guess][:, None, :]


def _sums(rows: Rows) -> np.ndarray:
    p, t = rows["vad_pred"], rows["vad"]
    return np.stack([np.ones_like(p), p, t, p**2, t**2, p * t, np.abs(p - t)], axis=1)


def _ccc_mean(sums: np.ndarray) -> np.ndarray:
    return moments.ccc(moments.from_sums(sums)).mean(-1)


def _nll_parts(rows: Rows) -> np.ndarray:
    p = rows["probabilities"][np.arange(len(rows["emotion"])), rows["emotion"]]
    return np.stack([-np.log(np.maximum(p, 1e-12)), np.ones(len(p))], axis=1)


SCORES: dict[str, tuple[Callable[..., Any], Callable[[Rows], np.ndarray]]] = {
    "uar": (confusion.uar, _matrices),
    "war": (confusion.war, _matrices),
    "nll": (lambda s: s[..., 0] / s[..., 1], _nll_parts),
    "ccc_mean": (_ccc_mean, _sums),
}
