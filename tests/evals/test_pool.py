"""Folds pooled are scored as one set of clips, each with its own temperature."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.evals import calibrate, pool, predictions

LABELS = ["anger", "joy", "neutral"]


def _fold(folder, seed, n=90, labels=LABELS, start=0):
    (folder / "evaluation").mkdir(parents=True)
    g = np.random.default_rng(seed)
    y = g.integers(0, 3, n)
    p = g.dirichlet(np.ones(3), n) + np.eye(3)[y] * 0.3
    clips = {"clip_id": np.arange(n) + start, "subject": np.arange(n) % 4 + start, "emotion": y}
    clips["probabilities"] = p / p.sum(1, keepdims=True)
    predictions.write(folder / "evaluation", "test", clips, labels)
    fitted = {"fitted_on": "validation", "temperature": 1.0 + seed}
    (folder / "evaluation" / calibrate.FILE).write_text(json.dumps(fitted))
    return clips


def test_pooled_and_mean_scores_are_those_of_scikit_learn(tmp_path):
    folds = [_fold(tmp_path / str(i), i, 60 + 30 * i, start=1000 * i) for i in range(2)]
    told = pool.pool([tmp_path / "0", tmp_path / "1"], tmp_path / "out")
    y = np.concatenate([f["emotion"] for f in folds])
    guess = [f["probabilities"].argmax(1) for f in folds]
    expected = sk.balanced_accuracy_score(y, np.concatenate(guess))
    assert told["pooled"]["uar"] == pytest.approx(expected)
    each = [sk.balanced_accuracy_score(f["emotion"], g) for f, g in zip(folds, guess, strict=True)]
    assert told["mean"]["uar"] == pytest.approx(np.mean(each))
    p = [calibrate.scaled(f["probabilities"], 1.0 + i) for i, f in enumerate(folds)]
    nll = sk.log_loss(y, np.concatenate(p))
    assert told["calibrated"]["pooled"]["nll"] == pytest.approx(nll, abs=1e-6)
    assert json.loads((tmp_path / "out" / "pooled_test.json").read_text())["labels"] == LABELS


def test_true_confidences_show_the_floor_and_overconfident_ones_more(tmp_path):
    g = np.random.default_rng(0)
    p = g.dirichlet(np.ones(4), 240)
    floor = calibrate.ece_floor(p)
    assert 0.02 < floor < 0.08
    assert calibrate.ece_floor(np.tile(p, (16, 1))) == pytest.approx(floor / 4, rel=0.15)


def test_runs_that_are_not_folds_are_refused(tmp_path):
    _fold(tmp_path / "a", 0)
    _fold(tmp_path / "b", 1)
    _fold(tmp_path / "c", 2, labels=LABELS[::-1], start=1000)
    (tmp_path / "d").mkdir()
    with pytest.raises(ValueError, match="one work directory a fold"):
        pool.pool([tmp_path / "a"])
    with pytest.raises(ValueError, match="90 clips of test are in more than one run"):
        pool.pool([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(ValueError, match="different labels"):
        pool.pool([tmp_path / "a", tmp_path / "c"])
    with pytest.raises(FileNotFoundError, match="run --mode=evaluate there first"):
        pool.pool([tmp_path / "a", tmp_path / "d"])
