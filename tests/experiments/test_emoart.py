"""Scores of generators: closed forms, the quadrants, and an order that must come out."""

import json

import numpy as np
import pytest
from scipy import linalg

from affectjax.affect.labels import EMOART12
from affectjax.metrics import frechet
from experiments.emoart import score

K = len(EMOART12)


def test_frechets_distance_is_that_of_scipys_root_and_0_of_the_same():
    g = np.random.default_rng(0)
    a, b = g.normal(0, 1, (40, 5)) @ g.normal(0, 1, (5, 5)), g.normal(0.5, 2, (60, 5))
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    root = np.real(linalg.sqrtm(covariances[0] @ covariances[1]))
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root)
    assert frechet.distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet.distance(a, a) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match=r"features of 5 and of 4 numbers do not compare"):
        frechet.distance(a, b[:, :4])
    with pytest.raises(ValueError, match=r"expected \(n, d\), n at least 2, all finite"):
        frechet.distance(a[:1], b)


def test_quadrants_and_chance_by_hand():
    names = ("happy", "glad", "sad", "calm")
    y = np.array([EMOART12.index(name) for name in names])
    said = np.eye(K)[[EMOART12.index(name) for name in ("happy", "happy", "happy", "bored")]]
    told = score.alignment(said, y)
    assert (told["emotion"], told["quadrant"], told["valence"], told["arousal"]) == (
        *(0.25, 0.5),
        *(0.5, 0.75),
    )
    assert told["chance"] == pytest.approx(0.75 * 0.25)  # happy is said 3 in 4, asked 1 in 4
    assert np.sum(told["confusion"]) == 4
    with pytest.raises(ValueError, match=r"probabilities \[4, 11\]: expected \(4, 12\)"):
        score.alignment(said[:, :11], y)
    with pytest.raises(ValueError, match="expected 0 to 11"):
        score.alignment(said, y - 20)


def _pictures(seed, meets, size=400):
    """A picture shows the emotion asked for with probability `meets`; the judge sees it dimly."""
    g = np.random.default_rng(seed)
    y = g.integers(0, K, size)
    shown = np.where(g.random(size) < meets, y, g.integers(0, K, size))
    look = np.random.default_rng(7).normal(0, 1, (K, 16))
    feature = look[shown] + g.normal(0, 0.8, (size, 16))
    logits = feature @ look.T
    p = np.exp(logits - logits.max(1, keepdims=True))
    return {
        "probabilities": p / p.sum(1, keepdims=True),
        "intended": y,
        "feature": feature,
        "image": feature,
        "text": look[y] + g.normal(0, 0.3, (size, 16)),
    }


def test_a_generator_lies_between_shuffled_prompts_and_real_paintings(tmp_path, capsys):
    real, good = _pictures(0, 1.0), _pictures(1, 0.6)
    shuffled = {
        **good,
        "intended": np.roll(good["intended"], 1),
        "text": np.roll(good["text"], 1, 0),
    }
    told, control = score.score(good, real), score.score(shuffled, real)
    for name in ("emotion", "quadrant", "valence", "attributes"):
        low, middle, high = control["generated"][name], told["generated"][name], told["real"][name]
        assert low + 0.1 < middle < high - 0.05, name
    assert control["generated"]["emotion"] == pytest.approx(
        control["generated"]["chance"], abs=0.05
    )
    assert 0.4 < told["kept"] < 0.8
    assert abs(control["kept"]) < 0.1
    for name, arrays in (("good", good), ("real", real)):
        np.savez(tmp_path / f"{name}.npz", **arrays)
    score.main([f"--generated={tmp_path}/good.npz", f"--real={tmp_path}/real.npz"])
    assert json.loads(capsys.readouterr().out)["kept"] == pytest.approx(told["kept"])
    np.savez(tmp_path / "bad.npz", intended=real["intended"])
    with pytest.raises(ValueError, match=r"bad\.npz lacks probabilities; it holds"):
        score.read(tmp_path / "bad.npz")
