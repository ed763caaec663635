"""Scores of which some are nowhere defined, NaN: how such a one comes about, and their mean."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

Array = jax.Array | np.ndarray | np.floating


def ratio(part: Float[Array, "*r k"], whole: Float[Array, "*r k"]) -> Any:
    """part / whole; NaN where the whole is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    xp = _namespace(whole)
    return xp.where(whole > 0, part / xp.where(whole > 0, whole, 1), xp.nan)


def mean(each: Float[Array, "*r k"], none: float = 0.0) -> Any:
    """The mean over the last axis of what is not NaN; `none` where all of it is.

    >>> mean(np.array([[0.5, np.nan], [np.nan, np.nan]])).tolist()
    [0.5, 0.0]
    """
    xp = _namespace(each)
    known = ~xp.isnan(each)
    count = known.sum(-1)
    total = xp.where(known, each, 0.0).sum(-1)
    return xp.where(count > 0, total / xp.maximum(count, 1), none)


def _namespace(x: Array) -> Any:
    return np if isinstance(x, np.ndarray | np.generic) else jnp
