"""Every number of the metrics' reference file: scikit-learn, scipy, torchmetrics, HiCMAE's code."""

import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import ccc as ccc_losses
from affectjax.losses import classification
from affectjax.metrics import calibration, confusion, distribution, moments, multilabel, ranking
from tests.parity.reference import close, split

EXACT = {"rtol": 1e-6, "atol": 1e-6}
BINNED = {"rtol": 1e-5, "atol": 1e-5}  # float32 bins of torchmetrics


def _categories(x, classes: int) -> dict:
    p, y, logits = x["probs"], x["labels"], x["logits"]
    guess = logits.argmax(-1)
    c = confusion.confusion(y, guess, classes)
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
        "top3_accuracy": confusion.top(p, y, 3).mean(),
        "nll": classification.cross_entropy(logits, y),
    }
    for number in (10, 15):
        table = calibration.bins(p.max(-1), guess == y, number)
        out |= {f"ece_{n}_{number}bins": calibration.ece(table, n) for n in ("l1", "l2", "max")}
    return out


def _binary(x) -> dict:
    conf, correct = x["binary_conf"], x["binary_correct"]
    two = np.stack([1 - conf, conf], -1)
    return {
        # torchmetrics bins p(positive) itself, not the confidence of the decision.
        "binary_ece_l1_10bins": calibration.ece(calibration.bins(conf, correct == 1, 10)),
        "binary_brier": calibration.brier(two, correct).mean() / 2,
        "binary_auroc": ranking.auroc(correct, conf),
    }


def _multilabel(x) -> dict:
    truth, score = x["multilabel"], x["multilabel_scores"]
    guess = score > 0.5
    return {
        "average_precision_per_class": ranking.per_class(ranking.average_precision, truth, score),
        "auroc_per_class": ranking.per_class(ranking.auroc, truth, score),
        "mean_average_precision": ranking.mean_average_precision(truth, score),
        "multilabel_macro_f1": multilabel.macro_f1(truth, guess),
        "multilabel_micro_f1": multilabel.micro_f1(truth, guess),
        "multilabel_samples_jaccard": multilabel.jaccard(truth, guess),
        "hamming_loss": multilabel.hamming_loss(truth, guess),
    }


def _dimensions(x) -> dict:
    p, t = x["reg_pred"], x["reg_true"]
    m = moments.moments(p, t)
    columns = list(zip(p.T, t.T, strict=True))
    each = {
        "mse": moments.rmse(m) ** 2,
        "rmse": moments.rmse(m),
        "mae": moments.mae(m),
        "acc": 1 - moments.mae(m),  # what HiCMAE's code calls accuracy
        "pcc": moments.pcc(m),
        "ccc": moments.ccc(m),
    }
    return {
        **{f"hicmae_{k}_per_dim": v for k, v in each.items()},
        **{f"hicmae_{k}_mean": v.mean() for k, v in each.items()},
        "hicmae_ccc_loss": ccc_losses.ccc_loss(p, t),
        "hicmae_pcc_loss": ccc_losses.pcc_loss(p, t),
        "ccc_torchmetrics": moments.ccc(m),
        "r2": moments.r2(m),
        **{
            n: np.array([getattr(ranking, n)(*c) for c in columns])
            for n in ("srcc", "plcc", "krcc")
        },
    }


def _distributions(x) -> dict:
    q, p, logits = x["target_dist"], x["probs"], x["logits"]
    return {
        "kl_scipy_per_item": distribution.kl(q, p),
        "js_distance_squared_per_item": distribution.js(q, p),
        "kl_target_given_logits_batchmean": distribution.kl(q, p).mean(),
        "soft_cross_entropy": classification.soft_cross_entropy(logits, jnp.asarray(q)),
    }


@pytest.mark.parametrize(
    "group", [_binary, _multilabel, _dimensions, _distributions], ids=lambda f: f.__name__[1:]
)
def test_scores_are_those_of_the_reference_libraries(parity, group):
    arrays, _ = parity("metrics")
    for name, ours in group(split(arrays, "in")).items():
        close(name, ours, arrays[f"out/{name}"], **(BINNED if "ece" in name else EXACT))


def test_category_scores_are_those_of_the_reference_libraries(parity):
    arrays, config = parity("metrics")
    for name, ours in _categories(split(arrays, "in"), config["C"]).items():
        close(name, ours, arrays[f"out/{name}"], **(BINNED if "ece" in name else EXACT))


def test_no_number_of_the_file_is_left_out(parity):
    arrays, config = parity("metrics")
    x = split(arrays, "in")
    ours = set(_categories(x, config["C"]))
    ours |= {k for f in (_binary, _multilabel, _dimensions, _distributions) for k in f(x)}
    assert ours == set(split(arrays, "out"))
