"""CAGE's losses of valence and arousal with their gradients, and its evaluation's numbers."""

import jax
import numpy as np

from affectjax.losses import ccc, regression
from affectjax.metrics import confusion, moments
from tests.parity.reference import close, split

BETA = 3.0  # weight of the squared errors in CAGE's code


def _ccc_term(pred, true, i: int):
    """CAGE's loss is -CCC where ours is 1 - CCC."""
    return ccc.ccc_loss(pred[:, i : i + 1], true[:, i : i + 1], unbiased=True) - 1


def _stage(pred, true):
    errors = sum(regression.mse(pred[:, i : i + 1], true[:, i : i + 1]) for i in (0, 1))
    return BETA * errors + _ccc_term(pred, true, 0) + _ccc_term(pred, true, 1)


def _losses(x) -> dict:
    pred, true = jax.numpy.asarray(x["va_pred"]), jax.numpy.asarray(x["va_true"])
    loss, grad = jax.value_and_grad(_stage)(pred, true)
    return {
        "ccc_loss_valence": _ccc_term(pred, true, 0),
        "ccc_loss_arousal": _ccc_term(pred, true, 1),
        "loss_va_stage": loss,
        "grad_va_pred": grad,
    }


def _evaluation(x) -> dict:
    flat = [x[k].reshape(-1, 1) for k in ("va_pred", "va_true")]  # both dimensions pooled
    m = moments.moments(*flat)
    classes = int(max(x["cat_true"].max(), x["cat_pred"].max())) + 1
    c = confusion.confusion(x["cat_true"], x["cat_pred"], classes)
    return {
        "eval_mse": moments.rmse(m)[0] ** 2,
        "eval_mae": moments.mae(m)[0],
        "eval_rmse": moments.rmse(m)[0],
        "eval_ccc_pooled_va": _mixed_ccc(m)[0],
        "eval_weighted_precision": confusion.weighted_precision(c),
        "eval_weighted_recall": confusion.war(c),
        "eval_weighted_f1": confusion.weighted_f1(c),
    }


def _mixed_ccc(m):
    """CAGE's evaluation: covariance over n - 1, variances over n."""
    return moments.ccc(m, unbiased=False) * m.count / (m.count - 1)


def test_losses_and_gradients_are_those_of_the_official_code(parity):
    arrays, _ = parity("cage_losses")
    for name, ours in _losses(split(arrays, "in")).items():
        close(name, ours, arrays[f"out/{name}"])


def test_evaluation_is_that_of_the_official_code(parity):
    arrays, _ = parity("cage_losses")
    for name, ours in _evaluation(split(arrays, "in")).items():
        close(name, ours, arrays[f"out/{name}"])


def test_no_number_of_the_file_is_left_out(parity):
    arrays, _ = parity("cage_losses")
    x = {k: np.asarray(v) for k, v in split(arrays, "in").items()}
    assert set(_losses(x)) | set(_evaluation(x)) == set(split(arrays, "out"))
