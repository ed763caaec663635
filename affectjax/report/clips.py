"""The clips that a report shows: where the run is most wrong, and where the raters disagree."""

import heapq
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.data import pipeline
from affectjax.report import player

SHOWN = 6  # of each kind: a page of some hundred KiB
BARS = 8  # categories a clip, those with most of either share
Rows = Mapping[str, np.ndarray]
Example = Mapping[str, Any]


@dataclass(frozen=True)
class Clip:
    """An example of the data and its row in the predictions."""

    example: Example
    row: int


def loss(rows: Rows) -> Float[np.ndarray, " b"]:
    """How wrong each clip is.

    -log p of the true category; or the mean cross-entropy of labels that hold together; or the
    distance of VAD (or of the score) to the truth. Zeros where nobody knows.
    """
    if "probabilities" in rows:
        p = rows["probabilities"][np.arange(len(rows["emotion"])), rows["emotion"]]
        return np.where(rows["emotion"] >= 0, -np.log(np.maximum(p, 1e-12)), 0.0)
    if "multilabel_pred" in rows:
        p, y = np.clip(rows["multilabel_pred"], 1e-7, 1 - 1e-7), rows["multilabel"]
        return -(y * np.log(p) + (1 - y) * np.log1p(-p)).mean(1)
    for name in ("vad", "score"):
        if f"{name}_pred" in rows and name in rows:
            gap = np.abs(rows[f"{name}_pred"] - rows[name]).reshape(len(rows["clip_id"]), -1)
            return np.sqrt(np.nan_to_num(gap**2).sum(1))
    return np.zeros(len(rows["clip_id"]))


def worst(rows: Rows, count: int = SHOWN) -> Int[np.ndarray, " n"]:
    """The rows with the highest loss, worst first."""
    return np.argsort(-loss(rows), kind="stable")[:count]


def dispute(votes: Sequence[int] | np.ndarray) -> float:
    """Entropy of the raters' shares in bits: 0 where all agree.

    >>> dispute([2, 2]), dispute([4, 0])
    (1.0, 0.0)
    """
    shares = np.asarray(votes, np.float64) / np.sum(votes)
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def find(
    examples: Iterable[Example], rows: Rows, count: int = SHOWN
) -> tuple[list[Clip], list[Clip]]:
    """(the worst, the most disputed) of the clips that were predicted; one pass over the data.

    Disputed are those whose votes have the highest entropy; none where nobody voted or all agreed.
    """
    place = {int(name): i for i, name in enumerate(rows["clip_id"])}
    wanted = {int(i): rank for rank, i in enumerate(worst(rows, count))}
    bad: dict[int, Clip] = {}
    disputed: list[tuple[float, int, Clip]] = []
    for number, example in enumerate(examples):
        row = place.get(pipeline.hash_id(example["clip_id"]))
        if row is None:
            continue
        if row in wanted:
            bad[wanted[row]] = Clip(example, row)
        entropy = dispute(example["votes"]) if "votes" in example else 0.0
        if entropy > 0:
            # Of equal ones the earlier: the page does not depend on how the heap turns.
            heapq.heappush(disputed, (entropy, -number, Clip(example, row)))
            if len(disputed) > count:
                heapq.heappop(disputed)
    return [bad[rank] for rank in sorted(bad)], [clip for *_, clip in sorted(disputed)[::-1]]


def gallery(clips: Sequence[Clip], rows: Rows, labels: Sequence[str]) -> str:
    """HTML: a card a clip, with a player, what is true, what was said, and the raters beside it."""
    cards = [
        f"<figure>{player.of(clip.example)}<figcaption>{_caption(clip, rows, labels)}"
        f"{_bars(clip, rows, labels)}</figcaption></figure>"
        for clip in clips
    ]
    return f"<div class=clips>{''.join(cards)}</div>"


def _caption(clip: Clip, rows: Rows, labels: Sequence[str]) -> str:
    lines = [f"<b>{html.escape(clip.example['clip_id'].decode())}</b>"]
    if "probabilities" in rows:
        p = rows["probabilities"][clip.row]
        said = f"{labels[p.argmax()]} {p.max():.2f}"
        truth = rows["emotion"][clip.row]
        lines.append(f"true {labels[truth] if truth >= 0 else 'unknown'}, predicted {said}")
    if "multilabel_pred" in rows:
        holds = [n for n, y in zip(labels, rows["multilabel"][clip.row], strict=True) if y]
        lines.append(f"true {', '.join(holds) or 'none'}")
    for name, title in (("vad", "VAD"), ("score", "score")):
        if f"{name}_pred" in rows and name in rows:
            true, said = (_numbers(rows[key][clip.row]) for key in (name, f"{name}_pred"))
            lines.append(f"{title} true {true}, predicted {said}")
    return "<br>".join([lines[0], *map(html.escape, lines[1:])])


def _numbers(values: Any) -> str:
    return " ".join(f"{value:+.2f}" for value in np.atleast_1d(values))


def _bars(clip: Clip, rows: Rows, labels: Sequence[str]) -> str:
    """Shares of the categories: what the model gives, and below it what the raters gave."""
    said = rows.get("probabilities", rows.get("multilabel_pred"))
    if said is None:
        return ""
    said = said[clip.row]
    votes = np.asarray(clip.example.get("votes", ()), np.float64)
    rated = votes / votes.sum() if len(votes) == len(said) and votes.sum() else np.zeros(len(said))
    chosen = np.sort(np.argsort(-np.maximum(said, rated), kind="stable")[:BARS])
    lines = [
        f"<tr><td>{html.escape(labels[i])}<td><i style='width:{100 * said[i]:.0f}%'></i>"
        + (f"<i class=raters style='width:{100 * rated[i]:.0f}%'></i>" if rated.any() else "")
        for i in chosen
    ]
    return f"<table class=bars>{''.join(lines)}</table>"
