"""UniEmoX: the masked auto-encoder against NumPy, losses in closed form, what it learns."""

import math

import jax
import numpy as np
import pytest

from affectjax.losses import uniemox as losses
from affectjax.models import clip, transformer, uniemox, vit
from affectjax.tasks import pictures
from affectjax.tasks import uniemox as task_lib

SIDE, PATCH = 32, 8
WIDE, NARROW = transformer.Tower(16, 1, 4), transformer.Tower(8, 1, 2)
SMALL = transformer.Tower(8, 1, 2)
TEACHER = clip.Size(SIDE, 16, 8, SMALL, SMALL, "quick_gelu", context=6, vocab=20)
INPUTS = pictures.Pictures(("image", "person", "image"), ("imagenet", "imagenet", "clip"))


def _model(**fields):
    trunk = vit.ViT(WIDE, SIDE, PATCH, fixed=True)
    return uniemox.UniEmoX(trunk, NARROW, clip.Clip(TEACHER), **fields)


def _norm(x, p):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
    return scaled * p["scale"] + p["bias"]


def _linear(x, p):
    return x @ p["kernel"] + p["bias"]


def _block(x, p, heads):
    y = _norm(x, p["norm1"])
    q, k, v = (_linear(y, p["attn"][name]) for name in "qkv")
    d = q.shape[1] // heads
    mixed = np.zeros_like(q)
    for h in range(heads):
        at = slice(h * d, (h + 1) * d)
        scores = np.exp(q[:, at] @ k[:, at].T / math.sqrt(d))
        mixed[:, at] = scores / scores.sum(1, keepdims=True) @ v[:, at]
    x = x + _linear(mixed, p["attn"]["proj"])
    y = _linear(_norm(x, p["norm2"]), p["mlp"]["fc1"])
    y = y * 0.5 * (1 + np.vectorize(math.erf)(y / math.sqrt(2)))
    return x + _linear(y, p["mlp"]["fc2"])


def _places(side, width):
    """MAE's table: for each place the column's sines and cosines, then the row's."""
    table = np.zeros((side * side, width))
    quarter = width // 4
    for row in range(side):
        for column in range(side):
            for i in range(quarter):
                for part, place in ((0, column), (2, row)):
                    angle = place / 10000 ** (i / quarter)
                    at = table[row * side + column]
                    at[part * quarter + i] = math.sin(angle)
                    at[(part + 1) * quarter + i] = math.cos(angle)
    return table


def _rebuilt(p, image, hidden):
    """The prediction of hidden patches (ascending) and their pixels, of one picture (h, w, 3)."""
    side = SIDE // PATCH
    patches = np.stack(
        [
            image[r * PATCH : (r + 1) * PATCH, c * PATCH : (c + 1) * PATCH].ravel()
            for r in range(side)
            for c in range(side)
        ]
    )
    trunk = p["trunk"]
    embed = trunk["patch_embed"]
    x = patches @ embed["kernel"].reshape(-1, WIDE.width) + embed["bias"]
    x = (x + _places(side, WIDE.width))[~hidden]
    x = np.concatenate([trunk["class_token"][None], x])
    for i in range(WIDE.depth):
        x = _block(x, trunk[f"blocks_{i}"], WIDE.heads)
    x = _linear(_norm(x, trunk["norm"]), p["project"])
    whole = np.tile(p["mask_token"], (side * side, 1))
    whole[~hidden] = x[1:]
    y = np.concatenate([x[:1], whole + _places(side, NARROW.width)])
    for i in range(NARROW.depth):
        y = _block(y, p["decode"][f"blocks_{i}"], NARROW.heads)
    return _linear(_norm(y, p["decode"]["norm"]), p["decode"]["head"])[1:][hidden], patches[hidden]


def _batch(seed=0, size=3):
    g = np.random.default_rng(seed)
    views = {k: g.integers(0, 256, (size, SIDE, SIDE, 3), np.uint8) for k in ("image", "person")}
    return {**views, "tokens": g.integers(1, 20, (size, 6)).astype(np.int32)}


