"""Pre-training as a task: the variants of the video loss are reachable from its fields."""

import jax
import jax.numpy as jnp
import numpy as np

from affectjax.models import hicmae
from affectjax.tasks import inputs, masked

BATCH = {
    "frames": np.random.default_rng(0).integers(0, 256, (3, 4, 16, 16, 3), np.uint8),
    "audio": np.random.default_rng(1).standard_normal((3, 5520)).astype(np.float32) * 0.1,
    "audio_length": np.full(3, 5520, np.int32),
}


def _video_loss(**fields):
    tower = hicmae.Tower(16, 2, 2)
    model = hicmae.Pretrain(tower, tower, tower, tower, 1, 2, (1,), patch=8, patch_audio=8)
    task = masked.MaskedPretrain(
        model=model, inputs=inputs.Inputs(mel_frames=32, mels=16), mask_video=0.5, **fields
    )
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in BATCH.items()}
    variables = task.init(jax.random.key(0), spec)
    batch = {k: jnp.asarray(v) for k, v in BATCH.items()}
    _, terms = task.loss(variables, batch, jax.random.key(1), jnp.int32(0))
    return float(terms["loss_video"])


def test_half_and_half_of_two_frames_is_the_plain_mean():
    plain = _video_loss()
    np.testing.assert_allclose(_video_loss(difference_weight=0.5), plain, rtol=1e-6)
    first, second = (_video_loss(difference_weight=w) for w in (0.25, 0.75))
    np.testing.assert_allclose((first + second) / 2, plain, rtol=1e-6)
    assert first != second


def test_groups_and_targets_are_different_losses():
    values = {
        _video_loss(),
        _video_loss(group=4),
        _video_loss(target="plain"),
        _video_loss(target="unnormalised"),
    }
    assert len(values) == 4
    assert np.isfinite([*values]).all()
    np.testing.assert_allclose(_video_loss(group=2), _video_loss(), rtol=1e-7)
