"""The temperature and the vector against known ones, and what they may not change."""

import numpy as np
import pytest
from sklearn import linear_model

from affectjax.evals import calibrate
from affectjax.metrics import calibration


def _drawn(temperature, n=20_000, k=5):
    """Labels drawn from softmax(z), and probabilities softmax(z temperature)."""
    g = np.random.default_rng(0)
    z = g.normal(0, 1.5, (n, k))
    true = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    y = (true.cumsum(1) < g.random((n, 1))).sum(1)
    return calibrate.scaled(true, 1 / temperature), np.minimum(y, k - 1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_scores_is_found(temperature):
    p, y = _drawn(temperature)
    found = calibrate.fit_temperature(p, y)
    assert found == pytest.approx(temperature, rel=0.03)
    honest = calibrate.scaled(p, found)
    np.testing.assert_array_equal(honest.argmax(1), p.argmax(1))
    bins = calibration.bins(honest.max(1), honest.argmax(1) == y, 15)
    assert calibration.ece(bins) < 0.015


def test_no_rows_are_an_error():
    with pytest.raises(ValueError, match="empty"):
        calibrate.fit_temperature(np.zeros((0, 3)), np.zeros(0, int))


def test_a_calibration_of_another_checkpoint_is_refused(tmp_path):
    assert calibrate.load_for(tmp_path, 4) == {}
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / calibrate.FILE).write_text('{"temperature": 2.0, "step": 4}')
    assert calibrate.load_for(tmp_path, 4)["temperature"] == 2.0
    with pytest.raises(ValueError, match="of step 4, the selected one is of step 8; run"):
        calibrate.load_for(tmp_path, 8)


def test_the_vector_of_two_classes_is_scikit_learns_logistic_regression():
    """Of two classes log p'[1] / p'[0] = w1 log p1 - w0 log p0 + b1 - b0: linear, unpenalised."""
    p, y = _drawn(1.6, n=300, k=2)
    found = calibrate.fit_vector(p, y, 1.0, shrink=0.0)
    theirs = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
    theirs.fit(np.log(p), y)
    w, b = found["weight"], found["bias"]
    np.testing.assert_allclose([-w[0], w[1]], theirs.coef_[0], atol=2e-3)
    np.testing.assert_allclose(b[1] - b[0], theirs.intercept_[0], atol=2e-3)
    np.testing.assert_allclose(
        calibrate.honest(p, {"vector": found}), theirs.predict_proba(np.log(p)), atol=1e-4
    )


def test_the_vector_that_made_the_scores_is_found_where_a_temperature_cannot():
    honest, y = _drawn(1.0)
    w, b = np.array([2.0, 0.5, 1.0, 1.0, 1.5]), np.array([0.0, 1.0, -1.0, 0.5, 0.0])
    shifted = np.exp((np.log(honest) - b) / w)  # not normalised: softmax(w log p + b) undoes it
    p = shifted / shifted.sum(1, keepdims=True)
    t = calibrate.fit_temperature(p, y)
    vector = calibrate.fit_vector(p, y, t)
    assert vector == calibrate.fit_vector(p, y, t)
    told = [calibrate.honest(p, f) for f in ({"temperature": t}, {"vector": vector})]
    nll, ours = (-np.log(q[np.arange(len(y)), y]).mean() for q in told)
    assert ours < nll - 0.05
    np.testing.assert_allclose(told[1].mean(0), np.bincount(y) / len(y), atol=0.01)


def test_a_vector_of_few_clips_stays_near_the_temperature():
    p, y = _drawn(2.0, n=4)
    few, none = (calibrate.fit_vector(p, y, 2.0, shrink) for shrink in (1.0, 1e6))
    np.testing.assert_allclose(none["weight"], 0.5, atol=1e-3)
    np.testing.assert_allclose(
        calibrate.honest(p, {"vector": none}), calibrate.scaled(p, 2.0), atol=1e-3
    )
    assert np.isfinite(few["weight"]).all()
    with pytest.raises(ValueError, match="empty"):
        calibrate.fit_vector(p[:0], y[:0], 1.0)
