"""The flat table of scores against scikit-learn and numpy, and as JSON."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from affectjax.evals import scores


@pytest.fixture(scope="module")
def rows():
    g = np.random.default_rng(0)
    n, k = 120, 6
    t = np.clip(g.normal(0, 0.4, (n, 3)), -1, 1)
    return {
        "probabilities": g.dirichlet(np.ones(k), n),
        "emotion": g.integers(0, k - 1, n),
        "vad": t,
        "vad_pred": t + g.normal(0, 0.3, (n, 3)),
        "subject": g.integers(0, 8, n),
        "votes": g.integers(0, 4, (n, k)) + 1,
    }


@pytest.fixture(scope="module")
def out(rows):
    return scores.scores(**rows, resamples=300)


def test_category_scores_are_those_of_scikit_learn(rows, out):
    y, p = rows["emotion"], rows["probabilities"]
    guess = p.argmax(1)
    expected = {
        "war": sk.accuracy_score(y, guess),
        "uar": sk.recall_score(y, guess, labels=range(5), average="macro"),
        "macro_f1": sk.f1_score(y, guess, average="macro"),
        "weighted_f1": sk.f1_score(y, guess, average="weighted"),
        "kappa": sk.cohen_kappa_score(y, guess),
        "nll": sk.log_loss(y, p, labels=range(6)),
        "brier": ((p - np.eye(6)[y]) ** 2).sum(1).mean(),
        "confusion": sk.confusion_matrix(y, guess, labels=range(6)).tolist(),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(out[name], value, rtol=1e-9, err_msg=name)
    assert out["chance"]["uar"] == 1 / 6


def test_vad_scores_are_numpys(rows, out):
    p, t = rows["vad_pred"], rows["vad"]
    c = [np.cov(p[:, i], t[:, i]) for i in range(3)]
    gaps = (p.mean(0) - t.mean(0)) ** 2
    ccc = [2 * m[0, 1] / (m[0, 0] + m[1, 1] + g) for m, g in zip(c, gaps, strict=True)]
    rmse = np.sqrt(((p - t) ** 2).mean(0))
    for i, d in enumerate(("valence", "arousal", "dominance")):
        np.testing.assert_allclose(out[f"ccc_{d}"], ccc[i])
        np.testing.assert_allclose(out[f"pcc_{d}"], np.corrcoef(p[:, i], t[:, i])[0, 1])
        np.testing.assert_allclose(out[f"rmse_{d}"], rmse[i])
    np.testing.assert_allclose(out["ccc_mean"], np.mean(ccc))


def test_every_interval_holds_its_score_and_all_is_json(out):
    intervals = {k for k in out if k.endswith("_interval")}
    assert {"uar_interval", "ece_interval", "ccc_mean_interval", "kl_interval"} <= intervals
    for name in intervals:
        low, high = out[name]
        # resampling biases an absolute gap upwards, so ECE may lie under its own interval
        if not name.endswith("ece_interval"):
            assert low <= out[name.removesuffix("_interval")] <= high, name
        assert low < high
    assert json.loads(json.dumps(out)) == out


def test_votes_are_the_shares_they_make(rows, out):
    shares = rows["votes"] / rows["votes"].sum(1, keepdims=True)
    given = {k: v for k, v in rows.items() if k != "votes"} | {"distribution": shares}
    again = scores.scores(**given, resamples=2)
    for name in ("soft_nll", "kl", "js"):
        np.testing.assert_allclose(again[name], out[name])


def test_sure_answers_are_as_far_from_its_raters_as_they_disagree():
    p, votes = np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([[3, 1], [2, 2]])
    told = scores.scores(p, np.array([0, 0]), votes=votes, resamples=2)
    assert told["ece"] == pytest.approx(0.1)
    assert told["soft_ece"] == pytest.approx(0.9 - (0.75 + 0.5) / 2)
    assert told["tvd"] == pytest.approx((0.15 + 0.4) / 2)


def test_scoring_nothing_is_an_error():
    with pytest.raises(ValueError, match="nothing to score: no probabilities, multilabel_pred"):
        scores.scores(emotion=np.array([1]))


def test_scores_of_the_whole_are_scipys_correlations():
    g = np.random.default_rng(0)
    score = g.uniform(0, 100, 40).round()  # with ties
    pred = score + g.normal(0, 20, 40)
    out = scores.scores(score_pred=pred, score=score, resamples=50)
    np.testing.assert_allclose(out["srcc"], stats.spearmanr(pred, score).statistic, atol=1e-9)
    np.testing.assert_allclose(out["plcc"], stats.pearsonr(pred, score).statistic, atol=1e-9)
    assert out["srcc_interval"][0] < out["srcc"] < out["srcc_interval"][1]


def test_units_and_the_score_of_all_three_are_scikit_learns():
    g = np.random.default_rng(3)
    n = 60
    p, vad = g.dirichlet(np.ones(4), n), g.uniform(-1, 1, (n, 2))
    clips = {
        "probabilities": p,
        "emotion": g.integers(0, 4, n),
        "vad_pred": vad + g.normal(0, 0.3, (n, 2)),
        "vad": vad,
        "action_units_pred": g.random((n, 3)),
        "action_units": g.integers(0, 2, (n, 3)).astype(float),
        "subject": np.arange(n) // 6,
    }
    clips["emotion"][:10], clips["vad"][10:20] = -1, np.nan
    clips["action_units"][20:30] = np.nan
    told = scores.scores(**clips, resamples=50)
    truth, told_units = clips["action_units"], clips["action_units_pred"] >= 0.5
    known = ~np.isnan(truth).any(1)
    each = sk.f1_score(truth[known], told_units[known], average=None)
    np.testing.assert_allclose(told["units_f1_each"], each)
    assert told["units_f1"] == pytest.approx(each.mean())
    ap = sk.average_precision_score(truth[known], clips["action_units_pred"][known], average=None)
    np.testing.assert_allclose(told["units_ap"], ap)
    parts = told["ccc_mean"] + told["macro_f1"] + told["units_f1"]
    assert told["multitask"] == pytest.approx(parts, rel=1e-9)
    low, high = told["multitask_interval"]
    assert low < told["multitask"] < high
