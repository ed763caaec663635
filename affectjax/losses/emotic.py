"""Losses of EMOTIC's baseline as the PyTorch port (Tandon-A/emotic) has them: sums, no means.

Kosti et al. 2019 (arXiv 2003.13401), equations 1 to 4. All take `weights` of the examples, such
as `valid`.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affectjax.losses.weighting import Given, Weights

ABSENT = 1e-4  # weight of a category that nobody of the batch shows
SCALE = 10.0  # predictions and targets are ratings over ten; the margins are in ratings

# The port's weights for the 26 categories in the order of `labels.EMOTIC26`.
# fmt: off
STATIC = np.array([
    0.1435, 0.1870, 0.1692, 0.1165, 0.1949, 0.1204, 0.1728, 0.1372, 0.1620,
    0.1540, 0.1987, 0.1057, 0.1482, 0.1192, 0.1590, 0.1929, 0.1158, 0.1907,
    0.1345, 0.1307, 0.1665, 0.1698, 0.1797, 0.1657, 0.1520, 0.1537,
], np.float32)
# fmt: on


def dynamic_weights(
    categories: Float[Given, "b k"], weights: Weights = None, c: float = 1.2
) -> Float[Array, " k"]:
    """1 / ln(c + n_i) of the n_i people of the batch who show category i; 1e-4 where none does.

    >>> import jax.numpy as jnp
    >>> dynamic_weights(jnp.array([[1.0, 0.0]])).round(4).tolist()  # 1 / ln 2.2
    [1.268..., 9.99...e-05]
    """
    counts = _total(categories, weights)
    seen = counts > 0
    return jnp.where(seen, 1 / jnp.log(c + jnp.where(seen, counts, 1.0)), ABSENT)


def discrete(
    prediction: Float[Given, "b k"],
    categories: Float[Given, "b k"],
    category_weights: Float[Given, " k"] | float,
    weights: Weights = None,
) -> Float[Array, ""]:
    """sum_i w_i (prediction_i - category_i)^2, summed over the batch.

    `category_weights`: `dynamic_weights`, `STATIC`, or 1 / k (the port's "mean").
    """
    each = (prediction - categories) ** 2 * category_weights
    return _total(each, weights).sum()


def margin_l2(
    prediction: Float[Given, "b 3"],
    vad: Float[Given, "b 3"],
    margin: float = 1.0,
    weights: Weights = None,
) -> Float[Array, ""]:
    """Sum of e^2 where |e| is at least the margin, e = 10 (prediction - vad).

    >>> float(margin_l2(jnp.array([[0.2, 0.5, 0.5]]), jnp.array([[0.5, 0.55, 0.5]])))
    9.0
    """
    e = jnp.abs(SCALE * prediction - SCALE * vad)
    return _total(jnp.where(e < margin, 0.0, e**2), weights).sum()


def margin_smooth_l1(
    prediction: Float[Given, "b 3"],
    vad: Float[Given, "b 3"],
    margin: float = 1.0,
    weights: Weights = None,
) -> Float[Array, ""]:
    """Sum of e^2 / 2 where |e| is at most the margin, else |e| - 1/2; e as in `margin_l2`.

    The port's: 1/2 is subtracted whatever the margin, so another than 1 leaves a step.
    """
    e = jnp.abs(SCALE * prediction - SCALE * vad)
    return _total(jnp.where(e > margin, e - 0.5, 0.5 * e**2), weights).sum()


def _total(values: Float[Given, "b k"], weights: Weights) -> Float[Array, " k"]:
    values = jnp.asarray(values)
    if weights is None:
        return values.sum(0)
    w = jnp.asarray(weights, values.dtype)[:, None]
    return jnp.where(w > 0, w * values, 0.0).sum(0)
