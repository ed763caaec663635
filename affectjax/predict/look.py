"""`--explain`: what a prediction hangs on, drawn for pictures and films, counted for words."""

import itertools
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from affectjax.data import wordpiece
from affectjax.data.ops import text
from affectjax.predict import explain
from affectjax.tasks.inputs import Inputs

Rows = dict[str, np.ndarray]
_OUTPUTS = (("probabilities", 1.0), ("multilabel_pred", 1.0), ("vad_pred", 0.0))


@dataclass
class Look:
    """Asks a run for maps, and keeps of a film the window that it is surest of.

    Attributes:
      maps: a batch -> (maps by name, the log-mel it reads or None), see `explain.explain`.
    """

    maps: Callable[[Rows], tuple[Rows, np.ndarray | None]]
    _best: tuple[float, str, Rows] | None = field(default=None)

    def keep(self, title: str, row: Rows, said: Mapping[str, np.ndarray]) -> None:
        """Remember a window's inputs where the run is surer of it than of those before."""
        sure = surety(said)
        if self._best is None or sure > self._best[0]:
            self._best = (sure, title, row)

    def draw_best(self, path: pathlib.Path, name: str) -> None:
        """Draw the window that was kept, and forget it; nothing where none was."""
        best, self._best = self._best, None
        if best is not None:
            self.draw(path, f"{name}, {best[1]}", best[2])

    def draw(self, path: pathlib.Path, title: str, row: Rows) -> None:
        """Draw the maps of one row over what the model reads of it."""
        from affectjax.predict import overlay  # matplotlib and OpenCV, only where they are wanted

        maps, log_mel = self.maps({k: v[None] for k, v in row.items()})
        shown = {k: v if v.ndim == 4 else v[None] for k, v in row.items() if v.dtype == np.uint8}
        sound = None if log_mel is None else log_mel[0]
        overlay.draw(path, title, shown, sound, {k: v[0] for k, v in maps.items()})


def of_run(task: Any, params: Any, place: Callable[[], Any]) -> Look:
    """A `Look` at a task with its parameters; `place` gives the context that it is asked in."""

    def both(params: Any, batch: Mapping[str, jax.Array]) -> Any:
        found = explain.explain(task, {"params": params}, batch, jax.random.key(0))
        reads = isinstance(task.inputs, Inputs) and "log_mel" in found
        return found, task.inputs.log_mel(batch) if reads else None

    step = jax.jit(both)

    def maps(batch: Rows) -> tuple[Rows, np.ndarray | None]:
        with place():
            found, log_mel = jax.device_get(step(params, batch))
        return found, log_mel

    return Look(maps)


def surety(said: Mapping[str, np.ndarray]) -> float:
    """How sure a run is of one row: its highest probability, or how far its VAD is from neutral."""
    for name, of_one in _OUTPUTS:
        if name in said:
            row = np.asarray(said[name])
            return float(row.max()) if of_one else float(np.linalg.norm(row))
    return 0.0


def words(sentence: str, share: np.ndarray, ops: Sequence[Any]) -> list[list[Any]]:
    """[word, share] of a sentence's words in order: each has the sum of its pieces, all together 1.

    `share` is of the tokens, [CLS] first; words behind the longest text that is read have 0.

    >>> words("so joyful", np.array([0.5, 0.1, 0, 0.4, 0, 0, 0, 0, 0, 0]), [text.Tokens("letters")])
    [['so', 0.2], ['joyful', 0.8]]
    """
    op = next(op for op in ops if isinstance(op, text.Tokens))
    known = text.pieces(op.vocabulary)
    found = list(wordpiece.words(sentence))
    ends = 1 + np.cumsum([0, *(len(wordpiece.pieces(word, known)) for word in found)])
    parts = [float(share[i:j].sum()) for i, j in itertools.pairwise(ends)]
    total = sum(parts) or 1.0
    return [[word, round(part / total, 4)] for word, part in zip(found, parts, strict=True)]
