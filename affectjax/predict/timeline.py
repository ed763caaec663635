"""The picture of a file's emotions over time: faces, sound, categories as a stream, VAD."""

import itertools
import pathlib
from dataclasses import dataclass, field
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.figure import Figure

from affectjax.metrics.states import DIMENSIONS
from affectjax.predict import windows

POINTS = 2000  # of the waveform's outline at most, whatever the length
FACES = 12
COLUMNS = 200  # of windows at most: of a longer film each is the mean of some
LONG = 120  # seconds from which the axis is in minutes
TICKS = (10, 20, 30, 60, 120, 300, 600, 1200)  # seconds between them
INK, FAINT = "#333842", "#c9cdd4"
AVERAGED = ("probabilities", "labels", "vad", "vad_interval")
DIMENSION_COLOURS = dict(zip(DIMENSIONS, ("#1b7f5c", "#c8553d", "#3a5ba0"), strict=True))


@dataclass
class Gathered:
    """What the picture keeps of the windows, however many: the sound's outline, and small faces.

    Both thin out evenly. `faces` are (seconds, picture).
    """

    faces: list[tuple[float, np.ndarray]] = field(default_factory=list)
    _every: int = 1  # of how many pictures one is kept
    _seen: int = 0
    _sound: dict[int, tuple[float, float]] = field(default_factory=dict)  # lowest, highest by part
    _part: float = 0.05  # seconds
    _reached: float = 0.0

    @property
    def outline(self) -> list[tuple[float, float, float]]:
        """(seconds, lowest, highest) of parts of the sound, all of one length, in order."""
        return [((i + 0.5) * self._part, *ends) for i, ends in sorted(self._sound.items())]

    def add(self, window: windows.Window) -> None:
        """Take the part of a window that is new."""
        if window.audio is not None:
            self._hear(window.audio[round((self._reached - window.start) * windows.RATE) :])
            self._reached = max(self._reached, window.end)
        if window.thumbnail is not None:
            if self._seen % self._every == 0:
                small = _square(window.thumbnail, 72)
                self.faces.append(((window.start + window.end) / 2, small))
            self._seen += 1
            if len(self.faces) > 8 * FACES:
                self.faces, self._every = self.faces[::2], 2 * self._every

    def _hear(self, new: np.ndarray) -> None:
        for i in range(0, len(new), 800):
            piece, time = new[i : i + 800], self._reached + i / windows.RATE
            self._merge(int((time + 1e-6) / self._part), float(piece.min()), float(piece.max()))
        if len(self._sound) > 2 * POINTS:
            held, self._sound, self._part = self._sound, {}, 2 * self._part
            for place, ends in held.items():
                self._merge(place // 2, *ends)

    def _merge(self, place: int, low: float, high: float) -> None:
        lowest, highest = self._sound.get(place, (low, high))
        self._sound[place] = min(lowest, low), max(highest, high)


def draw(path: pathlib.Path, title: str, records: list[dict[str, Any]], gathered: Gathered) -> None:
    """Write the PNG; rows that there is nothing for are left out.

    Of more than COLUMNS windows the means of some are drawn, as many in each, and it says so.
    """
    together = -(-len(records) // COLUMNS)
    records = thinned(records, together)
    said = [r for r in records if "skipped" not in r]
    rows = [("faces", 0.9)] if gathered.faces else []
    rows += [("sound", 0.55)] if gathered.outline else []
    rows += [("categories", 2.2)] if said and "probabilities" in said[0] else []
    rows += [("labels", 2.2)] if said and "labels" in said[0] else []
    rows += [("vad", 1.6)] if said and "vad" in said[0] else []
    if not rows:
        return
    heights = [h for _, h in rows]
    figure = Figure(figsize=(11, 1.1 * sum(heights) + 0.9))
    axes = figure.subplots(
        len(rows),
        1,
        gridspec_kw={"height_ratios": heights, "hspace": 0.18},
        sharex=True,
        squeeze=False,
    )
    paint = {
        "faces": _faces,
        "sound": _sound,
        "categories": _categories,
        "labels": _labels,
        "vad": _vad,
    }
    for (name, _), axis in zip(rows, axes[:, 0], strict=True):
        paint[name](axis, records, gathered)
        for side in ("top", "right", "left", "bottom"):
            axis.spines[side].set_visible(False)
        axis.tick_params(colors=INK, labelsize=8, length=0)
    axes[0, 0].set_title(title, loc="left", fontsize=11, color=INK, weight="bold")
    _time(axes[-1, 0], records[-1]["end"], together)
    figure.savefig(path, dpi=140, bbox_inches="tight", facecolor="white")


def thinned(records: list[dict[str, Any]], together: int) -> list[dict[str, Any]]:
    """Records of `together` windows that follow each other, with the means of what is said.

    One that was skipped stays alone, and nothing is averaged over it.

    >>> records = [{"start": i, "end": i + 2, "vad": {"valence": i / 4}} for i in range(3)]
    >>> thinned([*records, {"start": 3, "end": 5, "skipped": "silence"}], 2)[0]
    {'start': 0, 'end': 3, 'vad': {'valence': 0.125}}
    """
    out = []
    for skipped, stretch in itertools.groupby(records, key=lambda r: "skipped" in r):
        rows = list(stretch)
        size = 1 if skipped else together
        out += [_mean(rows[i : i + size]) for i in range(0, len(rows), size)]
    return out


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The only row itself, else a record from the first's start to the last's end."""
    if len(rows) == 1:
        return rows[0]
    told = {
        key: {name: np.mean([r[key][name] for r in rows], axis=0).tolist() for name in rows[0][key]}
        for key in AVERAGED
        if key in rows[0]
    }
    return {"start": rows[0]["start"], "end": rows[-1]["end"], **told}


def _time(axis: Any, end: float, together: int) -> None:
    """The axis of time from 0 to the last second."""
    axis.set_xlim(0, end)
    what = "seconds"
    if end >= LONG:
        apart = next((s for s in TICKS if end / s <= FACES), 3600)
        axis.xaxis.set_major_locator(ticker.MultipleLocator(apart))
        axis.xaxis.set_major_formatter(lambda t, _: f"{t // 60:.0f}:{t % 60:02.0f}")
        what = "minutes"
    means = f"; means of {together} windows each" if together > 1 else ""
    axis.set_xlabel(what + means, fontsize=9, color=INK)


def _middle(records: list[dict[str, Any]]) -> np.ndarray:
    return np.array([(r["start"] + r["end"]) / 2 for r in records])


def _held(records: list[dict[str, Any]], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and values with the ends held out to the borders of the file."""
    times = np.concatenate([[records[0]["start"]], _middle(records), [records[-1]["end"]]])
    return times, np.concatenate([values[:1], values, values[-1:]])


def _runs(records: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Stretches without a skipped window between them."""
    runs: list[list[dict[str, Any]]] = [[]]
    for record in records:
        if "skipped" in record:
            runs.append([])
        else:
            runs[-1].append(record)
    return [run for run in runs if run]


def _categories(axis: Any, records: list[dict[str, Any]], _: Gathered) -> None:
    names = list(next(r for r in records if "probabilities" in r)["probabilities"])
    colours = matplotlib.colormaps["Set2" if len(names) <= 8 else "tab20"](range(len(names)))
    for run in _runs(records):
        values = np.array([[r["probabilities"][n] for n in names] for r in run])
        times, held = _held(run, values)
        stack = axis.stackplot(times, held.T, colors=colours, linewidth=0.4, edgecolor="white")
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1])
    axis.set_ylabel("probability", fontsize=9, color=INK)
    axis.legend(
        stack[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=8,
        frameon=False, handlelength=1.0,
    )  # fmt: skip


def _labels(axis: Any, records: list[dict[str, Any]], _: Gathered) -> None:
    """A line of colour for each label, as dark as it is probable."""
    names = list(next(r for r in records if "labels" in r)["labels"])
    for run in _runs(records):
        starts = [r["start"] for r in run]
        edges = [*starts, run[-1]["end"]]
        values = np.array([[r["labels"][n] for n in names] for r in run]).T
        rows = np.arange(len(names) + 1) - 0.5
        axis.pcolormesh(edges, rows, values, cmap="Blues", vmin=0, vmax=1)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_yticks(range(len(names)), names, fontsize=7)


def _vad(axis: Any, records: list[dict[str, Any]], _: Gathered) -> None:
    axis.axhline(0, color=FAINT, linewidth=0.8)
    rated = next(r["vad"] for r in records if "vad" in r)
    for name, colour in ((n, c) for n, c in DIMENSION_COLOURS.items() if n in rated):
        for i, run in enumerate(_runs(records)):
            times, held = _held(run, np.array([[r["vad"][name]] for r in run]))
            label = name if i == 0 else None
            axis.plot(times, held[:, 0], color=colour, linewidth=1.8, label=label)
            if "vad_interval" in run[0]:
                ends = np.array([r["vad_interval"][name] for r in run])
                times, band = _held(run, ends)
                axis.fill_between(times, band[:, 0], band[:, 1], color=colour, alpha=0.10, lw=0)
    axis.set_ylim(-1.05, 1.05)
    axis.set_yticks([-1, 0, 1])
    axis.set_ylabel("VAD", fontsize=9, color=INK)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=8, frameon=False)


def _sound(axis: Any, _: list[dict[str, Any]], gathered: Gathered) -> None:
    time, low, high = np.array(gathered.outline).T
    axis.fill_between(time, low, high, color="#7b8494", linewidth=0)
    top = max(np.abs([low.min(), high.max()]).max(), 1e-3)
    axis.set_ylim(-top, top)
    axis.set_yticks([])
    axis.set_ylabel("sound", fontsize=9, color=INK)


def _faces(axis: Any, records: list[dict[str, Any]], gathered: Gathered) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    end = records[-1]["end"]
    wanted = np.linspace(0, end, min(FACES, len(gathered.faces)) * 2 + 1)[1::2]
    times = np.array([t for t, _ in gathered.faces])
    for place in wanted:
        picture = gathered.faces[int(np.abs(times - place).argmin())][1]
        image = OffsetImage(picture, zoom=0.62)
        axis.add_artist(AnnotationBbox(image, (place, 0.5), frameon=False, pad=0))
    axis.set_ylim(0, 1)
    axis.set_yticks([])


def _square(picture: np.ndarray, side: int) -> np.ndarray:
    h, w = picture.shape[:2]
    cut = min(h, w)
    top, left = (h - cut) // 2, (w - cut) // 2
    square = picture[top : top + cut, left : left + cut]
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
