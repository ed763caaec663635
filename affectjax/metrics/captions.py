"""Scores of texts about pictures from sums over their tokens, words and pairs."""

from collections.abc import Mapping
from typing import Any

import flax.struct
import jax.numpy as jnp
import numpy as np
from clu import metrics
from jaxtyping import Array

from affectjax.metrics import states

# Score: the row's sum, and what it is divided by. A model without a head lacks the last two.
SUMS = {
    "perplexity": ("caption_nll", "caption_tokens"),
    "word_vad_rmse": ("word_error", "word_count"),
    "matched": ("matched_right", "matched_pairs"),
}


def sums(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """By score (b, 2), the row's sum and count, of the scores that a model has."""
    xp = np if all(isinstance(v, np.ndarray) for v in outputs.values()) else jnp
    there = {k: pair for k, pair in SUMS.items() if set(pair) <= outputs.keys()}
    return {k: xp.stack([outputs[x] for x in pair], axis=-1) for k, pair in there.items()}


def score(name: str, total: Any) -> Any:
    """exp of the mean for perplexity, the root of it for an RMSE, else the mean; (*r, 2) -> (*r,).

    >>> round(float(score("perplexity", np.array([2 * np.log(5), 2.0]))), 6)
    5.0
    """
    xp = np if isinstance(total, np.ndarray) else jnp
    mean = total[..., 0] / xp.maximum(total[..., 1], 1.0)
    how = {"perplexity": xp.exp, "word_vad_rmse": xp.sqrt}.get(name)
    return how(mean) if how else mean


@flax.struct.dataclass
class Captions(metrics.Metric):
    """The scores of SUMS over the valid rows.

    perplexity of a token of the true texts; word_vad_rmse of the next word's VAD, over the words
    that the dictionary has and three dimensions; matched, the share of texts that score higher with
    their own emotion than the other text on the picture does (chance 0.5).
    """

    total: dict[str, Array]

    @classmethod
    def from_model_output(cls, *, valid: Array | None = None, **outputs: Array) -> "Captions":
        each = sums(outputs)
        w = None if valid is None else valid[:, None]
        kept = {k: v if w is None else jnp.where(w, v, 0.0) for k, v in each.items()}
        return cls({k: v.sum(0) for k, v in kept.items()})

    def merge(self, other: "Captions") -> "Captions":
        return type(self)({k: v + other.total[k] for k, v in self.total.items()})

    def compute(self) -> dict[str, Array]:
        return {k: score(k, v) for k, v in self.total.items()}


@flax.struct.dataclass
class CaptionScores(states.Several):
    """The texts, and the emotion that a text would name first."""

    captions: Captions
    categories: states.Categories
