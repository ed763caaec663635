"""CLIP: published counts, positions, prompts, and errors that say what to do."""

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import clip, transformer, vit
from affectjax.weights import clip as tables
from affectjax.weights import names

# Counted by numel over the parameters of OpenCLIP 3.3's own modules.
COUNTS = {
    "S/32": 63085825,
    "S/16": 62257537,
    "M/32": 103119873,
    "M/16": 102015489,
    "B/32": 151277313,
    "B/32@256": 151288833,
    "B/16": 149620737,
    "B+/32@256": 210297473,
    "B+/16": 208351361,
    "B+/16@240": 208377345,
    "L/16": 427739393,
    "L/16@320": 427948289,
    "L/14": 427616513,
    "L/14@280": 427763969,
    "L/14@336": 427944193,
    "H/16": 986263041,
    "H/14": 986109441,
    "H/14@378": 986714881,
    "g/14": 1366678273,
    "bigG/14": 2539567105,
    "e/14": 4581086465,
}
SMALL = clip.Size(16, 8, 16, clip.Tower(16, 2, 2), clip.Tower(8, 1, 2), "quick_gelu", 10, 20)


def _count(size, vision, text):
    size = dataclasses.replace(
        size,
        vision=dataclasses.replace(size.vision, depth=vision),
        text=dataclasses.replace(size.text, depth=text),
    )
    images = jnp.zeros((1, size.image, size.image, 3))
    tokens = jnp.zeros((1, size.context), int)
    params = jax.eval_shape(lambda: clip.Clip(size).init(jax.random.key(0), images, tokens))
    return sum(math.prod(x.shape) for x in jax.tree.leaves(params))


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_parameters_are_those_of_the_published_models(name):
    size = clip.size(name)
    one, more, longer = _count(size, 1, 1), _count(size, 2, 1), _count(size, 1, 2)
    total = one + (size.vision.depth - 1) * (more - one) + (size.text.depth - 1) * (longer - one)
    assert total == COUNTS[name]


def test_every_size_is_counted():
    assert set(COUNTS) | {f"openai:{n}" for n in clip.OPENAI} == set(clip.sizes())


def test_an_unknown_size_names_those_there_are():
    with pytest.raises(ValueError, match=r"no size 'B/8' of CLIP; there are openai:B/32"):
        clip.size("B/8")
    with pytest.raises(ValueError, match="no size 'openai:H/14'"):
        clip.size("openai:H/14")


def test_positions_are_resized_as_torch_does():
    """The numbers are those of torch 2.13's F.interpolate(mode="bicubic", antialias=True)."""
    table = jnp.concatenate([jnp.full((1, 1), 7.0), jnp.arange(9.0)[:, None] ** 2])
    down = transformer.resize_positions(table, (2, 2)).ravel()
    np.testing.assert_allclose(down, [7, 2.8711665, 8.1978483, 30.284525, 47.044525], rtol=1e-6)
    up = transformer.resize_positions(table, (4, 4)).ravel()[1:9]
    wanted = [-0.50601470, -0.22832748, 1.2673372, 3.0433283, 3.5197980, 6.0215564, 10.756741]
    np.testing.assert_allclose(up, [*wanted, 14.756803], rtol=1e-5)


def filled(shapes):
    """Parameters drawn by numpy: nothing is compiled for it."""
    rng = np.random.default_rng(0)
    draw = lambda s: jnp.asarray(rng.normal(0, 0.2, s.shape), s.dtype)  # noqa: E731
    return jax.tree.map(draw, shapes)


@pytest.fixture(scope="module")
def small():
    images = jax.random.normal(jax.random.key(1), (2, 16, 16, 3))
    tokens = jnp.array([[1, 5, 19, 0], [1, 19, 0, 0]])
    model = clip.Clip(SMALL)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images, tokens))
    return model, filled(shapes), images, tokens


def test_images_of_another_size_need_interpolation(small):
    model, variables, _, tokens = small
    large = jnp.ones((2, 24, 16, 3))
    with pytest.raises(ValueError, match=r"images of 24x16, positions are for 16x16.*interpolate"):
        model.apply(variables, large, tokens)
    free = clip.Clip(SMALL, interpolate=True)
    out = jax.eval_shape(free.apply, variables, large, tokens)
    assert out["image_tokens"].shape == (2, 1 + 6, 16)


def test_what_follows_the_end_of_a_text_does_not_count(small):
    model, variables, _, tokens = small
    more = tokens.at[1, 2:].set(jnp.array([7, 3]))
    encode = jax.jit(lambda t: model.apply(variables, t, method="encode_text"))
    features = [encode(t) for t in (tokens, more, tokens[:, :3])]
    np.testing.assert_allclose(features[0], features[1], atol=1e-6)
    np.testing.assert_allclose(features[0], features[2], atol=1e-6)


