"""Every score against scikit-learn or scipy on random draws."""

import numpy as np
import pytest
from scipy import spatial, stats
from sklearn import metrics as sk

from affectjax.metrics import (
    calibration,
    classification,
    confusion,
    distribution,
    moments,
    multilabel,
    ranking,
)

SEEDS = range(8)


def _draw(seed, n=60, k=5, absent=True):
    g = np.random.default_rng(seed)
    y = g.integers(0, k - absent, n)
    p = g.dirichlet(np.ones(k), n)
    return y, p, p.argmax(1), k


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_category_scores_are_those_of_scikit_learn(seed):
    y, p, guess, k = _draw(seed)
    c = np.asarray(confusion.confusion(y, guess, k), np.float64)
    every = {"labels": range(k), "zero_division": 0}
    expected = {
        "war": (confusion.war(c), sk.accuracy_score(y, guess)),
        "uar": (confusion.uar(c), sk.balanced_accuracy_score(y, guess)),
        "uar all": (confusion.uar(c, "all"), sk.recall_score(y, guess, average="macro", **every)),
        "f1": (confusion.f1(c), sk.f1_score(y, guess, average=None, **every)),
        "macro": (confusion.macro_f1(c, "seen"), sk.f1_score(y, guess, average="macro")),
        "macro all": (confusion.macro_f1(c), sk.f1_score(y, guess, average="macro", **every)),
        "micro": (confusion.micro_f1(c), sk.f1_score(y, guess, average="micro")),
        "weighted": (confusion.weighted_f1(c), sk.f1_score(y, guess, average="weighted")),
        "precision": (confusion.precisions(c), sk.precision_score(y, guess, average=None, **every)),
        "kappa": (confusion.kappa(c), sk.cohen_kappa_score(y, guess)),
        "nll": (classification.nll(p, y).mean(), sk.log_loss(y, p, labels=range(k))),
        "top2": (
            classification.top_k(p, y, 2).mean(),
            sk.top_k_accuracy_score(y, p, k=2, labels=range(k)),
        ),
        "brier": (
            calibration.binary_brier(p[:, 0], y == 0).mean(),
            sk.brier_score_loss(y == 0, p[:, 0]),
        ),
    }
    np.testing.assert_array_equal(c, sk.confusion_matrix(y, guess, labels=range(k)))
    for name, (ours, theirs) in expected.items():
        np.testing.assert_allclose(ours, theirs, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_rankings_with_ties_are_those_of_scikit_learn_and_scipy(seed):
    g = np.random.default_rng(seed)
    scores, labels = g.integers(0, 6, 50) / 5, g.integers(0, 2, 50)
    a, b = g.integers(0, 5, 50), g.integers(0, 5, 50)
    expected = [
        (ranking.average_precision(scores, labels), sk.average_precision_score(labels, scores)),
        (ranking.auroc(scores, labels), sk.roc_auc_score(labels, scores)),
        (ranking.srcc(a, b), stats.spearmanr(a, b).statistic),
        (ranking.plcc(a, b), stats.pearsonr(a, b).statistic),
        (ranking.krcc(a, b), stats.kendalltau(a, b).statistic),
    ]
    np.testing.assert_allclose(*zip(*expected, strict=True), atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_rankings_without_both_kinds_of_label():
    scores, none = np.array([0.1, 0.9]), np.array([0, 0])
    assert np.isnan(ranking.auroc(scores, np.array([1, 1])))
    assert ranking.average_precision(scores, none) == sk.average_precision_score(none, scores)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_multilabel_scores_are_those_of_scikit_learn(seed):
    g = np.random.default_rng(seed)
    y, guess = g.integers(0, 2, (30, 4)), g.integers(0, 2, (30, 4))
    y[0] = guess[0] = 0  # empty on both sides
    for average in ("macro", "micro", "samples"):
        theirs = sk.f1_score(y, guess, average=average, zero_division=0)
        np.testing.assert_allclose(multilabel.f1(y, guess, average), theirs, atol=1e-12)
    theirs = sk.jaccard_score(y, guess, average="samples", zero_division=0)
    np.testing.assert_allclose(multilabel.jaccard(y, guess), theirs, atol=1e-12)
    np.testing.assert_allclose(multilabel.hamming(y, guess), sk.hamming_loss(y, guess))


@pytest.mark.parametrize("seed", SEEDS)
def test_distances_of_distributions_are_those_of_scipy(seed):
    g = np.random.default_rng(seed)
    q, p = g.dirichlet(np.ones(6), 20), g.dirichlet(np.ones(6), 20)
    q[0] = np.eye(6)[2]
    np.testing.assert_allclose(distribution.kl(q, p), stats.entropy(q, p, axis=1), atol=1e-9)
    theirs = spatial.distance.jensenshannon(q, p, axis=1) ** 2
    np.testing.assert_allclose(distribution.js(q, p), theirs, atol=1e-9)
    each = [sk.ndcg_score(q[i : i + 1], p[i : i + 1]) for i in range(len(q))]
    np.testing.assert_allclose(distribution.ndcg(q, p), each, rtol=1e-12)
    np.testing.assert_allclose(distribution.brier(np.eye(6), np.full((6, 6), 1 / 6)), 5 / 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_moments_give_numpys_and_scikit_learns_numbers(seed):
    g = np.random.default_rng(seed)
    t = g.normal(0.4, 0.3, (40, 3))
    p = t + g.normal(0.1, 0.2, (40, 3))
    m = moments.moments(p, t)
    for i in range(3):
        (vp, c), (_, vt) = np.cov(p[:, i], t[:, i])
        gap = (p[:, i].mean() - t[:, i].mean()) ** 2
        np.testing.assert_allclose(moments.ccc(m)[i], 2 * c / (vp + vt + gap), rtol=1e-12)
        f = 39 / 40
        population = 2 * c * f / ((vp + vt) * f + gap)
        np.testing.assert_allclose(moments.ccc(m, False)[i], population, rtol=1e-12)
        np.testing.assert_allclose(moments.pcc(m)[i], stats.pearsonr(p[:, i], t[:, i])[0])
    raw = {"multioutput": "raw_values"}
    np.testing.assert_allclose(moments.r2(m), sk.r2_score(t, p, **raw))
    np.testing.assert_allclose(moments.rmse(m), sk.root_mean_squared_error(t, p, **raw))
    np.testing.assert_allclose(moments.mae(m), sk.mean_absolute_error(t, p, **raw))


def test_calibration_error_by_hand():
    # bins of 5: (0.1: 1 of 2 right at mean .15), (0.9: 2 of 2 right at mean .95)
    confidence, correct = np.array([0.1, 0.19, 0.9, 0.99]), np.array([True, False, True, True])
    table = calibration.bins(confidence, correct, 5)
    gaps = np.array([abs(0.5 - 0.145), abs(1 - 0.945)])
    np.testing.assert_allclose(calibration.ece(table), gaps.mean(), rtol=1e-5)
    np.testing.assert_allclose(calibration.ece(table, "l2"), np.sqrt((gaps**2).mean()), rtol=1e-5)
    np.testing.assert_allclose(calibration.ece(table, "max"), gaps.max(), rtol=1e-5)
    with pytest.raises(ValueError, match="allowed: 'l1', 'l2', 'max'"):
        calibration.ece(table, "linf")
