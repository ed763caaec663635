"""How the losses of a batch's examples become one number."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

Given = Array | np.ndarray
Weights = Shaped[Given, " b"] | None  # numbers, or True and False


def mean(values: Float[Given, "b *s"], weights: Weights) -> Float[Array, ""]:
    """Mean over examples, weighted by `weights` (such as `valid`), and over what follows b.

    Rows of weight 0 do not count; without any weight the mean is 0.

    >>> import jax.numpy as jnp
    >>> float(mean(jnp.array([1.0, 3.0, jnp.nan]), jnp.array([1.0, 1.0, 0.0])))
    2.0
    """
    values = jnp.asarray(values)
    if weights is None:
        return values.mean()
    each = values.reshape(values.shape[0], -1).mean(1)
    w = jnp.asarray(weights, each.dtype)
    total = w.sum()
    return jnp.where(w > 0, w * each, 0.0).sum() / jnp.where(total > 0, total, 1.0)
