"""The convolutional stem: shapes, what is out of reach, and its use in the fine-tuning model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import hicmae, hicmae_finetune, stem


def test_a_token_sees_its_rows_and_their_neighbours_only():
    model = stem.AudioStem(channels=[2, 3], strides=[[2, 2], [2, 1]], dropout=0.0)
    mel = jax.random.normal(jax.random.key(0), (1, 32, 8))
    variables = model.init(jax.random.key(1), mel)
    tokens = model.apply(variables, mel)
    assert tokens.shape == (1, 8, 4 * 3)
    changed = model.apply(variables, mel.at[0, 30].add(5.0))
    same = np.isclose(tokens, changed).all(axis=-1)[0]
    assert same.tolist() == [True] * 7 + [False]  # reaches rows 4k - 3 to 4k + 3


@pytest.mark.parametrize("strides", [[[2, 2]], [[3, 2], [1, 2]]])
def test_strides_that_do_not_fit_are_refused(strides):
    model = stem.AudioStem(channels=[2, 3], strides=strides)
    with pytest.raises(ValueError, match="strides"):
        model.init(jax.random.key(0), jnp.zeros((1, 32, 8)))


def test_patches_in_place_of_the_first_convolution_see_their_own_cells_only():
    model = stem.AudioStem(channels=[2, 3], strides=[[0, 0], [1, 2]], patch=[4, 4], dropout=0.0)
    mel = jax.random.normal(jax.random.key(0), (1, 32, 8))
    variables = model.init(jax.random.key(1), mel)
    assert variables["params"]["patch"]["kernel"].shape == (16, 2)
    changed = model.apply(variables, mel.at[0, 16].add(5.0))
    same = np.isclose(model.apply(variables, mel), changed).all(axis=-1)[0]
    assert same.tolist() == [True] * 3 + [False] * 3 + [True] * 2  # row 4 and its neighbours


def test_the_model_takes_the_stem_instead_of_patches():
    model = hicmae_finetune.Finetune(
        heads={"logits": 8},
        audio=hicmae.Tower(16, 2, 2),
        stem_audio=stem.AudioStem(channels=[4], strides=[[4, 8]]),
    )
    mel = jax.random.normal(jax.random.key(0), (2, 16, 32))
    variables = model.init(jax.random.key(1), None, mel)
    assert variables["params"]["encoder_audio"]["patch_embed"]["proj"]["kernel"].shape == (16, 16)
    out = model.apply(
        variables, None, mel, deterministic=False, rngs={"dropout": jax.random.key(2)}
    )
    assert out["logits"].shape == (2, 8)
