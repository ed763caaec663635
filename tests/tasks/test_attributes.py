"""EmoSet's task: what is unknown teaches nothing, and what the attributes teach the emotion."""

import csv
import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from affectjax.affect import attributes as kinds
from affectjax.affect.labels import MIKELS8
from affectjax.data.ops import labels
from affectjax.evals import attributes as evals
from affectjax.evals import evaluate, predictions
from affectjax.export import signatures
from affectjax.losses import missing
from affectjax.metrics import attributes as metrics
from affectjax.models import attributed, transformer
from affectjax.predict import told as lines
from affectjax.tasks import attributes as task_lib
from affectjax.tasks import pictures
from affectjax.train import state, step

SIDE, ROWS, SHARE, STEPS = 16, 512, 0.2, 60
SCENES, GLYPHS = 4, 4
COUNTS = (11, 11, SCENES, GLYPHS, 3)  # human action is nowhere known
NEGATIVE = (4, 5, 6, 7)
# Which of eight emotions a scene's colour and a glyph make together: neither tells it alone.
TABLE = np.array([[0, 4, 0, 4], [1, 5, 1, 5], [2, 6, 2, 6], [3, 7, 3, 7]])
COLOURS = np.array([[120, 60, 60], [60, 120, 60], [60, 60, 120], [110, 110, 50]])


def _drawn(glyph):
    """A glyph of 8 x 8: bars lying or standing, their cross, a frame."""
    ink = np.zeros((8, 8), bool)
    if glyph in (0, 2):
        ink[2:6] = True
    if glyph in (1, 2):
        ink[:, 2:6] = True
    if glyph == 3:
        ink[:] = True
        ink[2:6, 2:6] = False
    return ink


def _pictures(seed, size, share=1.0):
    """Pictures of a scene and a glyph; of a share of them the emotion is known."""
    g = np.random.default_rng(seed)
    scene, glyph = g.integers(0, SCENES, size), g.integers(0, GLYPHS, size)
    image = COLOURS[scene][:, None, None] * g.uniform(0.6, 1.4, (size, 1, 1, 1))
    image = image + g.normal(0, 25, (size, SIDE, SIDE, 3))
    for i in range(size):
        y, x = 4 * g.integers(0, 3, 2)
        image[i, y : y + 8, x : x + 8][_drawn(glyph[i])] += 90
    image = np.clip(image, 0, 255).astype(np.uint8)
    steps = [[kinds.step(v) for v in kinds.measured(one).values()] for one in image]
    emotion = np.where(g.random(size) < share, TABLE[scene, glyph], -1)
    named = np.stack([scene, glyph, np.full(size, -1)], 1)
    return {
        "image": jnp.asarray(image),
        "emotion": jnp.asarray(emotion, jnp.int32),
        "attributes": jnp.asarray(np.concatenate([steps, named], 1), jnp.int32),
        "contents": jnp.asarray(np.stack([scene == 0, glyph == 3], 1), jnp.float32),
    }


class Trunk(nn.Module):
    """Patches of 4 x 4, joined by fours, twice: as a network of convolutions, but quick here."""

    @nn.compact
    def __call__(self, images, deterministic=True):
        del deterministic
        out, x = {}, images
        for i, side in enumerate((4, 2, 2)):
            wide = x.shape[1] // side
            patches = transformer.cut(x, side)
            x = nn.relu(nn.Dense(48)(patches)).reshape(len(x), wide, wide, -1)
            out[f"stage_{i}"] = x
        return {**out, "feature": x.mean((1, 2))}


def _task(**fields):
    stages = ("stage_0", "stage_1", "stage_2")
    model = attributed.Attributed(Trunk(), 8, COUNTS, 2, stages, width=16, **fields)
    return task_lib.Attributes(model, pictures.Pictures(), 8, NEGATIVE, attribute_weight=1.0)


def _learnt(task, *sets):
    """What is predicted of unseen pictures after training on each of some sets."""
    tx, unseen = optax.adam(0.01), _pictures(1, 512)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in unseen.items()}
    one = step.train_step(task, tx, seed=0)

    @jax.jit
    def outputs(rows):
        begun = state.create(task.init(jax.random.key(0), spec)["params"], tx)
        end = jax.lax.scan(lambda s, _: (one(s, rows)[0], None), begun, None, STEPS)[0]
        return task.predict({"params": end.params}, unseen)

    return [jax.device_get(outputs(rows)) for rows in sets]


