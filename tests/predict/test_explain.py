"""Explanations: maps lie where the answer comes from; relevance against its formula in NumPy."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from affectjax.models.transformer import Block, SelfAttention
from affectjax.predict import explain, look, overlay
from affectjax.tasks import classify, pictures, regress, texts


class _Left(nn.Module):
    """Tells by the left half of a picture alone, and by sound not at all."""

    @nn.compact
    def __call__(self, images, deterministic=True):
        del deterministic
        return {"logits": nn.Dense(3)(images[:, :, :4].reshape(len(images), -1))}


def test_gradients_lie_where_the_model_looks(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), np.uint8)
    task = classify.Classify(_Left(), pictures.Pictures(["face"], norm="half"), classes=3)
    spec = {"face": jax.ShapeDtypeStruct(image.shape, image.dtype)}
    variables = jax.jit(lambda: task.init(jax.random.key(0), spec))()
    seen = look.of_run(task, variables["params"], lambda: jax.set_mesh(jax.make_mesh((1,), ("d",))))
    maps, _ = seen.maps({"face": image[:1]})
    assert maps["face"].shape == (1, 6, 8)
    np.testing.assert_allclose(maps["face"].sum((1, 2)), 1, rtol=1e-5)
    assert not maps["face"][:, :, 4:].any()
    for sure, row in ((0.5, image[0]), (0.9, image[1]), (0.2, image[0])):
        seen.keep("a window", {"face": row}, {"probabilities": np.array([sure, 0.1])})
    seen.draw_best(tmp_path / "best.png", "film.mp4")
    assert (tmp_path / "best.png").stat().st_size > 1000
    seen.draw_best(tmp_path / "none.png", "film.mp4")
    assert not (tmp_path / "none.png").exists()


def test_a_map_colours_where_it_is_strong():
    grey = np.full((24, 24, 3), 100, np.uint8)
    heat = np.zeros((6, 6))
    heat[:3] = 1.0
    drawn = overlay.over(grey, heat).astype(int)
    spread = drawn.max(-1) - drawn.min(-1)
    assert spread[:6].min() > 50
    assert spread[-6:].max() == 0
    assert overlay.strip(grey[None], heat[None]).shape == (48, 24, 3)


class _Attends(nn.Module):
    """One block of attention over embedded tokens; valence is a linear map of the mean token."""

    @nn.compact
    def __call__(self, ids, mask, deterministic=True):
        del deterministic
        x = nn.Embed(9, 4, name="embed")(ids)
        bias = jnp.where(mask, 0.0, -jnp.inf)[:, None, None]
        y = SelfAttention(2, name="attn")(x, bias) * mask[..., None]
        return {"vad": nn.Dense(3, name="out")(y.sum(1) / mask.sum(1)[:, None])}


def test_attention_is_weighted_by_its_gradient():
    batch = {"tokens": jnp.array([[2, 5, 7, 3, 0]]), "token_length": jnp.array([4])}
    task = regress.Regress(_Attends(), texts.Texts())
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in batch.items()}
    params = jax.jit(lambda: task.init(jax.random.key(3), spec)["params"])()
    params = jax.tree.map(np.asarray, params)

    def both(params):
        variables, key = {"params": params}, jax.random.key(0)
        relevance = explain.attention(task, variables, batch)
        return relevance[0], explain.explain(task, variables, batch, key)["tokens"][0]

    with jax.default_matmul_precision("highest"):
        found, shares = jax.jit(both)(params)
    x, own = params["embed"]["embedding"][[2, 5, 7, 3]], params["attn"]
    q, k, v = (x @ own[n]["kernel"] + own[n]["bias"] for n in "qkv")
    toward = own["proj"]["kernel"] @ params["out"]["kernel"][:, 0] / 4  # dS / d (A v) of each token
    expected = np.zeros((4, 4))
    for head in (slice(0, 2), slice(2, 4)):
        scores = q[:, head] @ k[:, head].T / np.sqrt(2)
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        expected += np.maximum(weights * (v[:, head] @ toward[head]), 0) / 2
    np.testing.assert_allclose(found[:4, :4], expected, atol=1e-6)
    np.testing.assert_allclose(shares, [*expected.sum(0) / expected.sum(), 0], atol=1e-5)


def test_what_cannot_be_explained_is_said():
    with pytest.raises(ValueError, match="is of one model, not of SimpleNamespace"):
        explain.explain(types.SimpleNamespace(), {}, {}, jax.random.key(0))
    with pytest.raises(ValueError, match=r"no answer to explain among the outputs \['feature'\]"):
        explain.answer({"feature": jnp.zeros((1, 2))})
    task = classify.Classify(_Left(), pictures.Pictures(["face"]), classes=3)
    face = jax.ShapeDtypeStruct((1, 2, 8, 3), np.uint8)
    variables = jax.eval_shape(lambda: task.init(jax.random.key(0), {"face": face}))
    with pytest.raises(ValueError, match="_Left has no self-attention"):
        jax.eval_shape(lambda v, x: explain.attention(task, v, {"face": x}), variables, face)


class _OneToken(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic=True):
        return {"vad": Block(2, 16)(x, None, deterministic, at=0)[1]}


def test_a_token_computed_by_itself_has_no_rollout():
    model, x = _OneToken(), jnp.ones((2, 3, 8))
    task = types.SimpleNamespace(model=model, inputs=lambda batch: (batch["x"],))
    variables = model.init(jax.random.key(0), x)
    with pytest.raises(ValueError, match="_OneToken reads one token by itself: no rollout"):
        explain.attention(task, variables, {"x": x})
