"""Few-shot curves: draws, methods against scikit-learn, intervals, and a run's own features."""

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn import linear_model

from affectjax import config as config_lib
from affectjax.evals import few_shot
from affectjax.train import inputs, setup, shard
from experiments.few_shot import probe
from tests.conftest import REPO

K = 4


def _examples(seed, size):
    g = np.random.default_rng(seed)
    y = np.arange(size) % K
    return np.random.default_rng(9).normal(0, 1, (K, 10))[y] + g.normal(0, 1.0, (size, 10)), y


def test_draws_are_balanced_nested_and_repeatable():
    y = np.arange(80) % K
    drawn = few_shot.draw(y, K, few_shot.SHOTS, seed=3)
    for n, chosen in drawn.items():
        assert np.bincount(y[chosen]).tolist() == [n] * K
        assert set(chosen) <= set(drawn[16])
    again = few_shot.draw(y, K, few_shot.SHOTS, seed=3)
    np.testing.assert_array_equal(drawn[8], again[8])
    assert set(drawn[1]) != set(few_shot.draw(y, K, (1,), seed=4)[1])
    with pytest.raises(ValueError, match="class 2 has 0 examples, fewer than 1 shots"):
        few_shot.draw(np.array([0, 1, 3]), K, (1,), seed=0)


def test_the_linear_method_is_scikit_learns():
    (x, y), (query, _) = _examples(0, 24), _examples(1, 30)
    theirs = linear_model.LogisticRegression(C=0.7, tol=1e-9, max_iter=2000)
    standard = lambda a: (a - x.mean(0)) / x.std(0)  # noqa: E731
    expected = theirs.fit(standard(x), y).predict_proba(standard(query))
    found = few_shot.linear(x, y, query, K, strength=0.7)
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("method", few_shot.METHODS.values(), ids=few_shot.METHODS)
def test_more_shots_do_better_and_the_interval_is_students(method):
    rows = few_shot.curve(method, _examples(0, 400), _examples(1, 400), K)
    uar = [row["uar"] for row in rows]
    assert uar[-1] > uar[0] + 0.1
    assert uar[0] > 1 / K + 0.1
    assert uar[-1] > 0.8
    one = rows[1]
    expected = stats.t.interval(
        0.95, len(one["each"]) - 1, np.mean(one["each"]), stats.sem(one["each"])
    )
    np.testing.assert_allclose(one["interval"], expected)
    with pytest.raises(ValueError, match="1 draw tells nothing of their spread"):
        few_shot.curve(method, _examples(0, 40), _examples(1, 40), K, seeds=[0])


def test_a_runs_features_are_probed(monkeypatch):
    monkeypatch.chdir(REPO)
    config = config_lib.load("configs/hicmae/synth.py:tiny,fake,scratch,modalities=audio")
    mesh = shard.make_mesh(config.mesh.to_dict())
    with jax.set_mesh(mesh):
        run = setup.prepare(config, mesh, inputs.example_spec(config))
        told = probe.curves(config, run, run.init().eval_params, (1, 2), range(2))
    assert [row["shots"] for row in told["linear"]] == [1, 2]
    assert "untrained  prototypes  1: 0." in probe.table({"untrained": told})
