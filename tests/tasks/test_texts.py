"""Text through the tasks: what the model reads, dimensions that count alike, published weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import numpy as safetensors

from affectjax import config as config_lib
from affectjax.models import bert, text
from affectjax.models.transformer import Tower
from affectjax.tasks import regress, texts
from affectjax.train import checkpoint
from affectjax.weights import names
from affectjax.weights.bert import HUGGING_FACE
from experiments.text import start

BATCH = {
    "tokens": jnp.array([[2, 5, 3, 0], [2, 6, 7, 3]]),
    "token_length": jnp.array([3, 4]),
    "vad": jnp.array([[0.5, -0.1, 0.2], [-0.5, 0.3, 0.0]]),
}


def test_what_the_model_reads():
    ids, mask = texts.Texts()(BATCH)
    assert mask.tolist() == [[True, True, True, False], [True] * 4]
    np.testing.assert_array_equal(ids, BATCH["tokens"])
    hidden, _ = texts.Texts(hide=1.0, unknown=9)(BATCH, jax.random.key(0))
    assert hidden.tolist() == [[2, 9, 9, 9], [2, 9, 9, 9]]
    with pytest.raises(ValueError, match=r"no tokens, only \['audio'\]"):
        texts.Texts()({"audio": BATCH["vad"]})


def test_scaled_dimensions_count_alike():
    model = text.Text(bert.Bert(bert.Size(Tower(8, 1, 2, 8), 10, 4)), {"vad": 3}, hidden=4)
    task = regress.Regress(model, texts.Texts(), scale=(0.5, 0.1, 0.2))
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in BATCH.items()}
    variables = jax.jit(lambda: task.init(jax.random.key(0), spec))()
    still = regress.Regress(
        text.Text(model.encoder.clone(dropout=0.0), {"vad": 3}, hidden=4, dropout=0.0),
        texts.Texts(),
        scale=task.scale,
    )
    key, step = jax.random.key(0), jnp.int32(0)
    both = jax.jit(lambda v: (still.predict(v, BATCH)["vad_pred"], still.loss(v, BATCH, key, step)))
    said, (value, _) = both(variables)
    expected = (((said - BATCH["vad"]) / np.array(task.scale)) ** 2).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    short = regress.Regress(model, texts.Texts(), scale=(1.0, 1.0))
    with pytest.raises(ValueError, match="scale has 2 numbers for the 3 dimensions"):
        jax.eval_shape(lambda v: short.loss(v, BATCH, key, step), variables)


def test_a_config_starts_from_published_weights(tmp_path):
    size = bert.Size(Tower(16, 1, 2, 32), 20, 24)
    ids = jnp.zeros((1, 2), jnp.int32)
    shapes = jax.eval_shape(lambda: bert.Bert(size).init(jax.random.key(0), ids, ids > -1))
    g = np.random.default_rng(0)
    given = jax.tree.map(lambda s: g.normal(size=s.shape).astype(np.float32), shapes["params"])
    path = tmp_path / "model.safetensors"
    safetensors.save_file(names.to_state_dict(given, HUGGING_FACE), path)
    start.write(str(path), str(tmp_path / "run"), size)
    found = checkpoint.restore_params(tmp_path / "run")
    jax.tree.map(np.testing.assert_array_equal, found["encoder"], given)
    with pytest.raises(FileExistsError, match="holds checkpoints"):
        start.write(str(path), str(tmp_path / "run"), size)
    with pytest.raises(FileNotFoundError, match="no package 'nowhere' is installed"):
        start.write("nowhere:model.safetensors", str(tmp_path / "other"), size)
    config = config_lib.load("configs/text/emobank.py:tiny,fake,init=runs/x,trained=head")
    assert config.init_fresh == ["^head_"]
    assert config.train.frozen == ["^encoder/"]
