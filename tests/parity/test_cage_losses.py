"""CAGE's valence-arousal loss with its gradient, and the numbers its evaluation reports."""

import jax
import numpy as np
import pytest

from affectjax.losses import ccc
from affectjax.metrics import confusion
from affectjax.metrics import regression as regression_metrics
from tests.parity.reference import split

# The file names 1 - CCC without its 1.
_VALENCE, _AROUSAL = slice(0, 1), slice(1, 2)


def _minus_ccc(p, t):
    return ccc.ccc_loss_unbiased(p, t) - 1


@pytest.fixture(scope="module")
def reference(parity):
    arrays, _ = parity("cage_losses")
    return split(arrays, "in"), split(arrays, "out")


def test_every_number_of_the_file_is_within_tolerance(reference):
    given, out = reference
    p, t = given["va_pred"], given["va_true"]
    true, guess = given["cat_true"], given["cat_pred"]
    classes = int(max(true.max(), guess.max())) + 1
    c = np.asarray(confusion.confusion(true, guess, classes), np.float64)
    evaluated = regression_metrics.cage(p, t)
    ours = {
        "ccc_loss_valence": _minus_ccc(p[:, _VALENCE], t[:, _VALENCE]),
        "ccc_loss_arousal": _minus_ccc(p[:, _AROUSAL], t[:, _AROUSAL]),
        "loss_va_stage": ccc.mse_ccc(p, t),
        "grad_va_pred": jax.grad(ccc.mse_ccc)(p, t),
        "eval_ccc_pooled_va": evaluated["ccc"],
        "eval_mse": evaluated["mse"],
        "eval_rmse": evaluated["rmse"],
        "eval_mae": evaluated["mae"],
        "eval_weighted_precision": confusion.weighted(confusion.precisions(c), c),
        "eval_weighted_recall": confusion.weighted(confusion.recalls(c), c),
        "eval_weighted_f1": confusion.weighted_f1(c),
    }
    assert not set(out) - set(ours), set(out) - set(ours)
    for name, expected in out.items():
        rtol, atol = (1e-5, 0) if "loss" in name else (0, 1e-5 * np.abs(expected).max() + 1e-7)
        np.testing.assert_allclose(
            np.asarray(ours[name]), expected, rtol=rtol, atol=atol, err_msg=name
        )
