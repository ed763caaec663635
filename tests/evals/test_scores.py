"""Scores of predictions against scikit-learn; intervals; files."""

import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.evals import bootstrap, evaluate, scores


def _clips(n=120, k=4, seed=0):
    g = np.random.default_rng(seed)
    vad = g.uniform(-1, 1, (n, 3))
    return {
        "probabilities": g.dirichlet(np.ones(k), n),
        "emotion": g.integers(0, k, n),
        "vad": vad,
        "vad_pred": vad + 0.3 * g.standard_normal((n, 3)),
        "subject": np.repeat(np.arange(n // 10), 10),
        "clip_id": np.arange(n) + (1 << 40),
    }


def test_scores_are_those_of_scikit_learn():
    c = _clips()
    arguments = {k: v for k, v in c.items() if k != "clip_id"}
    got, guess = scores.scores(**arguments), c["probabilities"].argmax(1)
    assert got["uar"] == pytest.approx(sk.balanced_accuracy_score(c["emotion"], guess))
    assert got["weighted_f1"] == pytest.approx(sk.f1_score(c["emotion"], guess, average="weighted"))
    assert got["confusion"] == sk.confusion_matrix(c["emotion"], guess).tolist()
    assert got["pcc_valence"] == pytest.approx(
        np.corrcoef(c["vad"][:, 0], c["vad_pred"][:, 0])[0, 1]
    )
    for name in ("uar", "war", "ccc_mean"):
        low, high = got[f"{name}_interval"]
        assert low < got[name] < high


def test_intervals_by_subject_are_wider_where_subjects_differ():
    g = np.random.default_rng(1)
    skill = np.repeat(g.uniform(0, 1, 20), 30)
    hit = (g.uniform(size=600) < skill).astype(float)
    pairs = np.stack([hit, np.ones(600)], 1)
    ratio = lambda s: s[:, 0] / s[:, 1]  # noqa: E731
    people = bootstrap.by_subject(pairs, np.repeat(np.arange(20), 30))
    by_subject, by_clip = bootstrap.interval(ratio, people), bootstrap.interval(ratio, pairs)
    assert np.diff(by_subject) > 2 * np.diff(by_clip)
    # the normal approximation of the mean of 20 people
    spread = np.std([hit[i * 30 : i * 30 + 30].mean() for i in range(20)], ddof=1) / 20**0.5
    assert np.diff(by_subject)[0] == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_predictions_go_to_a_file_and_back_and_pool(tmp_path):
    folds = []
    for seed in range(2):
        path = tmp_path / f"{seed}.csv"
        evaluate.write_predictions(path, _clips(seed=seed), ["a", "b", "c", "d"])
        folds.append(path)
    clips, back = _clips(seed=0), evaluate.read_predictions(folds[0])
    for key in ("probabilities", "vad", "vad_pred", "emotion", "clip_id", "subject"):
        np.testing.assert_array_equal(back[key], clips[key])
    both = evaluate.pooled(folds)
    wars = [fold["war"] for fold in both["folds"]]
    assert both["pooled"]["war"] == pytest.approx(np.mean(wars))  # folds of equal size
    assert both["mean"]["war"] == pytest.approx(np.mean(wars))


def test_nothing_to_score_is_an_error():
    with pytest.raises(ValueError, match="no predictions to score"):
        scores.scores()