def _unannotated(rows):
    none = jnp.full_like(rows["attributes"], -1)
    return {**rows, "attributes": none, "contents": 0 * rows["contents"]}


def _shuffled(rows):
    other = np.random.default_rng(5).permutation(len(rows["emotion"]))
    return {**rows, "attributes": rows["attributes"][other], "contents": rows["contents"][other]}


@pytest.fixture(scope="module")
def told():
    rows = _pictures(0, ROWS, SHARE)
    sets = {"told": rows, "plain": _unannotated(rows), "shuffled": _shuffled(rows)}
    return dict(zip(sets, _learnt(_task(), *sets.values()), strict=True))


def test_attributes_teach_the_emotion_where_few_pictures_have_one(told):
    """Accuracy of eight emotions, known of a fifth of the pictures; chance is 0.125."""
    right = {
        k: float((v["probabilities"].argmax(-1) == v["emotion"]).mean()) for k, v in told.items()
    }
    assert right["told"] > right["plain"] + 0.1, right
    assert right["told"] > right["shuffled"] + 0.1, "the gain is that of the right attributes"
    assert right["told"] > 0.75


def test_scores_of_what_was_predicted(told):
    rows = told["told"]
    found = evals.scores(rows, resamples=50)
    assert found["scene_accuracy"] > 0.9 > 0.5 > found["scene_chance"]
    assert found["facial_expression_accuracy"] > 0.8
    assert found["objects_map"] > 0.9 > found["objects_chance"]
    assert "human_action_accuracy" not in found, "nowhere known"
    assert found["attributes_accuracy_interval"][0] < found["attributes_accuracy"]
    polarity = (np.isin(rows["emotion"], NEGATIVE) == (rows["polarity_pred"] > 0.5)).mean()
    assert found["polarity_accuracy"] == pytest.approx(polarity)
    assert evals.scores({"subject": np.arange(3)}) == {}
    streamed = [
        metrics.Attributes.from_model_output(**{k: v[part] for k, v in rows.items()})
        for part in (slice(0, 100), slice(100, None))
    ]
    whole = streamed[0].merge(streamed[1]).compute()
    for name, value in whole.items():
        assert found[name] == pytest.approx(float(value), rel=1e-5)
    rows = {"clip_id": np.arange(512), **{k: np.asarray(v) for k, v in rows.items()}}
    assert evaluate.per_clip(rows)["polarity_pred"] == pytest.approx(rows["polarity_pred"])


def test_what_is_unknown_has_a_gradient_of_exactly_zero():
    g = np.random.default_rng(0)
    logits, label = jnp.asarray(g.normal(size=(4, 5)), jnp.float32), jnp.array([2, -1, 0, -1])
    value, slope = jax.value_and_grad(missing.categorical)(logits, label)
    known = np.asarray(logits)[[0, 2]]
    log_p = known - np.log(np.exp(known).sum(-1, keepdims=True))
    assert value == pytest.approx(-(log_p[0, 2] + log_p[1, 0]) / 2, rel=1e-6)
    assert (np.asarray(slope)[[1, 3]] == 0).all()
    assert (np.asarray(slope)[[0, 2]] != 0).all()
    value, slope = jax.value_and_grad(missing.categorical)(logits, jnp.full(4, -1))
    assert value == 0
    assert (np.asarray(slope) == 0).all()


def test_stop_keeps_the_emotion_out_of_the_embeddings_and_nothing_known_is_no_loss():
    rows = _unannotated(_pictures(0, 4))
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in rows.items()}
    task = _task(stop=True)
    loss = lambda v: task.loss(v, rows, jax.random.key(0), 0)  # noqa: E731
    both = jax.jit(jax.value_and_grad(loss, has_aux=True))
    variables = task.init(jax.random.key(0), spec)
    (value, terms), grad = both(variables)
    assert np.isfinite(value)
    assert all(terms[f"loss_{kind}"] == 0 for kind in kinds.KINDS)
    for kind in kinds.KINDS:
        for part in (kind, f"{kind}_embed"):
            assert all((x == 0).all() for x in jax.tree.leaves(grad["params"][part]))
    for part in ("emotion", "trunk"):
        assert any((x != 0).any() for x in jax.tree.leaves(grad["params"][part]))
    cut = {**rows, "attributes": rows["attributes"][:, :3]}
    with pytest.raises(ValueError, match="tells 5 attributes, the batch's attributes is 3"):
        task.loss(variables, cut, jax.random.key(0), 0)
    with pytest.raises(ValueError, match=r"stages names \['stage_3'\], the trunk gives"):
        attributed.Attributed(_task().model.trunk, 8, COUNTS).init(
            jax.random.key(0), jnp.zeros((1, SIDE, SIDE, 3))
        )


