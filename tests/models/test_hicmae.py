"""HiCMAE: sizes of the paper, masks, invariances, finite gradients."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import contrastive, masked
from affectjax.models import attention, hicmae, hicmae_finetune, masks

T = hicmae.Tower


def _count(tree):
    return sum(math.prod(x.shape) for x in jax.tree.leaves(tree))


def _shapes(model, *args):
    return jax.eval_shape(lambda: model.init(jax.random.key(0), *args))["params"]


@pytest.mark.parametrize(("name", "millions"), [("T", 20.47), ("S", 45.65), ("B", 80.79)])
def test_fine_tuning_sizes_are_those_computed_from_the_official_code(name, millions):
    tower, fusion, _ = hicmae.size(name)
    model = hicmae_finetune.Finetune(
        heads={"logits": 8}, video=tower, audio=tower, fusion_depth=fusion, fusion_heads=tower.heads
    )
    params = _shapes(model, jnp.zeros((1, 16, 160, 160, 3)), jnp.zeros((1, 256, 128)))
    assert _count(params) / 1e6 == pytest.approx(millions, abs=0.02)


@pytest.mark.parametrize(("name", "millions"), [("S", 50.59), ("B", 99.61)])
def test_pre_training_sizes_are_those_computed_from_the_official_code(name, millions):
    tower, fusion, decoder = hicmae.size(name)
    model = hicmae.Pretrain(
        tower, tower, decoder, decoder, fusion, tower.heads, hicmae.taps(10, decoder.depth)
    )
    video, audio = jnp.zeros((1, 800), bool), jnp.zeros((1, 128), bool)
    inputs = (jnp.zeros((1, 16, 160, 160, 3)), jnp.zeros((1, 256, 128)), video, audio)
    assert _count(_shapes(model, *inputs, (720, 102))) / 1e6 == pytest.approx(millions, abs=0.02)


def _small(**kwargs):
    heads = {"logits": 5, "vad": 3}
    return hicmae_finetune.Finetune(
        heads=heads, fusion_depth=1, fusion_heads=2, patch=8, patch_audio=8, **kwargs
    )


def _clip(batch=2):
    keys = jax.random.split(jax.random.key(1))
    frames = jax.random.normal(keys[0], (batch, 4, 16, 16, 3))
    return frames, jax.random.normal(keys[1], (batch, 16, 16))


@pytest.mark.parametrize("modalities", ["av", "audio", "video"])
def test_one_modality_or_both_give_finite_gradients_to_every_parameter(modalities):
    video = T(16, 2, 2) if modalities != "audio" else None
    audio = T(16, 2, 2) if modalities != "video" else None
    model, (frames, mel) = _small(video=video, audio=audio), _clip()
    variables = jax.jit(model.init)(jax.random.key(0), frames, mel)

    @jax.jit
    @jax.grad
    def slopes(variables):
        out = model.apply(variables, frames, mel)
        return (out["logits"] ** 2).sum() + (out["vad"] ** 2).sum()

    for path, g in jax.tree.leaves_with_path(slopes(variables)):
        assert jnp.isfinite(g).all(), path
        assert (g != 0).any(), path


def test_a_missing_input_is_an_error_that_says_so():
    model, (frames, _) = _small(video=T(16, 2, 2), audio=T(16, 2, 2)), _clip()
    with pytest.raises(ValueError, match="the model has an audio tower, the batch has no audio"):
        model.init(jax.random.key(0), frames, None)


def test_drop_path_acts_in_training_only():
    model, (_, mel) = _small(audio=T(16, 2, 2), drop_path=0.9), _clip(8)
    variables = jax.jit(model.init)(jax.random.key(0), None, mel)

    @functools.partial(jax.jit, static_argnums=1)
    def logits(key, deterministic):
        return model.apply(variables, None, mel, deterministic, rngs={"dropout": key})["logits"]

    one, two = jax.random.split(jax.random.key(2))
    assert not np.allclose(logits(one, False), logits(two, False))
    np.testing.assert_array_equal(logits(one, True), logits(two, True))


@pytest.mark.parametrize(("ratio", "places"), [(0.9, 100), (0.75, 9), (0.8, 13)])
def test_masks_hide_exactly_the_truncated_share_and_tubes_last(ratio, places):
    mask = masks.tube_mask(jax.random.key(0), 5, 4, places, ratio).reshape(5, 4, places)
    assert (mask.sum(-1) == int(ratio * places)).all()
    assert (mask == mask[:, :1]).all()
    assert len({tuple(np.asarray(row)) for row in mask[:, 0]}) > 1


def test_split_indices_are_the_mask_in_ascending_order():
    mask = jnp.array([[True, False, True, False]])
    visible, hidden = hicmae.split_mask(mask, 2)
    assert (visible.tolist(), hidden.tolist()) == ([[1, 3]], [[0, 2]])


def test_a_constant_patch_has_a_target_of_zeros_and_a_still_video_no_differences():
    patches = jnp.full((1, 4, 2 * 4 * 3), 0.5)
    for kind in ("plain", "framediff"):
        target = masked.video_target(patches, frames=4, tubelet=2, kind=kind)
        np.testing.assert_array_equal(target, 0)
    one = jax.random.uniform(jax.random.key(0), (1, 4, 1, 12))
    still = jnp.tile(one, (1, 1, 2, 1)).reshape(1, 4, 24)
    target = masked.video_target(still, frames=4, tubelet=2, kind="framediff")
    np.testing.assert_allclose(target[..., 12:], 0, atol=1e-6)


def test_permuting_the_batch_permutes_the_similarities():
    a, b = jax.random.normal(jax.random.key(0), (2, 4, 3, 8))
    order = jnp.array([2, 0, 3, 1])
    np.testing.assert_allclose(
        contrastive.similarity(a[order], b[order]),
        contrastive.similarity(a, b)[order][:, order],
        atol=1e-5,
    )


def test_a_decoder_of_the_wrong_depth_is_an_error():
    model = hicmae.Pretrain(
        T(8, 2, 2), T(8, 2, 2), T(8, 3, 2), T(8, 3, 2), 1, 2, (1,), patch=8, patch_audio=8
    )
    mask = jnp.zeros((1, 8), bool), jnp.zeros((1, 4), bool)
    with pytest.raises(ValueError, match=r"needs 2 taps, config\.task\.model\.layers"):
        _shapes(model, jnp.zeros((1, 4, 16, 16, 3)), jnp.zeros((1, 16, 16)), *mask, (4, 2))


def test_bfloat16_stays_bfloat16_and_near_float32():
    x = jnp.linspace(-5, 5, 101)
    low = x.astype(jnp.bfloat16)
    value, slope = jax.jvp(attention.gelu, (low,), (jnp.ones_like(low),))
    assert value.dtype == slope.dtype == jnp.bfloat16
    exact = jax.jvp(attention.gelu, (low.astype(jnp.float32),), (jnp.ones_like(x),))
    np.testing.assert_allclose(value.astype(jnp.float32), exact[0], rtol=0.02, atol=0.02)
    np.testing.assert_allclose(slope.astype(jnp.float32), exact[1], rtol=0.02, atol=0.02)
