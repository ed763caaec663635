"""Intervals of VAD side by side: every way that a run allows, and what a fit mends."""

import json

import numpy as np
import pytest

from experiments.intervals import compare


def _drawn(seed, n=3000):
    """Errors whose spread differs by clip; the model tells half of it, and narrow quantiles."""
    g = np.random.default_rng(seed)
    sd, said = g.uniform(0.02, 0.3, (n, 3)), g.uniform(-0.1, 0.1, (n, 3))
    told = {"vad_pred": said, "vad": said + sd * g.normal(size=(n, 3)), "vad_sd": sd / 2}
    return told | {"vad_low": said - sd, "vad_high": said + sd, "subject": np.arange(n) // 100}


def test_a_fit_mends_what_a_model_tells_of_itself():
    runs = [(_drawn(0), _drawn(1)), (_drawn(2), _drawn(3))]
    told = compare.scored(runs)
    # Within one deviation lie 68.3% of normal errors: 1.96 halves of it, or the quantiles above.
    for name, of in (("its own deviation", 0.673), ("its own quantiles", 0.683)):
        assert told[f"{name}, as told"]["vad_coverage_mean"] == pytest.approx(of, abs=0.02)
        assert told[f"{name}, as told"]["short"] == 1
        assert told[f"{name}, fitted"]["vad_coverage_mean"] == pytest.approx(0.95, abs=0.02)
        assert told[f"{name}, fitted"]["short"] < 0.1
    fitted = told[compare.WAYS["vad_margin"]]
    own = [compare.scored([run])[compare.WAYS["vad_margin"]] for run in runs]
    assert fitted["each"] == [one["vad_winkler_mean"] for one in own]
    assert fitted["vad_width_mean"] == pytest.approx(np.mean([o["vad_width_mean"] for o in own]))
    plain = {k: v for k, v in _drawn(0).items() if k in ("vad", "vad_pred", "subject")}
    assert [name for name, _ in compare.ways(plain)] == [compare.WAYS["vad_half_width"]]


def test_runs_that_differ_in_the_seed_alone_go_together(tmp_path):
    for name, config in (("a", {"seed": 0, "loss": "mse"}), ("b", {"seed": 1, "loss": "mse"})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "config.json").write_text(json.dumps({"seed": 0, "loss": "pinball"}))
    a, b, c = (tmp_path / name for name in "abc")
    assert compare.alike([a, c, b]) == [[a, b], [c]]
