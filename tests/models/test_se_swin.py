"""Swin with squeeze and excitation: the gate, and what learning from two sets at once adds."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax.models import squeeze, swin
from affectjax.tasks import classify, pictures
from affectjax.train import state, step

SIZE = swin.Size(8, (1,), (1,), window=4)
CLASSES, ROWS = 4, 32
# Which categories each set has: the first lacks the last one, as RAF-DB lacks contempt.
KNOWS = {0: (0, 1, 2), 1: (0, 1, 2, 3)}


def _count(tree):
    return sum(x.size for x in jax.tree.leaves(tree))


def test_a_gate_of_zeros_halves_and_has_the_parameters_of_the_paper():
    x = jnp.asarray(np.random.default_rng(0).standard_normal((2, 3, 3, 32)), jnp.float32)
    model = squeeze.SqueezeExcite(2, act="relu")
    params = model.init(jax.random.key(0), x)["params"]
    assert _count(params) == 2 * 32 * 32 // 16 + 2 + 32  # 2 C C / r, and biases
    zero = {**params, "fc2": jax.tree.map(jnp.zeros_like, params["fc2"])}
    np.testing.assert_array_equal(model.apply({"params": zero}, x), 0.5 * x)
    gate = np.asarray(model.apply({"params": params}, x)) / np.asarray(x)
    assert ((gate > 0) & (gate < 1)).all()
    np.testing.assert_allclose(gate, np.broadcast_to(gate[:, :1, :1], gate.shape), rtol=1e-5)


def test_where_the_gate_sits():
    images, size = jnp.zeros((1, 8, 8, 3)), swin.Size(16, (1, 1), (1, 1), window=2)
    names = {}
    for excite in ("none", "pooled", "last", "every"):
        model = swin.Swin(size, patch=2, excite=excite)
        names[excite] = set(jax.eval_shape(model.init, jax.random.key(0), images)["params"])
    added = {k: v - names["none"] for k, v in names.items()}
    assert added["pooled"] == {"se"}
    assert added["last"] == {"stage_1_se"}
    assert added["every"] == {"stage_0_se", "stage_1_se"}
    with pytest.raises(ValueError, match="excite = 'first'; allowed: none, pooled"):
        swin.Swin(size, patch=2, excite="first").init(jax.random.key(0), images)


def _faces(seed, dataset):
    """Category k below 3 is tinged by colour k, the last by none; a set holds its own alone."""
    g = np.random.default_rng(seed)
    known = np.array(KNOWS.get(dataset, range(CLASSES)))
    emotion = known[g.integers(0, len(known), ROWS)]
    face = g.integers(0, 100, (ROWS, 8, 8, 3))
    face[np.arange(ROWS)[emotion < 3], :, :, emotion[emotion < 3]] += 100
    possible = np.isin(np.arange(CLASSES), known).astype(np.float32)
    return {
        "face": jnp.asarray(face, jnp.uint8),
        "emotion": jnp.asarray(emotion, jnp.int32),
        "dataset": jnp.full(ROWS, dataset),
        "possible": jnp.broadcast_to(possible, (ROWS, CLASSES)),
    }


def _learnt(*sets):
    """Recall of each category on unseen faces, after training on each of some sets alone."""
    model = swin.Swin(SIZE, patch=4, classes=CLASSES, excite="pooled")
    inputs = pictures.Pictures(("face",))
    task = classify.Classify(model, inputs, CLASSES, smoothing=0.1, datasets=("a", "b"))
    tx, unseen = optax.adam(1e-2), _faces(9, dataset=2)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in unseen.items()}
    one = step.train_step(task, tx, seed=0)

    @jax.jit
    def guesses(rows):
        begun = state.create(task.init(jax.random.key(0), spec)["params"], tx)
        end = jax.lax.scan(lambda s, _: (one(s, rows)[0], None), begun, None, 60)[0]
        return task.predict({"params": end.params}, unseen)["logits"].argmax(-1)

    told = [guesses(rows) == unseen["emotion"] for rows in sets]
    return [np.array([r[unseen["emotion"] == k].mean() for k in range(CLASSES)]) for r in told]


def test_two_sets_together_teach_what_one_of_them_lacks():
    """Recall of each of four categories on unseen faces; chance is 0.25."""
    a, b = _faces(0, 0), _faces(1, 1)
    both = jax.tree.map(lambda x, y: jnp.concatenate([x[::2], y[::2]]), a, b)
    together, alone = _learnt(both, a)
    assert (together > 0.9).all(), together
    assert (alone[:3] > 0.9).all()
    assert alone[3] < 0.1, "a category that the first set lacks cannot be learnt from it"
