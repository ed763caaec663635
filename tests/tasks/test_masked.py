"""Pre-training as a task: the variants of the video loss are reachable from its fields."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import hicmae
from affectjax.tasks import inputs, masked

BATCH = {
    "frames": np.random.default_rng(0).integers(0, 256, (3, 4, 16, 16, 3), np.uint8),
    "audio": np.random.default_rng(1).standard_normal((3, 5520)).astype(np.float32) * 0.1,
    "audio_length": np.full(3, 5520, np.int32),
}


TOWER = hicmae.Tower(16, 2, 2)
MODEL = hicmae.Pretrain(TOWER, TOWER, TOWER, TOWER, 1, 2, (1,), patch=8, patch_audio=8)


def _task(**fields):
    read = inputs.Inputs(mel_frames=32, mels=16)
    return masked.MaskedPretrain(model=MODEL, inputs=read, mask_video=0.5, **fields)


@pytest.fixture(scope="module")
def variables():
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in BATCH.items()}
    return jax.jit(lambda key: _task().init(key, spec))(jax.random.key(0))


@pytest.fixture
def video_loss(variables):
    def loss(**fields):
        batch = {k: jnp.asarray(v) for k, v in BATCH.items()}
        _, terms = _task(**fields).loss(variables, batch, jax.random.key(1), jnp.int32(0))
        return float(terms["loss_video"])

    return loss


def test_half_and_half_of_two_frames_is_the_plain_mean(video_loss):
    plain = video_loss()
    np.testing.assert_allclose(video_loss(difference_weight=0.5), plain, rtol=1e-6)
    first, second = (video_loss(difference_weight=w) for w in (0.25, 0.75))
    np.testing.assert_allclose((first + second) / 2, plain, rtol=1e-6)
    assert first != second


def test_groups_and_targets_are_different_losses(video_loss):
    values = {
        video_loss(),
        video_loss(group=4),
        video_loss(target="plain"),
        video_loss(target="unnormalised"),
    }
    assert len(values) == 4
    assert np.isfinite([*values]).all()
    np.testing.assert_allclose(video_loss(group=2), video_loss(), rtol=1e-7)
