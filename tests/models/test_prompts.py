"""Learned prompts: layouts of tokens, the words they begin with, counts, conditioning."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import clip, prompts
from tests.models.test_clip import SMALL, filled

START, END, DOT = 18, 19, 2
NAMES = np.array([[START, 5, END, 0, 0], [START, 6, 7, END, 0]])


@pytest.mark.parametrize(
    ("position", "rows", "places"),
    [
        ("end", [[18, 0, 0, 0, 5, 2, 19, 0], [18, 0, 0, 0, 6, 7, 2, 19]], [[1, 2, 3]] * 2),
        ("front", [[18, 5, 0, 0, 0, 2, 19, 0], [18, 6, 7, 0, 0, 0, 2, 19]], [[2, 3, 4], [3, 4, 5]]),
        (
            "middle",
            [[18, 0, 5, 0, 0, 2, 19, 0], [18, 0, 6, 7, 0, 0, 2, 19]],
            [[1, 3, 4], [1, 4, 5]],
        ),
    ],
)
def test_layouts(position, rows, places):
    ids, at = prompts.arrange(NAMES, 3, position, [DOT], length=8)
    assert ids.tolist() == rows
    assert at.tolist() == places
    assert clip.end_of_text(jnp.asarray(ids)).tolist() == [6, 7]


def test_a_prompt_that_is_too_long_is_an_error():
    with pytest.raises(ValueError, match="a prompt of 9 tokens is longer than 8"):
        prompts.arrange(NAMES, 4, tail=[DOT], length=8)
    with pytest.raises(ValueError, match="position='behind'"):
        prompts.arrange(NAMES, 4, "behind")


def _model(**kw):
    ids, places = prompts.arrange(NAMES, 2, length=8)
    visual = kw.pop("visual_prompts", (0, 0))
    model = prompts.PromptedClip(
        clip.Clip(SMALL), prompts.Prompts(2, **kw), ids.tolist(), places.tolist(), visual
    )
    return model, jax.random.normal(jax.random.key(1), (3, 16, 16, 3))


def test_begun_with_words_they_are_the_prompt_written_by_hand():
    model, images = _model()
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]
    params = filled(shapes)
    words = params["model"]["text"]["token_embedding"][jnp.array([3, 4])]
    params["prompts"]["context"] = words
    by_hand = jnp.array([[START, 3, 4, 5, END, 0], [START, 3, 4, 6, 7, END]])
    out = jax.jit(model.apply)({"params": params}, images)
    reference = jax.jit(clip.Clip(SMALL).apply)({"params": params["model"]}, images, by_hand)
    np.testing.assert_allclose(out["logits"], reference["logits"], rtol=1e-5, atol=1e-5)
    begun = prompts.Prompts(2, start=np.asarray(words).tolist())
    embedded = jnp.zeros((2, 8, SMALL.text.width))
    made = begun.init(jax.random.key(0), embedded, np.array(model.places))["params"]
    np.testing.assert_allclose(made["context"], words)


def test_counts_and_the_places_of_what_is_learned():
    model, images = _model(by_class=True, visual_prompts=(2, 4))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]
    assert shapes["prompts"]["context"].shape == (2, 2, SMALL.text.width)
    assert shapes["visual_prompts"].shape == (2, 4, SMALL.vision.width)
    assert set(shapes) == {"model", "prompts", "visual_prompts"}
    caer = prompts.Prompts(8, by_class=True)  # CLIP-CAER: five classes, eight vectors of 512
    embedded, places = jnp.zeros((5, 77, 512)), jnp.zeros((5, 8), int)
    learned = jax.eval_shape(lambda: caer.init(jax.random.key(0), embedded, places))
    assert sum(np.prod(x.shape) for x in jax.tree.leaves(learned)) == 20480


def test_conditioned_prompts_give_each_image_texts_of_its_own():
    embedded, places = jnp.zeros((2, 6, 8)), jnp.array([[1, 2], [2, 3]])
    model = prompts.Prompts(2, conditioned=True)
    image = jax.random.normal(jax.random.key(0), (3, 32))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(1), embedded, places, image))
    params = filled(shapes)["params"]
    out = jax.jit(lambda p: model.apply({"params": p}, embedded, places, image))(params)
    unit = clip.unit(image)
    fc1, fc2 = params["meta_fc1"], params["meta_fc2"]
    hidden = jnp.maximum(unit @ fc1["kernel"] + fc1["bias"], 0)
    shift = hidden @ fc2["kernel"] + fc2["bias"]
    assert fc1["kernel"].shape == (32, 2)  # a sixteenth of the image's width
    for i in range(3):
        wanted = params["context"] + shift[i]
        np.testing.assert_allclose(out[i, 0, 1:3], wanted, atol=1e-5)
        np.testing.assert_allclose(out[i, 1, 2:4], wanted, atol=1e-5)
        assert not out[i, 0, 3:].any()
    model, images = _model(conditioned=True)
    shapes = jax.eval_shape(lambda: model.init_with_output(jax.random.key(0), images))[0]
    assert shapes["text_feature"].shape == (3, 2, SMALL.embed)
    with pytest.raises(ValueError, match="need image features"):
        prompts.Prompts(2, conditioned=True).init(jax.random.key(0), embedded, places)