def test_visual_prompts_change_the_feature_and_not_the_number_of_tokens(small):
    model, variables, images, _ = small
    run = jax.jit(lambda *a: model.bind(variables).visual(*a))
    plain = run(images)
    for layers in (1, 2):
        out = run(images, jnp.ones((layers, 3, 16)).at[:, 0].set(-1))
        assert out["tokens"].shape == plain["tokens"].shape
        assert not np.allclose(out["feature"], plain["feature"])


def test_state_dicts_that_do_not_fit_list_every_fault(small):
    _, variables, _, _ = small
    params = variables["params"]
    given = names.to_state_dict(params, tables.OPENAI)
    given |= {"input_resolution": np.array(16), "extra": np.zeros(1)}
    del given["visual.proj"]
    with pytest.raises(ValueError, match=r"(?s)missing visual\.proj.*unused extra$"):
        names.to_params(given, params, tables.OPENAI)
    given["visual.proj"] = np.zeros((12, 16), np.float32)
    given["ln_final.bias"] = np.zeros(8)
    del given["extra"]
    with pytest.raises(ValueError, match=r"(?s)dtype of ln_final\.bias.*shape of visual\.proj"):
        names.to_params(given, params, tables.OPENAI)


def test_half_precision_weights_are_read_exactly(small):
    params = small[1]["params"]
    halves = jax.tree.map(lambda x: x.astype(jnp.float16), params)
    given = names.to_state_dict(halves, tables.OPENAI)
    back = names.to_params(given, params, tables.OPENAI)
    assert back["logit_scale"].dtype == np.float32
    assert float(back["logit_scale"]) == float(np.float16(params["logit_scale"]))


def _flops(function, *given):
    return jax.jit(function).lower(*given).compile().cost_analysis()["flops"]


def test_a_feature_alone_costs_less_than_all_tokens_also_its_gradient():
    tower = clip.Tower(64, 2, 2)
    model = clip.ImageTower(tower, 64, 8, 16)
    images = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
    params = jax.eval_shape(model.init, jax.random.key(0), images)

    def total(key, params, images):
        return model.apply(params, images)[key].sum()

    for run in (lambda key: partial(total, key), lambda key: jax.grad(partial(total, key))):
        feature, tokens = (_flops(run(key), params, images) for key in ("feature", "tokens"))
        assert feature < 0.75 * tokens  # of two blocks, one is spared 5/6 of its products


def test_a_feature_is_that_of_its_token_among_all(small):
    """Computed by itself where the program asks for nothing else, and by drop path's own draw."""
    model, variables, images, tokens = small
    run = jax.jit(lambda *a: model.apply(variables, *a))
    out, bound = run(images, tokens), model.bind(variables)
    ends = out["text_tokens"][jnp.arange(2), clip.end_of_text(tokens)]
    np.testing.assert_allclose(out["text_feature"], bound.text.proj(ends), atol=1e-5)
    params = {"params": variables["params"]["visual"]}
    drop = clip.ImageTower(SMALL.vision, 16, 8, 16, "quick_gelu", drop_path=0.5)
    prompts = jax.random.normal(jax.random.key(2), (2, 3, 16))
    for ahead, noisy in ((None, False), (None, True), (prompts, False)):
        seen = drop.apply(params, images, ahead, not noisy, rngs={"dropout": jax.random.key(3)})
        first = seen["tokens"][:, 0]
        norm, project = params["params"]["ln_post"], params["params"]["proj"]["kernel"]
        normal = jax.nn.standardize(first, axis=-1, epsilon=clip.EPS)
        wanted = (normal * norm["scale"] + norm["bias"]) @ project
        np.testing.assert_allclose(seen["feature"], wanted, atol=1e-5)


@pytest.mark.parametrize("pool", ["token", "mean"])
def test_a_vit_tells_its_class_token_whatever_it_pools(pool, small):
    images = small[2]
    model = vit.ViT(SMALL.vision, 16, 8, pool=pool)
    params = filled(jax.eval_shape(model.init, jax.random.key(0), images))
    out = jax.jit(model.apply)(params, images)
    np.testing.assert_allclose(out["first"], out["tokens"][:, 0], atol=1e-5)
    wanted = out["first"] if pool == "token" else out["tokens"][:, 1:].mean(1)
    np.testing.assert_allclose(out["feature"], wanted, atol=1e-5)


def test_a_token_beside_all_needs_a_bias_of_all_on_all():
    block, x = transformer.Block(2, 16), jnp.ones((2, 3, 8))
    with pytest.raises(ValueError, match=r"takes a bias \(n, n\), not \(2, 1, 1, 3\)"):
        block.init(jax.random.key(0), x, jnp.zeros((2, 1, 1, 3)), at=0)
