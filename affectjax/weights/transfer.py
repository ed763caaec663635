"""Start one model from the parameters of another by name; nothing is left out silently.

A stack of layers may be one by one in the one model and stacked for a scan in the other.
"""

import re
from collections.abc import Sequence
from typing import Any

from flax import traverse_util

from affectjax.weights import stacked

PyTree = Any


def take(
    given: PyTree, params: PyTree, fresh: Sequence[str] = (), drop: Sequence[str] = ()
) -> tuple[PyTree, str]:
    """`params` with every array of the same path from `given`, and a sentence on what was taken.

    Args:
      given: nested dict of arrays of the other model.
      params: nested dict of this model's arrays.
      fresh: regular expressions of paths of `params` that keep their own values.
      drop: regular expressions of paths of `given` that this model does not use.

    Raises:
      ValueError: a parameter that is in neither, an array that is unused, or shapes that differ;
        the message lists them all.

    >>> import numpy as np
    >>> new, told = take({"a": np.ones(2), "b": np.ones(1)}, {"a": np.zeros(2), "h": np.zeros(3)},
    ...                  fresh=["^h"], drop=["^b"])
    >>> new["a"].tolist(), new["h"].tolist(), told
    ([1.0, 1.0], [0.0, 0.0, 0.0], '1 arrays taken, 1 fresh (h), 1 left out (b)')
    """
    source = traverse_util.flatten_dict(stacked.as_in(given, params), sep="/")
    target = traverse_util.flatten_dict(params, sep="/")
    kept = {k for k in target if _found(k, fresh)}
    wanted = [k for k in target if k not in kept]
    unused = [k for k in source if k not in wanted]
    faults = [f"missing {k}" for k in wanted if k not in source]
    faults += [f"unused {k}" for k in unused if not _found(k, drop)]
    faults += [
        f"shape of {k}: {source[k].shape} given, {target[k].shape} here"
        for k in wanted
        if k in source and source[k].shape != target[k].shape
    ]
    if faults:
        raise ValueError(
            "the weights do not fit the model (config.init_fresh and config.init_drop name what "
            "may differ):\n  " + "\n  ".join(faults)
        )
    merged = {k: target[k] if k in kept else source[k] for k in target}
    told = f"{len(wanted)} arrays taken, {_listed(kept, 'fresh')}, {_listed(unused, 'left out')}"
    return traverse_util.unflatten_dict(merged, sep="/"), told


def _found(path: str, patterns: Sequence[str]) -> bool:
    return any(re.search(pattern, path) for pattern in patterns)


def _listed(paths: Any, word: str) -> str:
    tops = sorted({p.split("/")[0] for p in paths})
    return f"{len(list(paths))} {word}" + (f" ({', '.join(tops)})" if tops else "")
