"""Scores of dimensional affect as named by the papers that report them."""

import numpy as np
from jaxtyping import Float

from affectjax.metrics import moments
from affectjax.metrics.moments import Moments

Values = Float[np.ndarray, "b d"]


def per_dimension(m: Moments) -> dict[str, np.ndarray]:
    """ccc and pcc (unbiased moments), mse, rmse, mae, acc = 1 - mae and r2, each (d,).

    HiCMAE's names; its "acc" is 1 - MAE.
    """
    mae = moments.mae(m)
    return {
        "ccc": moments.ccc(m),
        "pcc": moments.pcc(m),
        "mse": moments.mse(m),
        "rmse": moments.rmse(m),
        "mae": mae,
        "acc": 1 - mae,
        "r2": moments.r2(m),
    }


def hicmae(prediction: Values, target: Values) -> dict[str, np.ndarray]:
    """`<name>_per_dim` (d,) and `<name>_mean` of `per_dimension`, as HiCMAE's code reports them.

    Its overall RMSE is the mean of the RMSE of the dimensions, not the root of the mean MSE.
    """
    each = per_dimension(_moments(prediction, target))
    out = {f"{name}_per_dim": value for name, value in each.items()}
    return out | {f"{name}_mean": value.mean() for name, value in each.items()}


def cage(prediction: Values, target: Values) -> dict[str, float]:
    """ccc, mse, rmse and mae as CAGE's evaluation: all dimensions pooled into one vector.

    Its CCC divides an unbiased covariance by population variances.
    """
    m = _moments(np.reshape(prediction, (-1, 1)), np.reshape(target, (-1, 1)))
    ccc = moments.ccc(m, unbiased=False, unbiased_covariance=True)
    named = {"ccc": ccc, "mse": moments.mse(m), "rmse": moments.rmse(m), "mae": moments.mae(m)}
    return {name: float(value[0]) for name, value in named.items()}


def _moments(prediction: Values, target: Values) -> Moments:
    return moments.moments(np.asarray(prediction, np.float64), np.asarray(target, np.float64))