@pytest.fixture(scope="module")
def begun():
    """A task, parameters that are no longer where they began, a batch, and what it gives."""
    task, batch = task_lib.UniEmoXPretrain(_model(), INPUTS, mask=0.7), _batch()
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in batch.items()}
    g, key = np.random.default_rng(1), jax.random.key(2)
    shapes = jax.eval_shape(lambda: task.init(key, spec)["params"])
    params = jax.tree.map(lambda s: g.normal(0, 0.3, s.shape).astype(np.float32), shapes)
    given = task._given(batch, key)

    @jax.jit
    def told(p, other):
        loss = jax.value_and_grad(lambda v: task.loss({"params": v}, batch, key, 0), has_aux=True)
        out = task.model.apply({"params": p}, *given)
        swapped = task.model.apply({"params": p}, given[0], other, *given[2:])
        return loss(p), out, swapped["fused"]

    return task, params, batch, given, told(params, given[1][::-1])


def test_the_auto_encoder_is_that_of_numpy(begun):
    _, params, batch, given, (((value, terms), slope), out, _) = begun
    (hidden, other), count = given[4], given[5]
    n = (SIDE // PATCH) ** 2
    assert count == n - int(n * (1 - 0.7)) == 12
    assert (np.asarray(hidden).sum(1) == count).all()
    assert (np.asarray(hidden) != np.asarray(other)).any()
    plain = jax.tree.map(lambda x: np.asarray(x, np.float64), params)
    errors = []
    for i in range(len(batch["image"])):
        scene = np.asarray(given[0][i], np.float64)
        told, truth = _rebuilt(plain, scene, np.asarray(hidden[i]))
        np.testing.assert_allclose(out["prediction"][i], told, atol=1e-5)
        errors.append(((told - truth) ** 2).mean())
        spread = np.ptp(told, axis=0).max()
        assert spread > 1e-2, "a decoder of the class token alone says the same of every patch"
    assert terms["loss_mae"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert value == pytest.approx(sum(float(v) for v in terms.values()), rel=1e-6)
    assert all((x == 0).all() for x in jax.tree.leaves(slope["teacher"]))
    for part in ("trunk", "project", "decode", "fusion"):
        assert any((x != 0).any() for x in jax.tree.leaves(slope[part]))


def test_both_views_share_a_norm_and_the_person_counts(begun):
    _, params, _, _, (_, out, swapped) = begun
    changed = (np.asarray(out["fused"]) != np.asarray(swapped)).any(axis=1)
    assert changed.tolist() == [True, False, True], "of three the middle one kept its person"
    fusion, p = uniemox.Fusion(8), params["fusion"]
    g = np.random.default_rng(3)
    a, b = (g.normal(size=(2, 8)).astype(np.float32) for _ in range(2))
    found = fusion.apply({"params": p}, a, b)
    np.testing.assert_allclose(found, fusion.apply({"params": p}, b, a), atol=1e-6)
    x = np.zeros((2, 8))
    for view in (a, b):
        spread = np.sqrt(np.var(view, -1, keepdims=True) + 1e-5)
        x += (view - view.mean(-1, keepdims=True)) / spread * p["norm"]["scale"] + p["norm"]["bias"]
    x = _linear(x, p["linear"])
    np.testing.assert_allclose(found, np.where(x > 0, x, np.expm1(x)), atol=1e-5)


def test_losses_in_closed_form():
    g = np.random.default_rng(0)
    fused, image, texts = (g.normal(size=(5, 8)).astype(np.float32) for _ in range(3))
    np.testing.assert_allclose(losses.likeness(3 * image, image), 0, atol=1e-6)
    np.testing.assert_allclose(losses.pattern(3 * image, image, texts), 0, atol=1e-6)
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    a, b = unit(fused) @ unit(texts).T, unit(image) @ unit(texts).T
    expected = 1 - (unit(a) * unit(b)).sum(1)
    for scale in (1.0, 100.0):
        np.testing.assert_allclose(losses.pattern(fused, image, texts, scale), expected, atol=1e-5)
    value = losses.likeness(fused, image)
    np.testing.assert_allclose(value, 1 - (unit(fused) * unit(image)).sum(1), atol=1e-6)


def test_a_batch_without_texts_and_two_pictures_are_refused(begun):
    task, params, batch, *_ = begun
    with pytest.raises(ValueError, match="the batch has no tokens of CLIP, only"):
        task.predict({"params": params}, {k: v for k, v in batch.items() if k != "tokens"})
    with pytest.raises(ValueError, match="name scene, person, and the scene that CLIP sees"):
        task_lib.UniEmoXPretrain(_model(), pictures.Pictures(("image", "person")))
