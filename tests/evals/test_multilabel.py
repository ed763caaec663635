"""Scores of labels that may hold together: scikit-learn's numbers, draws of whole subjects."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.evals import bootstrap, calibrate, multilabel, predictions, scores
from affectjax.metrics import ranking
from affectjax.report import compare, figures


@pytest.fixture(scope="module")
def rows():
    g = np.random.default_rng(0)
    y = (g.random((90, 4)) < [0.5, 0.2, 0.1, 0.0]).astype(np.float32)  # the last never occurs
    p = np.clip(0.3 * y + g.random((90, 4)) * 0.7, 0, 1).round(2)  # with ties
    return {"multilabel_pred": p, "multilabel": y, "subject": g.integers(0, 7, 90) * 3}


@pytest.fixture(scope="module")
def out(rows):
    return scores.scores(**rows, resamples=200)


def test_scores_are_those_of_scikit_learn(rows, out):
    y, p = rows["multilabel"], rows["multilabel_pred"]
    ap = [sk.average_precision_score(y[:, i], p[:, i]) for i in range(3)]
    auroc = [sk.roc_auc_score(y[:, i], p[:, i]) for i in range(3)]
    guess = p >= 0.5
    expected = {
        "map": np.mean(ap),
        "auroc_mean": np.mean(auroc),
        "micro_f1": sk.f1_score(y, guess, average="micro"),
        "macro_f1": sk.f1_score(y, guess, average="macro", labels=[0, 1, 2, 3]),
        "samples_jaccard": sk.jaccard_score(y, guess, average="samples", zero_division=0),
        "label_brier": ((p - y) ** 2).mean(),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(out[name], value, rtol=1e-9, err_msg=name)
        low, high = out[f"{name}_interval"]
        assert low < out[name] < high
    np.testing.assert_allclose(out["ap"][:3], ap)
    assert out["ap"][3] is None
    assert out["ap_interval"][3] is None
    np.testing.assert_allclose(out["label_chance"]["map"], y.mean(0)[:3].mean())
    assert json.loads(json.dumps(out)) == out


def test_a_draw_of_subjects_is_the_score_of_its_repeated_clips(rows):
    y, p, subject = rows["multilabel"], rows["multilabel_pred"], rows["subject"]
    options = {"resamples": 5, "seed": 3}
    ap = multilabel.resampled(ranking.weighted_average_precision, p, y, subject, **options)
    auroc = multilabel.resampled(ranking.weighted_auroc, p, y, subject, **options)
    ids = np.unique(subject)
    for r, counts in enumerate(bootstrap.draws(len(ids), 5, seed=3)):
        often = np.repeat(np.arange(90), counts[np.searchsorted(ids, subject)])
        for i in range(2):
            truth, given = y[often, i], p[often, i]
            np.testing.assert_allclose(ap[r, i], sk.average_precision_score(truth, given))
            np.testing.assert_allclose(auroc[r, i], sk.roc_auc_score(truth, given))
    assert np.isnan(ap[:, 3]).all()
    np.testing.assert_allclose(multilabel.mean_over_labels(ap), np.nanmean(ap, axis=1))


def test_thresholds_are_the_best_of_all(rows):
    y, p = rows["multilabel"], rows["multilabel_pred"]
    found = calibrate.fit_thresholds(p, y)
    assert found[3] == 0.5
    for i in range(3):
        every = [sk.f1_score(y[:, i], p[:, i] >= t) for t in np.unique(p[:, i])]
        np.testing.assert_allclose(sk.f1_score(y[:, i], p[:, i] >= found[i]), max(every))


def test_files_comparison_and_picture(rows, out, tmp_path):
    names = ["smile", "frown, deep", "p_odd", "none"]
    clips = {**rows, "clip_id": np.arange(90)}
    for run in ("a", "b"):
        folder = tmp_path / run / "evaluation"
        folder.mkdir(parents=True)
        predictions.write(folder, "test", clips, names)
    assert predictions.labels(tmp_path / "a", "test") == names
    one, two = predictions.aligned([tmp_path / "a", tmp_path / "b"], "test")
    for key, value in clips.items():
        np.testing.assert_allclose(one[key], value, rtol=1e-6, err_msg=key)
    value, same, low, high = compare.difference(one, two, "map", resamples=20)
    np.testing.assert_allclose([value, same, low, high], [out["map"], out["map"], 0, 0])
    assert figures.precisions(out, names).startswith(b"\x89PNG")
