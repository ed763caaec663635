"""CREMA-D's raters: what is fitted on votes is not what is fitted on winners; who teaches whom."""

import jax
import numpy as np
import pytest

from experiments.raters import crema_d
from tfds_builders.crema_d import crema_d_dataset_builder


def _voted(n=4000, raters=10):
    """Shares that are known, and votes drawn by them."""
    g = np.random.default_rng(0)
    shares = g.dirichlet([0.4] * 6, n)
    both = g.multinomial(raters, shares)
    return shares, {"both": both, "emotion": crema_d.winner(both)}


def test_true_shares_are_left_as_they_are_by_votes_and_sharpened_by_winners():
    shares, rows = _voted()
    by_votes = crema_d.fit(shares, rows, ("temperature", "vote"))
    assert by_votes["temperature"] == pytest.approx(1, abs=0.02)
    chosen = shares >= by_votes["set_threshold"]
    assert (chosen * rows["both"]).sum() / rows["both"].sum() == pytest.approx(0.9, abs=0.002)
    assert crema_d.fit(shares, rows, ("temperature", "winner"))["temperature"] < 0.7
    vector = crema_d.fit(shares, rows, ("vector", "vote"))["vector"]
    np.testing.assert_allclose(vector["weight"], 1, atol=0.05)
    np.testing.assert_allclose(vector["bias"], 0, atol=0.05)
    assert crema_d.fit(shares, rows, None).keys() == {"set_threshold"}


def test_rows_without_a_target_teach_nothing():
    g = np.random.default_rng(0)
    x, target = g.normal(size=(6, 12)).astype(np.float32), np.eye(6, dtype=np.float32)
    target[5] = 0
    told = crema_d.learn(jax.random.key(0), x, target)
    moved = x + (np.arange(6) == 5)[:, None].astype(np.float32)
    other = crema_d.learn(jax.random.key(0), moved, target)
    np.testing.assert_allclose(told[:, :5], other[:, :5], atol=1e-5)
    assert np.abs(told[:, 5] - other[:, 5]).max() > 1e-3
    assert np.abs(told[0] - told[1]).max() > 1e-4  # members start apart
    assert (np.asarray(told)[:, :5].argmax(-1) == np.arange(5)).all()


def test_the_tables_are_read(tmp_path):
    crema_d_dataset_builder.make_dummy(tmp_path, actors=(1001, 1020))
    rows = crema_d.read(tmp_path)
    assert sorted(set(rows["subject"].tolist())) == [1001, 1020]
    assert rows["both"].shape == rows["voice"].shape == (24, 6)
    np.testing.assert_array_equal(rows["emotion"], np.tile(np.arange(6), 4))
    assert crema_d.winner(np.array([[1, 5, 4], [5, 5, 0]])).tolist() == [1, -1]
