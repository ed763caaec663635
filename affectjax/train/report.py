"""What a run tells: a console line, one tidy metrics file, TensorBoard through CLU."""

import csv
import os
import pathlib
import time
from collections.abc import Mapping
from typing import Any

FIELDS = ("step", "split", "name", "value")


class MetricsFile:
    """`metrics.csv`: one row a number (step, split, name, value), flushed at each write.

    A resumed run drops the rows after the step it resumes from, so no step is told twice.
    """

    def __init__(self, workdir: str | os.PathLike[str], step: int = 0) -> None:
        self._path = pathlib.Path(workdir) / "metrics.csv"
        kept = [row for row in read_metrics(self._path) if int(row["step"]) <= step and step]
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(kept)
        temporary.replace(self._path)

    def write(self, step: int, split: str, values: Mapping[str, float]) -> None:
        with self._path.open("a", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([step, split, name, float(value)] for name, value in values.items())


def read_metrics(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """The rows of a metrics file; none where it is absent. A cut last line is dropped."""
    path = pathlib.Path(path)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]


class Report:
    """The writers of one run on process 0; silent on the others."""

    def __init__(
        self,
        workdir: str | os.PathLike[str],
        *,
        total_steps: int,
        batch: int,
        start: int = 0,
        tensorboard: bool = False,
        main_process: bool = True,
    ) -> None:
        self._total, self._batch, self._on = total_steps, batch, main_process
        self._file = MetricsFile(workdir, start) if main_process else None
        self._board = _tensorboard(workdir) if tensorboard and main_process else None
        self._mark = (start, time.monotonic())
        self._waited = 0.0

    def wait(self, seconds: float) -> None:
        """Add time that the loop spent waiting for data."""
        self._waited += seconds

    def train(self, step: int, values: Mapping[str, float]) -> None:
        """Write training values and the line with rate, data wait and time left."""
        then, now = self._mark, time.monotonic()
        seconds = max(now - then[1], 1e-9)
        rate = (step - then[0]) / seconds
        speed = {"steps_per_second": rate, "data_wait": self._waited / seconds}
        self._write(step, "train", {**values, **speed})
        left = (self._total - step) / max(rate, 1e-9)
        shown = "  ".join(f"{k} {v:.4g}" for k, v in values.items())
        self.say(
            f"step {step}/{self._total} ({step / self._total:.0%})  {shown}  "
            f"{rate * self._batch:.0f} examples/s  data wait {speed['data_wait']:.0%}  "
            f"left {_clock(left)}"
        )
        self._mark, self._waited = (step, now), 0.0

    def startup(self, step: int, told: tuple[str, Mapping[str, float]]) -> None:
        """Write what the time to the first step went on."""
        self.say(told[0])
        self._write(step, "startup", told[1])

    def evaluation(self, step: int, split: str, values: Mapping[str, float]) -> None:
        """Write the values of a periodic evaluation."""
        self._write(step, split, values)
        shown = "  ".join(f"{k} {v:.4g}" for k, v in values.items())
        self.say(f"step {step}/{self._total}  {split}:  {shown}")

    def say(self, text: str) -> None:
        """Print on process 0."""
        if self._on:
            print(text, flush=True)

    def close(self) -> None:
        if self._board is not None:
            self._board.flush()
            self._board.close()

    def _write(self, step: int, split: str, values: Mapping[str, float]) -> None:
        if self._file is not None:
            self._file.write(step, split, values)
        if self._board is not None:
            self._board.write_scalars(step, {f"{split}/{k}": float(v) for k, v in values.items()})


def _tensorboard(workdir: str | os.PathLike[str]) -> Any:
    from clu import metric_writers  # imports TensorFlow, some 9 s: only where it is asked for

    return metric_writers.AsyncWriter(metric_writers.SummaryWriter(str(workdir)))


def _clock(seconds: float) -> str:
    """Seconds as h:mm:ss.

    >>> _clock(3725)
    '1:02:05'
    """
    seconds = int(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
