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


def test_brightness_is_learnt_by_branches_and_head_of_a_frozen_tower():
    model = _model(16, 1, 2, 2, output="score", outputs=1, hidden=(16,), dropout=0.0)
    task = rate.Rate(model, pictures.Pictures(norm="clip"), "pearson")

    def batch(seed, size=32):
        g = np.random.default_rng(seed)
        score = g.uniform(0.2, 0.8, size).astype(np.float32)
        noise = g.normal(0, 20, (size, 8, 8, 3))
        image = np.clip(255 * score[:, None, None, None] + noise, 0, 255).astype(np.uint8)
        return {"image": jnp.asarray(image), "score": jnp.asarray(score)}

    spec = {"image": jax.ShapeDtypeStruct((32, 8, 8, 3), jnp.uint8)}
    params = jax.jit(lambda: task.init(jax.random.key(0), spec))()["params"]
    kept = trainable.names(params, ["^tower/lora/", "^mlp_"])
    tx = optax.adam(3e-3)
    step = jax.jit(step_lib.train_step(task, tx, seed=0, trained=kept))
    now = state.create(params, tx, trained=kept)
    for seed in range(40):
        now, terms = step(now, batch(seed))
    assert 0 <= terms["loss"] < 0.05  # (1 - r) / 2: r above 0.9 within the batch
    before, after = (traverse_util.flatten_dict(p, sep="/") for p in (params, now.params))
    changed = {k for k in before if (np.asarray(before[k]) != np.asarray(after[k])).any()}
    assert changed <= kept
    assert any(k.endswith("/b") for k in changed)
    test = batch(1000, 128) | {"valid": jnp.ones(128, bool)}
    out = jax.jit(lambda p, b: task.predict({"params": p}, b))(now.params, test)
    scores = task.metrics().single_from_model_output(**out).compute()
    assert scores["srcc"] > 0.9
    assert scores["plcc"] > 0.9