def _info(tmp_path, **changed):
    names = {k: [f"{k} {i}" for i in range(n)] for k, n in kinds.COUNTS.items()}
    names |= {"object": ["Dog", "Ball"]}
    names["human_action"][3] = "boxing "
    names |= changed
    told = {k: {"label2idx": {n: i for i, n in enumerate(v)}} for k, v in names.items()}
    (tmp_path / "info.json").write_text(json.dumps(told))
    return str(tmp_path / "info.json")


def test_names_become_indices_by_the_release(tmp_path):
    told = {"brightness": np.float32(0.3), "colorfulness": np.float32(-1), "scene": b"scene 7"}
    told |= {
        "facial_expression": b"",
        "human_action": b"boxing",
        "image": np.zeros((2, 2, 3), np.uint8),
    }
    told["objects"] = np.array([b"Ball"], object)
    op = labels.Attributes(_info(tmp_path), objects=2)
    out = op.map(told)
    assert out["attributes"].tolist() == [3, -1, 7, -1, 3]
    assert out["contents"].tolist() == [0, 1]
    assert set(out) == {"attributes", "contents", "image"}
    measured = labels.Attributes(_info(tmp_path), objects=2, measure=True).map(told)
    assert measured["attributes"].tolist() == [3, 0, 7, -1, 3]
    with pytest.raises(ValueError, match=r"info.json has no scene 'moon'; it has 254 others"):
        op.map({**told, "scene": b"moon"})
    with pytest.raises(ValueError, match=r"numbers 2 names of object, not 0 to 408"):
        labels.Attributes(_info(tmp_path)).map(told)


def test_what_is_told_goes_by_its_name_into_lines_and_tables_and_whole_into_an_export(
    told, tmp_path
):
    known = labels.Attributes(_info(tmp_path), objects=2).names()
    assert known["brightness"][3] == "0.3"
    assert known["human_action"][3] == "boxing"
    rows = {k: np.asarray(v)[:4] for k, v in told["told"].items()} | {"subject": np.arange(4)}
    rows |= {"clip_id": np.arange(4), "contents_pred": np.array([[0.6, 0.9], *[[0, 0.5]] * 3])}
    predictor = SimpleNamespace(
        labels=MIKELS8.names, calibration={}, set_threshold=None, attributes=known
    )
    line = lines.named(predictor, {k: v[0] for k, v in rows.items()})
    scene = f"scene {rows['attributes_pred'][0, 2]}"
    assert line["attributes"]["scene"] == scene
    p = rows["scene_probabilities"][0]
    assert line["attributes_sure"]["scene"] == pytest.approx(p.max(), abs=1e-4)
    assert list(line["objects"].items()) == [("Ball", 0.9), ("Dog", 0.6)]
    predictions.write(tmp_path, "test", rows, MIKELS8.names, attributes=known)
    with (tmp_path / f"test{predictions.ENDING}").open() as file:
        first = next(csv.DictReader(file))
    assert first["scene_pred"] == scene
    assert first["scene"] == f"scene {rows['attributes'][0, 2]}"
    assert first["human_action"] == "", "nowhere known"
    assert first["objects_pred"] == "Dog; Ball"
    back = predictions.read(tmp_path / f"test{predictions.ENDING}")
    np.testing.assert_allclose(back["probabilities"], rows["probabilities"])
    task = SimpleNamespace(predict=lambda variables, given: rows)
    served = signatures.predict(task, {})({}, {})
    np.testing.assert_array_equal(served["scene"], rows["scene_probabilities"])
    assert {*kinds.KINDS, "objects"} <= {*served} <= {*signatures.OUTPUTS}


def test_eight_emotions_make_two_polarities():
    op = labels.Among([[0, 1, 2, 3], [4, 5, 6, 7]])
    found = {n: int(op.map({"emotion": i})["emotion"]) for i, n in enumerate(MIKELS8.names)}
    bad = {"anger", "disgust", "fear", "sadness"}
    assert {name for name, polarity in found.items() if polarity} == bad
    assert op.map({"emotion": -1})["emotion"] == -1
    with pytest.raises(ValueError, match="category 8 is in 0 of"):
        op.map({"emotion": 8})
