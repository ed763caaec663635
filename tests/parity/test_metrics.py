"""Every metric of the reference file, from scikit-learn, scipy, torchmetrics and HiCMAE's code."""

import numpy as np
import pytest

from affectjax.losses import ccc as ccc_losses
from affectjax.losses import distribution as distribution_losses
from affectjax.metrics import (
    calibration,
    classification,
    confusion,
    distribution,
    moments,
    multilabel,
    ranking,
    regression,
)
from tests.parity.reference import split


def _categories(given):
    p, y = given["probs"].astype(np.float64), given["labels"]
    guess, classes = p.argmax(1), p.shape[1]
    c = np.asarray(confusion.confusion(y, guess, classes), np.float64)
    out = {
        "pred": guess,
        "confusion_rows_true": c,
        "war_accuracy": confusion.war(c),
        "uar_balanced_accuracy_present_classes": confusion.uar(c),
        "uar_macro_recall_all_classes": confusion.uar(c, "all"),
        "per_class_f1": confusion.f1(c),
        "macro_f1_all_classes": confusion.macro_f1(c),
        "macro_f1_sklearn_default_labels": confusion.macro_f1(c, "seen"),
        "weighted_f1": confusion.weighted_f1(c),
        "cohen_kappa": confusion.kappa(c),
        "top3_accuracy": classification.top_k(p, y, 3).mean(),
        "nll": classification.nll(p, y).mean(),
    }
    for number in (10, 15):
        table = calibration.bins(p.max(1), guess == y, number)
        for norm in ("l1", "l2", "max"):
            out[f"ece_{norm}_{number}bins"] = calibration.ece(table, norm)
    return out


def _binary(given):
    p, y = given["binary_conf"].astype(np.float64), given["binary_correct"]
    return {
        "binary_auroc": ranking.auroc(p, y),
        "binary_brier": calibration.binary_brier(p, y).mean(),
        "binary_ece_l1_10bins": calibration.ece(calibration.bins(p, y == 1, 10)),
    }


def _multilabel(given):
    y, scores = given["multilabel"], given["multilabel_scores"]
    guess = scores > 0.5  # strictly: the scores hold exact halves, which the file counts as 0
    ap = ranking.per_class(ranking.average_precision, scores, y)
    return {
        "average_precision_per_class": ap,
        "mean_average_precision": ap.mean(),
        "auroc_per_class": ranking.per_class(ranking.auroc, scores, y),
        "multilabel_macro_f1": multilabel.f1(y, guess, "macro"),
        "multilabel_micro_f1": multilabel.f1(y, guess, "micro"),
        "multilabel_samples_jaccard": multilabel.jaccard(y, guess),
        "hamming_loss": multilabel.hamming(y, guess),
    }


def _regression(given):
    p, t = given["reg_pred"].astype(np.float64), given["reg_true"].astype(np.float64)
    m = moments.moments(p, t)
    out = {f"hicmae_{k}": v for k, v in regression.hicmae(p, t).items()}
    dimensions = range(p.shape[1])
    for name, score in (("srcc", ranking.srcc), ("plcc", ranking.plcc), ("krcc", ranking.krcc)):
        out[name] = np.array([score(p[:, i], t[:, i]) for i in dimensions])
    return out | {
        "hicmae_ccc_loss": ccc_losses.ccc_loss(p, t),
        "hicmae_pcc_loss": ccc_losses.pcc_loss(p, t),
        "ccc_torchmetrics": moments.ccc(m),
        "r2": moments.r2(m),
    }


def _distribution(given):
    q, p = given["target_dist"].astype(np.float64), given["probs"].astype(np.float64)
    return {
        "kl_scipy_per_item": distribution.kl(q, p),
        "js_distance_squared_per_item": distribution.js(q, p),
        "soft_cross_entropy": distribution.soft_cross_entropy(q, p).mean(),
        "kl_target_given_logits_batchmean": distribution_losses.kl(given["logits"], q),
    }


@pytest.fixture(scope="module")
def reference(parity):
    arrays, _ = parity("metrics")
    return split(arrays, "in"), split(arrays, "out")


def test_every_metric_of_the_file_is_within_tolerance(reference):
    given, out = reference
    ours = {}
    for part in (_categories, _binary, _multilabel, _regression, _distribution):
        ours |= part(given)
    assert not set(out) - set(ours), set(out) - set(ours)
    for name, expected in out.items():
        tolerance = 1e-5 if "ece" in name else 1e-6
        np.testing.assert_allclose(
            np.asarray(ours[name]), expected, rtol=tolerance, atol=tolerance, err_msg=name
        )
