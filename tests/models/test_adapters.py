"""CLIP-Adapter, Tip-Adapter, probes, LoRA: closed forms and the papers' counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import adapters, clip, lora


def _count(tree):
    return sum(int(np.prod(x.shape)) for x in jax.tree.leaves(tree))


def test_the_clip_adapter_of_ratio_zero_is_nothing_and_has_the_papers_count():
    image = jnp.ones((1, 1024))
    shapes = jax.eval_shape(lambda: adapters.ClipAdapter().init(jax.random.key(0), image))
    assert _count(shapes) == 524288  # the released adapter of RN50: 1024 -> 256 -> 1024, no bias
    small = jnp.array([[1.0, -2.0, 3.0, 4.0]])
    params = {"down": {"kernel": jnp.ones((4, 1))}, "up": {"kernel": jnp.full((1, 4), 2.0)}}
    run = lambda ratio: adapters.ClipAdapter(ratio).apply({"params": params}, small)  # noqa: E731
    np.testing.assert_array_equal(run(0.0), small)
    np.testing.assert_allclose(run(0.2), 0.2 * 12 + 0.8 * small, rtol=1e-6)


KEYS = jnp.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
LABELS = jnp.array([0, 0, 1, 1])
TEXT = jnp.array([[1.0, 0.0], [0.0, 1.0]])


def test_tip_logits_of_two_classes_and_two_shots_by_hand():
    image = jnp.array([[3.0, 4.0]])  # unit (0.6, 0.8): affinities 0.6, 1, 0.8, -0.6
    ours = adapters.tip_logits(image, KEYS, LABELS, TEXT, alpha=2.0, beta=5.0)
    cached = [np.exp(-2) + 1, np.exp(-1) + np.exp(-8)]
    np.testing.assert_allclose(ours, 100 * np.array([[0.6, 0.8]]) + 2 * np.array([cached]), 1e-5)
    zero = adapters.tip_logits(image, KEYS, LABELS, TEXT, alpha=0.0)
    np.testing.assert_allclose(zero, adapters.cosine_logits(image, TEXT), rtol=1e-6)
    nearest = adapters.tip_logits(image, KEYS, LABELS, TEXT, alpha=1.0, beta=1e4) - zero
    np.testing.assert_allclose(nearest, [[1, 0]], atol=1e-4)


def test_the_trained_form_begins_as_the_training_free_one():
    model = adapters.TipAdapter(np.asarray(KEYS).tolist(), LABELS.tolist(), 1.5, 2.0)
    image = jnp.array([[0.2, 0.9], [1.0, -1.0]])
    params = model.init(jax.random.key(0), image, TEXT)
    assert _count(params) == KEYS.size
    reference = adapters.tip_logits(image, KEYS, LABELS, TEXT, 1.5, 2.0)
    np.testing.assert_allclose(model.apply(params, image, TEXT), reference, rtol=1e-6)


def test_the_cache_helps_where_the_texts_are_misaligned_and_its_weight_is_found_on_validation():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 16))
    text = jnp.asarray(centres + 1.5 * rng.normal(size=(4, 16)))
    draw = lambda n: centres[np.arange(n) % 4] + 0.5 * rng.normal(size=(n, 16))  # noqa: E731
    labels = jnp.arange(64) % 4
    keys = adapters.tip_cache(jnp.asarray([draw(64), draw(64)]))
    validation, test = jnp.asarray(draw(64)), jnp.asarray(draw(64))
    grid = {"scale": (20.0, 60.0), "steps": (4, 5)}
    alpha, beta, score = adapters.tip_search(validation, labels, keys, labels, text, **grid)
    hit = lambda y: float((y.argmax(-1) == labels).mean())  # noqa: E731
    zero_shot = hit(adapters.cosine_logits(test, text))
    tip = hit(adapters.tip_logits(test, keys, labels, text, alpha, beta))
    assert score >= hit(adapters.tip_logits(validation, keys, labels, text, 0.1, 0.1))
    assert tip > zero_shot + 0.05, (tip, zero_shot)


def test_prompts_of_a_class_are_averaged_as_unit_vectors():
    prompts = jnp.array([[[2.0, 0.0], [0.0, 5.0]]])
    np.testing.assert_allclose(adapters.ensemble(prompts), [[0.5**0.5, 0.5**0.5]], rtol=1e-6)


def test_an_attentive_probe_does_not_see_the_order_of_tokens():
    model, tokens = (
        adapters.AttentiveProbe(heads=2),
        jax.random.normal(jax.random.key(0), (2, 5, 8)),
    )
    params = model.init(jax.random.key(1), tokens)
    run = jax.jit(model.apply)
    out = run(params, tokens)
    assert out.shape == (2, 8)
    np.testing.assert_allclose(out, run(params, tokens[:, ::-1]), atol=1e-5)
    assert not np.allclose(out[0], out[1])


def test_lora_of_perceptclip_has_its_published_count():
    """L/14, q, k and v of every layer, rank 16: 24 x 3 x 2 x 16 x 1024 of 306.85 million."""
    s = clip.size("openai:L/14")
    tower = clip.ImageTower(s.vision, s.image, s.patch, s.embed, s.act)
    model = lora.Adapted(tower, lora.Lora(["attn/[qkv]$"], rank=16, alpha=8.0))
    images = jnp.zeros((1, 224, 224, 3))
    params = jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]
    assert _count(params["lora"]) == 2359296
    assert _count(params["model"]) == 303179776 + 786432


def test_targets_of_lora_that_name_no_matrix_are_an_error():
    params = {"head": {"kernel": jnp.zeros((2, 3)), "bias": jnp.zeros(3)}}
    with pytest.raises(ValueError, match=r"targets \['attn'\] name no layer; there are head"):
        lora.init(jax.random.key(0), params, lora.Lora(["attn", "head"]))
