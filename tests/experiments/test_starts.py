"""Published weights become runs to start from, whatever the names; a table of people is read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax import config as config_lib
from affectjax.data.ops import people
from affectjax.models import clip, resnet, sevlm, transformer
from affectjax.train import checkpoint
from affectjax.weights import files, names, transfer
from affectjax.weights.clip import HUGGING_FACE, OPENAI
from affectjax.weights.resnet import TORCHVISION
from affectjax.weights.sevlm import DECODER
from experiments.emoset import start as emoset
from experiments.sevlm import start as sevlm_start
from experiments.uniemox import people as people_script
from experiments.uniemox import start as uniemox
from tests.conftest import REPO

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


def test_clip_and_gpt2_become_all_of_sevlm_that_does_not_begin_fresh(tmp_path):
    config = config_lib.load(f"{REPO}/configs/sevlm/artemis.py:tiny,fake,init=run")
    task = config_lib.build(config.task)
    spec = {
        "image": jax.ShapeDtypeStruct((1, 16, 16, 3), jnp.uint8),
        "captions": jax.ShapeDtypeStruct((1, 2, 9), jnp.int32),
    }
    whole = jax.eval_shape(lambda: task.init(jax.random.key(0), spec))["params"]
    size, trunk = task.model.language.size, task.model.trunk
    seen = clip.Size(16, 8, trunk.embed, trunk.tower, trunk.tower, trunk.act, vocab=20)
    pictures = _drawn(clip.Clip(seen), jnp.zeros((1, 16, 16, 3)), jnp.zeros((1, 6), int))
    ids, patches = jnp.zeros((1, 8), int), jnp.zeros((1, 2, size.tower.width))
    words = names.to_state_dict(_drawn(sevlm.SEVLM(size), ids, ids, patches), DECODER)
    gpt2 = {
        k.removeprefix("transformer."): v
        for k, v in words.items()
        if "cross" not in k and k.startswith(("transformer.w", "transformer.h", "transformer.ln"))
    }
    table = gpt2["wte.weight"] = gpt2["wte.weight"][:-4]
    gpt2["h.0.attn.bias"] = np.zeros((1, 1, 4, 4), np.float32)  # a buffer of older files
    paths, run = (
        [str(tmp_path / f"{name}.safetensors") for name in ("clip", "gpt2")],
        tmp_path / "run",
    )
    files.save(paths[0], names.to_state_dict(pictures, OPENAI))
    files.save(paths[1], gpt2)
    sevlm_start.write(*paths, str(run), seen, size)
    given = checkpoint.restore_params(run)
    jax.tree.map(np.testing.assert_array_equal, given["trunk"], pictures["visual"])
    np.testing.assert_array_equal(given["language"]["tokens"][:-4], table)
    np.testing.assert_allclose(given["language"]["tokens"][-1], table.mean(0), rtol=1e-5)
    taken, _ = transfer.take(given, whole, config.init_fresh, config.init_drop)
    block = taken["language"]["decoder"]["blocks_0"]
    np.testing.assert_array_equal(block["mlp"]["fc1"]["kernel"], gpt2["h.0.mlp.c_fc.weight"])
    with pytest.raises(ValueError, match=r"clip.safetensors has no wte\.weight"):
        sevlm_start.language(paths[0], size)
