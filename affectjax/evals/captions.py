"""Scores of the true texts on pictures under a captioner, with intervals."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from affectjax.evals import bootstrap
from affectjax.metrics import captions

Scores = dict[str, Any]


def scores(clips: Mapping[str, np.ndarray], **options: Any) -> Scores:
    """`metrics.captions` of all rows; empty where there are none. `<name>_interval` by subject."""
    out: Scores = {}
    for name, each in captions.sums(clips).items():
        people = np.asarray(clips.get("subject", np.arange(len(each))))
        added = bootstrap.by_subject(each, people)
        out |= bootstrap.scored(name, partial(captions.score, name), added, **options)
    return out
