"""CLIP-CAER: published counts, what the order of frames and of streams changes, it learns."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax.losses import classification
from affectjax.models import clip, clip_caer, prompts
from tests.models.test_clip import SMALL, filled

TEMPORAL = clip_caer.Temporal(1, 2, 8, 16, frames=4)
TOKENS, PLACES = prompts.arrange(np.array([[18, 5, 19, 0], [18, 6, 19, 0]]), 2, length=8)


TINY = clip.Size(8, 8, 8, clip.Tower(8, 1, 1), clip.Tower(8, 1, 1), "quick_gelu", 10, 20)


def _model(size=SMALL, **fields):
    return clip_caer.ClipCaer(size, TOKENS.tolist(), PLACES.tolist(), 2, True, TEMPORAL, **fields)


def _count(tree):
    return sum(np.prod(x.shape) for x in jax.tree.leaves(tree))


def test_counts_of_the_paper():
    size = dataclasses.replace(
        clip.size("openai:B/32"), vision=clip.Tower(64, 1, 1), text=clip.Tower(512, 1, 8)
    )
    ids, places = prompts.arrange(np.array([[1, 5, 9, 0]] * 5), 8)
    model = clip_caer.ClipCaer(size, ids.tolist(), places.tolist())
    images = jnp.zeros((1, 16, 224, 224, 3))
    params = jax.eval_shape(lambda: model.init(jax.random.key(0), images, images))["params"]
    assert _count(params["temporal_face"]) == _count(params["temporal_context"]) == 2_110_464
    assert _count(params["project"]) == 524_800
    assert _count(params["prompts"]) == 20_480


def test_the_order_of_frames_and_which_stream_is_which_matter():
    model = _model()
    clips = jax.random.normal(jax.random.key(1), (2, 3, 4, 16, 16, 3))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), *clips))["params"]
    run = jax.jit(lambda *given: model.apply({"params": filled(shapes)}, *given)["logits"])
    plain = run(*clips)
    assert np.abs(run(clips[0][:, ::-1], clips[1]) - plain).max() > 1e-3
    assert np.abs(run(clips[1], clips[0]) - plain).max() > 1e-3
    rows = run(clips[0][::-1], clips[1][::-1])
    np.testing.assert_allclose(rows[::-1], plain, atol=1e-3)
    with pytest.raises(ValueError, match="5 frames"):
        model.init(jax.random.key(0), jnp.zeros((1, 5, 16, 16, 3)), jnp.zeros((1, 5, 16, 16, 3)))
    with pytest.raises(ValueError, match="streams='body'"):
        _model(streams="body").init(jax.random.key(0), clips[0], clips[1])


@pytest.mark.parametrize(("streams", "least", "most"), [("both", 0.9, 1.0), ("face", 0.3, 0.7)])
def test_what_only_the_surroundings_show_is_learnt_by_both_streams_not_by_the_face(
    streams, least, most
):
    """The context is bright or dark by class; the face is noise, from which nothing can be told."""

    def batch(seed, size=32):
        g = np.random.default_rng(seed)
        y = g.integers(0, 2, size)
        faces, contexts = g.standard_normal((2, size, 2, 8, 8, 3)).astype(np.float32) * 0.3
        return jnp.asarray(faces), jnp.asarray(contexts + (2 * y - 1)[:, None, None, None, None]), y

    model, tx = _model(TINY, streams=streams), optax.adam(3e-3)
    params = jax.jit(model.init)(jax.random.key(0), *batch(0)[:2])["params"]

    @jax.jit
    def step(params, state, faces, contexts, y):
        def loss(p):
            logits = model.apply({"params": p}, faces, contexts)["logits"]
            return classification.cross_entropy(logits, y)

        updates, state = tx.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    state = tx.init(params)
    for seed in range(60):
        params, state = step(params, state, *batch(seed))
    faces, contexts, y = batch(10_000, 128)
    guess = jax.jit(model.apply)({"params": params}, faces, contexts)["logits"].argmax(-1)
    assert least < (np.asarray(guess) == y).mean() <= most
