"""Mixup and CutMix: targets say exactly what the pixels hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.data.ops import mixing

B = 6
# Clip i is filled with i, so a mean over pixels shows its share of each partner.
FRAMES = jnp.arange(B, dtype=jnp.float32)[:, None, None, None, None] * jnp.ones((B, 2, 16, 12, 3))
MEL = jnp.arange(B, dtype=jnp.float32)[:, None, None] * jnp.ones((B, 20, 4))
TARGETS = jnp.eye(B)
MIX = jax.jit(
    mixing.mix,
    static_argnames=("mixup", "cutmix", "prob", "switch", "mix_audio", "per_example"),
)


def _mix(seed, frames=FRAMES, mel=MEL, **kw):
    return MIX(jax.random.key(seed), frames, mel, TARGETS, **kw)


@pytest.mark.parametrize("kw", [{}, {"per_example": True}, {"mixup": 0.0}, {"cutmix": 0.0}])
def test_targets_are_the_share_of_the_pixels_and_of_the_log_mel(kw):
    for seed in range(20):
        frames, mel, targets, _ = _mix(seed, **kw)
        meant = targets @ jnp.arange(B)
        np.testing.assert_allclose(frames.mean((1, 2, 3, 4)), meant, atol=1e-5)
        # a stretch has whole rows: half of one of 20, times the gap of 5 between partners
        np.testing.assert_allclose(mel.mean((1, 2)), meant, atol=5 * 0.5 / 20 + 1e-5)
        np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)


def test_partners_are_mirrored_and_share_one_lambda():
    _, _, targets, _ = _mix(1, cutmix=0.0)
    lam = np.diagonal(targets)
    np.testing.assert_allclose(lam, lam[0], rtol=1e-6)
    np.testing.assert_allclose(targets[0, B - 1], 1 - lam[0], rtol=1e-5)
    _, _, each, _ = _mix(1, cutmix=0.0, per_example=True)
    assert np.unique(np.diagonal(each)).size == B


def test_the_official_codes_audio_is_not_mixed():
    frames, mel, _, _ = _mix(1, mix_audio=False)
    assert (mel == MEL).all()
    assert not (frames == FRAMES).all()


def test_audio_alone_is_mixed_and_its_label_is_what_stayed():
    for seed in range(4):
        frames, mel, targets, _ = _mix(seed, frames=None)
        assert frames is None
        np.testing.assert_allclose(mel.mean((1, 2)), targets @ jnp.arange(B), atol=1e-5)


def test_probability_zero_changes_nothing():
    frames, mel, targets, vad = _mix(0, prob=0.0, vad=TARGETS[:, :3])
    assert (frames == FRAMES).all()
    assert (mel == MEL).all()
    assert (targets == TARGETS).all()
    assert (vad == TARGETS[:, :3]).all()


def test_both_are_used_as_often_as_the_switch_says():
    cuts = [bool((_mix(i, mel=None, switch=0.3)[0][0] % 1 == 0).all()) for i in range(200)]
    assert 0.2 < np.mean(cuts) < 0.4


def test_lambda_of_mixup_has_the_mean_and_variance_of_its_beta():
    run = lambda k: mixing.mix(k, None, MEL, TARGETS, cutmix=0.0)[2][0, 0]  # noqa: E731
    lam = np.asarray(jax.jit(jax.vmap(run))(jax.random.split(jax.random.key(0), 2000)))
    np.testing.assert_allclose(lam.mean(), 0.5, atol=0.03)
    np.testing.assert_allclose(lam.var(), 1 / (4 * (2 * 0.8 + 1)), atol=0.01)  # Beta(a, a)


def test_nothing_to_mix_with_is_an_error():
    with pytest.raises(ValueError, match="both 0"):
        _mix(0, mixup=0.0, cutmix=0.0)
