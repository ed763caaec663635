"""An ensemble's scores are those of the mean of its members, calibrated on validation alone."""

import json

import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics as sk

from affectjax.evals import calibrate, ensemble, predictions
from affectjax.report import page

LABELS = ["anger", "joy", "neutral"]


def _clips(seed, n, shift=0):
    g = np.random.default_rng(shift)  # the same clips for every seed
    y, subject = g.integers(0, 3, n), np.arange(n) % 6 + shift
    h = np.random.default_rng(seed)
    logits = 3 * (np.eye(3)[y] + h.normal(0, 1, (n, 3)))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    clips = {"clip_id": np.arange(n) * 7 + shift, "subject": subject, "emotion": y}
    return {**clips, "probabilities": p}


def _run(folder, seed, n=120, labels=LABELS):
    (folder / "evaluation").mkdir(parents=True)
    made = {"validation": _clips(seed, n, 100), "test": _clips(seed + 50, n)}
    order = np.random.default_rng(seed).permutation(n)  # no order of rows is relied upon
    for split, clips in made.items():
        rows = {k: v[order] for k, v in clips.items()}
        predictions.write(folder / "evaluation", split, rows, labels)
    (folder / "evaluation" / calibrate.FILE).write_text(json.dumps({"fitted_on": "validation"}))
    return made


def test_an_ensemble_is_scored_and_calibrated_as_by_hand(tmp_path):
    made = [_run(tmp_path / name, seed) for seed, name in enumerate("abc")]
    runs = [tmp_path / name for name in "abc"]
    results = ensemble.ensemble(runs, tmp_path / "out")
    p = {s: np.mean([m[s]["probabilities"] for m in made], axis=0) for s in made[0]}
    y = {s: made[0][s]["emotion"] for s in made[0]}
    told = results["test"]
    assert told["uar"] == pytest.approx(sk.balanced_accuracy_score(y["test"], p["test"].argmax(1)))
    assert told["nll"] == pytest.approx(sk.log_loss(y["test"], p["test"]), abs=1e-6)

    def loss(t):
        return sk.log_loss(y["validation"], calibrate.scaled(p["validation"], t))

    best = optimize.minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x
    assert told["calibrated"]["temperature"] == pytest.approx(best, rel=1e-2)
    scaled = calibrate.scaled(p["test"], best)
    assert told["calibrated"]["nll"] == pytest.approx(sk.log_loss(y["test"], scaled), rel=1e-3)
    assert "calibrated" not in results["validation"]
    again = predictions.aligned([tmp_path / "out", runs[0]], "test")
    np.testing.assert_array_equal(again[0]["emotion"], again[1]["emotion"])
    assert "runs:" in page.write(tmp_path / "out").read_text()


def test_a_mixture_has_the_spread_of_its_members_and_between_them():
    rows = [{"vad_pred": np.full((1, 3), m), "vad_sd": np.full((1, 3), 0.3)} for m in (-0.4, 0.4)]
    mixed = ensemble.mean(rows)
    np.testing.assert_allclose(mixed["vad_pred"], 0, atol=1e-12)
    np.testing.assert_allclose(mixed["vad_sd"], 0.5)


def test_runs_that_do_not_go_together_are_refused(tmp_path):
    _run(tmp_path / "a", 1)
    _run(tmp_path / "b", 2, labels=LABELS[::-1])
    _run(tmp_path / "c", 3, n=90)
    _run(tmp_path / "d", 4)
    (tmp_path / "d" / "evaluation" / "validation_predictions.csv").unlink()
    with pytest.raises(ValueError, match="two or more"):
        ensemble.ensemble([tmp_path / "a"], tmp_path / "out")
    with pytest.raises(ValueError, match="different labels"):
        ensemble.ensemble([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    with pytest.raises(ValueError, match="differ in 30 clips"):
        ensemble.ensemble([tmp_path / "a", tmp_path / "c"], tmp_path / "out")
    with pytest.raises(ValueError, match="run --mode=evaluate again"):
        ensemble.ensemble([tmp_path / "a", tmp_path / "d"], tmp_path / "out")
    with pytest.raises(FileExistsError, match="a run's own folder"):
        ensemble.ensemble([tmp_path / "a", tmp_path / "d"], tmp_path / "a")
    with pytest.raises(ValueError, match="predict different things"):
        ensemble.mean([{"vad_pred": np.zeros((1, 3))}, {"probabilities": np.ones((1, 2))}])
