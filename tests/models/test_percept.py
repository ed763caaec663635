"""PerceptCLIP: published counts, names, what is trained, the Pearson loss, it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import traverse_util

from affectjax.models import clip, lora, percept
from affectjax.tasks import pictures, rate
from affectjax.train import state, trainable
from affectjax.train import step as step_lib
from affectjax.weights import names
from affectjax.weights import percept as tables

TARGETS = ["attn/(q|k|v)$"]


def _model(width, depth, heads, rank, **fields):
    size = clip.size("openai:L/14")
    side = 8 if width < 64 else size.image
    tower = clip.ImageTower(clip.Tower(width, depth, heads), side, side // 2, size.embed)
    if width >= 64:
        tower = clip.ImageTower(clip.Tower(width, depth, heads), side, size.patch, size.embed)
    return percept.Percept(lora.Adapted(tower, lora.Lora(TARGETS, rank, 8)), **fields)


def _shapes(model, side):
    images = jnp.zeros((1, side, side, 3))
    return jax.eval_shape(lambda: model.init(jax.random.key(0), images))["params"]


def _count(tree):
    return sum(np.prod(x.shape) for x in jax.tree.leaves(tree))


def test_counts_of_the_paper():
    one, two = (_shapes(_model(1024, d, 16, 16), 224) for d in (1, 2))
    tower = lambda p: p["tower"]["model"]  # noqa: E731
    whole = lambda count: count(one) + 23 * (count(two) - count(one))  # noqa: E731
    assert whole(lambda p: _count(p["tower"]["lora"])) == 2_359_296
    assert _count(tower(one)["proj"]) == 786_432
    assert whole(lambda p: _count(tower(p)) - _count(tower(p)["proj"])) == 303_179_776
    head = lambda p: _count({k: v for k, v in p.items() if k.startswith("mlp_")})  # noqa: E731
    assert head(one) == 527_112
    scored = _shapes(_model(1024, 1, 16, 16, output="score", outputs=1), 224)
    assert head(scored) == 525_313


def test_the_released_names_go_round():
    shapes = _shapes(_model(16, 1, 2, 2), 8)
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda s: rng.standard_normal(s.shape, np.float32), shapes)
    given = names.to_state_dict(params, tables.RELEASED)
    layer = "model.base_model.model.vision_model.encoder.layers.0.self_attn"
    assert given[f"{layer}.q_proj.lora_A.default.weight"].shape == (2, 16)
    assert {f"{layer}.v_proj.base_layer.weight", f"{layer}.out_proj.bias"} <= set(given)
    assert {"proj.weight", "mlp.fc1.weight", "mlp.fc3.bias"} <= set(given)
    back = names.to_params(given, shapes, tables.RELEASED)
    jax.tree.map(np.testing.assert_array_equal, back, params)


def _quarters(seed, size=32):
    """Pictures of four quarters, each as bright as it likes; the score is the first one's."""
    g = np.random.default_rng(seed)
    bright = g.uniform(0.2, 0.8, (size, 2, 2)).astype(np.float32)
    pixels = 255 * bright.repeat(4, 1).repeat(4, 2)[..., None] + g.normal(0, 10, (size, 8, 8, 3))
    image = np.clip(pixels, 0, 255).astype(np.uint8)
    return {"image": jnp.asarray(image), "score": jnp.asarray(bright[:, 0, 0])}


def _learnt(patterns):
    """Scores on new pictures, and which parameters moved, of which might."""
    model = _model(16, 1, 2, 2, output="score", outputs=1, hidden=(16,), dropout=0.0)
    task = rate.Rate(model, pictures.Pictures(norm="clip"), "pearson")
    spec = {"image": jax.ShapeDtypeStruct((32, 8, 8, 3), jnp.uint8)}
    params = jax.jit(lambda: task.init(jax.random.key(0), spec))()["params"]
    kept, tx = trainable.names(params, patterns), optax.adam(1e-2)
    step = jax.jit(step_lib.train_step(task, tx, seed=0, trained=kept))
    now = state.create(params, tx, trained=kept)
    for seed in range(100):
        now, _ = step(now, _quarters(seed))
    before, after = (traverse_util.flatten_dict(p, sep="/") for p in (params, now.params))
    changed = {k for k in before if (np.asarray(before[k]) != np.asarray(after[k])).any()}
    test = _quarters(1000, 256) | {"valid": jnp.ones(256, bool)}
    out = jax.jit(lambda p, b: task.predict({"params": p}, b))(now.params, test)
    return task.metrics().single_from_model_output(**out).compute(), changed, kept


def test_branches_of_a_frozen_tower_learn_what_its_head_alone_cannot():
    """Which quarter counts is for attention to learn; the class token averages them at random."""
    scores, changed, kept = _learnt(["^tower/lora/", "^mlp_"])
    assert changed <= kept
    assert any(k.endswith("/b") for k in changed)
    head, changed, kept = _learnt(["^mlp_"])
    assert changed <= kept
    assert not any("lora" in k for k in changed)
    for name in ("plcc", "srcc"):  # chance is 0
        assert scores[name] > 0.95
        assert scores[name] > head[name] + 0.2
