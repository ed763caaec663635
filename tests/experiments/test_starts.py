"""Published weights become runs to start from, whatever the names; a table of people is read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.data.ops import people
from affectjax.models import clip, resnet, transformer
from affectjax.train import checkpoint
from affectjax.weights import files, names
from affectjax.weights.clip import HUGGING_FACE, OPENAI
from affectjax.weights.resnet import TORCHVISION
from experiments.emoset import start as emoset
from experiments.uniemox import people as people_script
from experiments.uniemox import start as uniemox

TOWER = transformer.Tower(8, 1, 2)
CLIP = clip.Size(16, 8, 8, TOWER, TOWER, "quick_gelu", context=6, vocab=20)
RESNET = resnet.Size((1,), False, width=4)


def _drawn(model, *inputs):
    like = jax.eval_shape(lambda: model.init(jax.random.key(0), *inputs))["params"]
    g = np.random.default_rng(0)
    return jax.tree.map(lambda s: g.normal(size=s.shape).astype(np.float32), like)


def test_a_resnet_becomes_emosets_trunk(tmp_path):
    params = _drawn(resnet.ResNet(RESNET, classes=3), jnp.zeros((1, 64, 64, 3)))
    path, run = str(tmp_path / "resnet.safetensors"), str(tmp_path / "run")
    files.save(path, names.to_state_dict(params, TORCHVISION))
    emoset.write(path, run, RESNET)
    del params["head"]
    jax.tree.map(np.testing.assert_array_equal, checkpoint.restore_params(run), {"trunk": params})
    with pytest.raises(FileExistsError, match="holds checkpoints"):
        emoset.write(path, run, RESNET)


@pytest.mark.parametrize("table", [OPENAI, HUGGING_FACE], ids=["openai", "hugging_face"])
def test_clip_becomes_uniemoxs_teacher(table, tmp_path):
    params = _drawn(clip.Clip(CLIP), jnp.zeros((1, 16, 16, 3)), jnp.zeros((1, 6), int))
    path, run = str(tmp_path / "clip.safetensors"), str(tmp_path / "run")
    files.save(path, names.to_state_dict(params, table))
    uniemox.write(path, run, CLIP)
    jax.tree.map(np.testing.assert_array_equal, checkpoint.restore_params(run), {"teacher": params})
    wider = clip.Size(16, 8, 8, transformer.Tower(16, 1, 2), TOWER, "quick_gelu", 6, 20)
    with pytest.raises(ValueError, match=r"clip.safetensors: the state dict does not fit"):
        uniemox.write(path, str(tmp_path / "other"), wider)


def test_a_table_of_people_is_what_the_data_reads(tmp_path):
    picture = np.zeros((100, 200, 3), np.uint8)
    examples = [{"clip_id": name, "image": picture} for name in (b"one", b"none")]
    seen = iter([[np.array([45.0, 15, 30, 30])], []])
    table = tmp_path / "runs" / "people.csv"
    assert people_script.write(table, people_script.boxes(examples, lambda _: next(seen))) == 1
    read = people.Boxes(str(table))
    boxes = [read.map(example)["box"] for example in examples]
    np.testing.assert_allclose(boxes[0], [0.075, 0.05, 0.525, 1.0], atol=1e-3)
    np.testing.assert_array_equal(boxes[1], [0, 0, 1, 1])
