"""Pictures of what a dataset holds: categories, VAD, raters' agreement and durations."""

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Example = Mapping[str, Any]
RATE = 16_000
_COUNTED = ("emotion", "multilabel", "action_units")


def gather(examples: Iterable[Example], said: Mapping[str, Any]) -> dict[str, Any]:
    """What the pictures show, in one pass: `counts` by key and name, `vad` (n, 3), `winner`, the
    share of the raters who chose the winner of an item by key, and `seconds` of sound or film.

    Unlabelled items count as "none".
    """
    counts: dict[str, np.ndarray] = {}
    vad: list[np.ndarray] = []
    winner: dict[str, list[float]] = {}
    seconds: list[float] = []
    for example in examples:
        for key in _COUNTED:
            if key in example:
                names = said["names"][key]
                held = counts.setdefault(key, np.zeros(len(names) + 1))
                held += _placed(np.asarray(example[key]), len(names))
        for key in example:
            if key.split("_")[0] == "votes":
                votes = np.asarray(example[key], float)
                winner.setdefault(key, []).append(float(votes.max() / max(votes.sum(), 1)))
        if "vad" in example:
            vad.append(np.asarray(example["vad"], float))
        if (length := _seconds(example)) is not None:
            seconds.append(length)
    return {
        "counts": {
            key: dict(zip([*said["names"][key], "none"], held.astype(int).tolist(), strict=True))
            for key, held in counts.items()
        },
        "vad": np.array(vad).reshape(-1, 3),
        "winner": {key: np.array(shares) for key, shares in winner.items()},
        "seconds": np.array(seconds),
    }


def draw(told: Mapping[str, Any], title: str, path: pathlib.Path) -> None:
    """Write a PNG with a panel for each thing that `gather` found.

    Raises:
      ValueError: it found nothing to draw.
    """
    from matplotlib import figure

    panels: list[tuple[Any, str, Any]] = [(_bars, k, held) for k, held in told["counts"].items()]
    if len(told["vad"]):
        panels.append((_plane, "valence and arousal, items", told["vad"]))
    panels += [(_shares, key, shares) for key, shares in told["winner"].items()]
    if len(told["seconds"]):
        panels.append((_lengths, "seconds", told["seconds"]))
    if not panels:
        raise ValueError(f"{title}: no categories, VAD, votes or durations to draw")
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    most = max((len(counts) for counts in told["counts"].values()), default=0)
    size = (3.6 * columns, max(3.0, 0.16 * most) * rows)
    page = figure.Figure(figsize=size, layout="constrained")
    for place, (draw_one, name, values) in enumerate(panels, 1):
        axes = page.add_subplot(rows, columns, place)
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
        draw_one(axes, values)
    page.suptitle(title, fontsize=10)
    page.savefig(path, dpi=90, metadata={"Software": None})


def _placed(value: np.ndarray, count: int) -> np.ndarray:
    """One item's contribution to the counts of `count` names and "none"."""
    out = np.zeros(count + 1)
    if value.ndim == 0:
        out[int(value) if value >= 0 else count] = 1
    else:
        out[:count] = value > 0
        out[count] = not (value > 0).any()
    return out


def _seconds(example: Example) -> float | None:
    if "audio" in example:
        return len(example["audio"]) / RATE
    if "frames" in example and float(example.get("fps", 0)) > 0:
        return len(example["frames"]) / float(example["fps"])
    return None


def _bars(axes: Any, counts: Mapping[str, int]) -> None:
    names = [name for name in counts if name != "none" or counts[name]]
    axes.barh(range(len(names)), [counts[name] for name in names], color="#4c72b0")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()


def _plane(axes: Any, vad: np.ndarray) -> None:
    rated = vad[~np.isnan(vad[:, :2]).any(1)]
    if not len(rated):
        axes.text(0, 0, "not both rated", ha="center", fontsize=8)
    elif len(rated) > 2000:
        axes.hexbin(rated[:, 0], rated[:, 1], gridsize=30, bins="log", cmap="Blues", mincnt=1)
    else:
        axes.plot(rated[:, 0], rated[:, 1], ".", color="#4c72b0", markersize=3, alpha=0.6)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
    axes.set_xlabel("valence", fontsize=8)
    axes.set_ylabel("arousal", fontsize=8)


def _shares(axes: Any, shares: np.ndarray) -> None:
    axes.hist(shares, bins=np.linspace(0, 1, 21), color="#4c72b0")
    axes.set_xlabel(f"share of raters for the winner, mean {shares.mean():.2f}", fontsize=8)


def _lengths(axes: Any, seconds: Sequence[float]) -> None:
    values = np.asarray(seconds)
    axes.hist(values, bins=30, color="#4c72b0")
    axes.set_xlabel(f"median {np.median(values):.2f} s, {values.sum() / 3600:.2f} h", fontsize=8)
