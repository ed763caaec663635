"""The temperature against a known one, and what it may not change."""

import numpy as np
import pytest

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
