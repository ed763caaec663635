"""Pictures of an evaluation as PNG bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from affectjax.metrics import calibration

INK, FAINT, BLUE, RED = "#333842", "#c9cdd4", "#3a5ba0", "#c8553d"


def confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> bytes:
    """Rows are true classes; colour is the share of the row, numbers are clips."""
    counts = np.asarray(matrix)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    k = len(labels)
    figure = Figure(figsize=(1.6 + 0.62 * k, 1.3 + 0.56 * k))
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i in range(k):
        for j in range(k):
            colour = "white" if share[i, j] > 0.55 else INK
            axis.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=9, color=colour)
    axis.set_xticks(range(k), labels, rotation=40, ha="right", fontsize=9)
    axis.set_yticks(range(k), labels, fontsize=9)
    axis.set_xlabel("predicted", color=INK)
    axis.set_ylabel("true", color=INK)
    return _png(figure)


def reliability(
    told: Mapping[str, Float[np.ndarray, "b k"]],
    truth: Float[np.ndarray, "b k"],
    by_raters: bool = False,
) -> bytes:
    """How often the likeliest category is right against how sure it is, in 15 bins, by curve.

    Args:
      told: probabilities of two or more ways to tell, by what they are called.
      truth: 1 for the true category; or the raters' shares, and then an answer is as right as the
        share of raters who chose it (`by_raters`), which is soft ECE's.
    """
    figure = Figure(figsize=(5.4, 4.6))
    axis, below = figure.subplots(2, 1, height_ratios=[3.2, 1], sharex=True)
    axis.plot([0, 1], [0, 1], color=FAINT, linewidth=1)
    for (name, given), colour in zip(told.items(), (RED, BLUE, INK), strict=False):
        p = np.asarray(given)
        right = np.asarray(truth)[np.arange(len(p)), p.argmax(1)]
        bins = calibration.bins(p.max(1), right, 15)
        count, confidence = np.asarray(bins.count), np.asarray(bins.confidence)
        correct, full = np.asarray(bins.correct), count > 0
        x, y = confidence[full] / count[full], correct[full] / count[full]
        score = f"{'soft ' * by_raters}ECE {float(calibration.ece(bins)):.3f}"
        label = f"{name}: {score}"
        axis.plot(x, y, "o-", color=colour, markersize=4, linewidth=1.4, label=label)
        below.hist(p.max(1), bins=15, range=(0, 1), histtype="step", color=colour, linewidth=1.3)
    axis.set_ylabel("share of raters who chose it" if by_raters else "share correct", color=INK)
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    axis.set_ylim(0, 1)
    below.set_xlabel("confidence", color=INK)
    below.set_ylabel("clips", color=INK)
    below.set_xlim(0, 1)
    return _png(figure)


def precisions(values: Mapping[str, Any], labels: Sequence[str]) -> bytes:
    """Average precision of each label with its interval, and its prevalence, which chance gives.

    `values` holds ap, ap_interval and prevalence as `evals.multilabel.scores` tells them.
    """
    rows = [i for i in range(len(labels)) if values["ap"][i] is not None]
    rows.sort(key=lambda i: values["ap"][i])
    figure = Figure(figsize=(5.8, 1.1 + 0.27 * max(len(rows), 1)))
    axis = figure.subplots()
    for place, i in enumerate(rows):
        low, high = values["ap_interval"][i]
        axis.plot([low, high], [place, place], color=FAINT, linewidth=3, solid_capstyle="butt")
    ap, chance = ([values[k][i] for i in rows] for k in ("ap", "prevalence"))
    axis.plot(ap, range(len(rows)), "o", color=BLUE, markersize=5, label="average precision")
    axis.plot(chance, range(len(rows)), "|", color=RED, markersize=9, label="prevalence (chance)")
    axis.set_yticks(range(len(rows)), [labels[i] for i in rows])
    axis.set_xlim(0, 1)
    axis.legend(frameon=False, fontsize=8, loc="lower right")
    return _png(figure)


def circumplex(vad_pred: Float[np.ndarray, "b 3"], vad: Float[np.ndarray, "b 3"]) -> bytes:
    """Valence and arousal, true and predicted, a grey line between the two of a clip."""
    figure = Figure(figsize=(5.4, 5.2))
    axis = figure.subplots()
    angle = np.linspace(0, 2 * np.pi, 200)
    axis.plot(np.cos(angle), np.sin(angle), color=FAINT, linewidth=1)
    axis.axhline(0, color=FAINT, linewidth=0.7)
    axis.axvline(0, color=FAINT, linewidth=0.7)
    shown = np.random.default_rng(0).permutation(len(vad))[:400]  # more lines hide each other
    pairs = np.stack([vad[shown, :2], vad_pred[shown, :2]])
    axis.plot(pairs[..., 0], pairs[..., 1], color=FAINT, linewidth=0.4, zorder=1)
    for values, colour, name in ((vad, BLUE, "true"), (vad_pred, RED, "predicted")):
        x, y = values[shown, 0], values[shown, 1]
        axis.scatter(x, y, s=12, linewidths=0, color=colour, alpha=0.55, label=name, zorder=2)
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
    axis.set_xlabel("valence", color=INK)
    axis.set_ylabel("arousal", color=INK)
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    return _png(figure)


def curves(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Training and validation values of metrics.csv over the steps, a panel a name."""
    wanted = ("loss", "uar", "map", "ccc_mean", "srcc", "ece")
    names = [n for n in wanted if any(r["name"] == n for r in rows)]
    figure = Figure(figsize=(3.1 * max(len(names), 1), 2.7))
    axes = figure.subplots(1, max(len(names), 1), squeeze=False)[0]
    for name, axis in zip(names, axes, strict=False):
        for split, colour in (("train", FAINT), ("validation", BLUE)):
            found = [(int(r["step"]), float(r["value"])) for r in rows
                     if r["name"] == name and r["split"] == split]  # fmt: skip
            if found:
                axis.plot(*zip(*found, strict=True), color=colour, linewidth=1.6, label=split)
        axis.set_title(name, fontsize=10, color=INK, loc="left")
        axis.set_xlabel("step", fontsize=9, color=INK)
        axis.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    return _png(figure)


def _png(figure: Any) -> bytes:
    for axis in figure.axes:
        axis.tick_params(colors=INK, labelsize=8)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set_color(FAINT)
    out = io.BytesIO()
    with matplotlib.rc_context({"font.family": "DejaVu Sans"}):
        figure.savefig(out, format="png", dpi=130, bbox_inches="tight", facecolor="white")
    return out.getvalue()
