"""Two small expression networks: their published weights give the probabilities of their files."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.affect.labels import EKMAN7
from affectjax.models import face_api, frames, mini_xception
from affectjax.tasks import pictures
from affectjax.weights import names
from experiments.expression import start

NETS = {
    "faceapi": (
        face_api.FaceApi,
        "weights_faceapi_expression",
        "face_expression_dequantised.npz",
        323_687,
    ),
    "minixception": (
        mini_xception.MiniXception,
        "weights_fer_minixception",
        "mini_xception_fer2013.npz",
        58_423,
    ),
}


def _shapes(model, side):
    spec = jnp.zeros((1, side, side, 3))
    return jax.eval_shape(lambda: model.init(jax.random.key(0), spec))["params"]


@pytest.mark.parametrize("net", NETS)
def test_published_weights_give_the_probabilities_of_the_check_file(net, data_dir):
    """probs: a float32 forward pass in JAX written for ../shared/data, by Keras's graph."""
    kind, folder, file, count = NETS[net]
    folder = data_dir(folder)
    with np.load(folder / "check.npz") as check:
        x, probs = check["x"].astype(np.float32), check["probs"]
    like = _shapes(kind(), x.shape[1])
    assert sum(p.size for p in jax.tree.leaves(like)) == count
    params = start.network(net, folder / file, like)
    if net == "faceapi":  # RGB from 0 to 255
        x = x / 255 - np.array(face_api.MEAN, np.float32)
    else:  # grey in [-1, 1]
        x = np.repeat(x, 3, axis=-1)
    said = jax.jit(lambda p: jax.nn.softmax(kind().apply({"params": p}, x)["logits"]))(params)
    theirs = start.ORDERS[net].split()
    np.testing.assert_allclose(
        said, probs[:, [theirs.index(name) for name in EKMAN7.names]], atol=1e-5
    )


def test_names_go_round_and_other_weights_are_refused(tmp_path):
    g = np.random.default_rng(0)
    for net, (kind, *_) in NETS.items():
        like = _shapes(kind(), 16)
        params = jax.tree.map(lambda s: g.normal(size=s.shape).astype(np.float32), like)
        theirs = names.to_state_dict(params, start.TABLES[net])
        back = names.to_params(theirs, like, start.TABLES[net])
        jax.tree.map(np.testing.assert_array_equal, back, params)
        np.savez(tmp_path / f"{net}.npz", **theirs)
    with pytest.raises(ValueError, match=r"missing conv2d_1\.0"):
        start.network("minixception", tmp_path / "faceapi.npz", like)


def test_a_clip_has_the_mean_probability_of_its_frames():
    net = mini_xception.MiniXception(stem=2, widths=(2,))
    clip = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8, 3), np.uint8)
    (x,) = pictures.Pictures(["frames"], norm="half")({"frames": clip})
    np.testing.assert_allclose(x, clip / 127.5 - 1, atol=1e-6)
    model = frames.Frames(net)
    variables = jax.jit(model.init)(jax.random.key(0), x)

    @jax.jit
    def both(params):
        each = net.apply({"params": params["net"]}, x.reshape(-1, 8, 8, 3))["logits"]
        whole = model.apply({"params": params}, x)["logits"]
        return jax.nn.softmax(each), jax.nn.softmax(whole)

    each, said = both(variables["params"])
    mean = np.asarray(each).reshape(2, 3, 7).mean(1)
    np.testing.assert_allclose(said, mean, atol=1e-6)
