"""Intervals of VAD: the promise over many draws, who is narrower, and the way to evaluation."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from affectjax.evals import evaluate, intervals


def _drawn(g, n):
    """Errors of a spread that differs by clip, of a model that knows the spread up to a factor."""
    sd = g.uniform(0.02, 0.4, (n, 2))
    said = g.uniform(-0.3, 0.3, (n, 2))
    vad = said + sd * g.standard_t(5, (n, 2))
    told = {"vad_pred": said, "vad": vad, "vad_sd": 0.6 * sd}
    return told | {"vad_low": said - 1.2 * sd, "vad_high": said + 3 * sd}


@pytest.mark.parametrize("key", intervals.KEYS)
def test_coverage_has_the_beta_law_of_split_conformal(key):
    """Coverage given the n calibration clips ~ Beta(l, n + 1 - l), l = ceil((n + 1) share)."""
    g = np.random.default_rng(0)
    clips, new, found = 79, _drawn(g, 20_000), []
    new = {k: v[:, :1] for k, v in new.items()}
    for _ in range(300):
        fitted = intervals.fit({k: v[:, :1] for k, v in _drawn(g, clips).items()}, 0.8)
        low, high = intervals.ends(new, {key: fitted[key]})
        found.append(((low <= new["vad"]) & (new["vad"] <= high)).mean())
    rank = int(np.ceil((clips + 1) * 0.8))
    assert stats.kstest(found, stats.beta(rank, clips + 1 - rank).cdf).pvalue > 0.01


def test_a_model_that_knows_where_it_errs_has_narrower_intervals():
    g = np.random.default_rng(1)
    fitted, new = intervals.fit(_drawn(g, 4000)), _drawn(g, 4000)
    told = {}
    for key in intervals.KEYS:
        ends = intervals.ends(new, {key: fitted[key]})
        told[key] = intervals.scores(*ends, new["vad"], np.arange(4000))
        assert told[key]["vad_coverage_mean"] == pytest.approx(0.95, abs=0.015)
    assert told["vad_sd_factor"]["vad_winkler_mean"] < told["vad_half_width"]["vad_winkler_mean"]
    assert told["vad_sd_factor"]["vad_width_mean"] < told["vad_half_width"]["vad_width_mean"]
    jax_ends = intervals.ends({k: jnp.asarray(v) for k, v in new.items()}, fitted)
    for ours, theirs in zip(intervals.ends(new, fitted), jax_ends, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_margin_below_zero_never_shuts_the_interval_on_the_prediction():
    out = {
        "vad_pred": np.zeros((1, 1)),
        "vad_low": np.full((1, 1), -0.1),
        "vad_high": np.ones((1, 1)),
    }
    low, high = intervals.ends(out, {"vad_margin": [-0.4]})
    assert (low[0, 0], high[0, 0]) == (0.0, 0.6)
    assert intervals.ends(out, {"temperature": 2.0}) is None


def test_evaluation_fits_on_one_split_and_tells_of_another():
    g = np.random.default_rng(2)
    chosen, tested = (
        {"clip_id": np.arange(500), "subject": np.arange(500), **_drawn(g, 500)} for _ in "ab"
    )
    chosen["vad"][0] = np.nan  # nobody rated it
    fitted = evaluate.fit(chosen, "validation")
    assert set(intervals.KEYS) <= set(fitted)
    told = evaluate.calibrated(tested, fitted)
    assert told["vad_share"] == 0.95
    assert told["vad_coverage_valence"] == pytest.approx(0.95, abs=0.04)
    with pytest.raises(
        ValueError, match=r"config\.calibration = 'matrix'; allowed: temperature, vector"
    ):
        evaluate.fit(chosen, "validation", "matrix")
