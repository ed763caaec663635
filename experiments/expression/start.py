"""A small trained expression network as a run that predicts, is scored, and can be trained on.

  python -m experiments.expression.start --net=faceapi \
    --weights=../shared/data/weights_faceapi_expression/face_expression_dequantised.npz \
    --workdir=runs/faceapi

Categories are put in the order of Ekman's six and neutral, as configs/expression has them.
"""

import dataclasses
import pathlib
from typing import Any

import jax
import numpy as np
from absl import app, flags

from affectjax import config as config_lib
from affectjax.affect.labels import EKMAN7
from affectjax.train import checkpoint, inputs, setup, shard
from affectjax.weights import expression, files

CONFIG = "configs/expression/faces.py"
# The categories of each network in its own order, under our names.
ORDERS = {
    "faceapi": "neutral happiness sadness anger fear disgust surprise",
    "minixception": "anger disgust fear happiness sadness surprise neutral",
}
TABLES = {"faceapi": expression.FACE_API, "minixception": expression.MINI_XCEPTION}


def network(net: str, weights: str | pathlib.Path, like: Any) -> Any:
    """Parameters of a network from its npz, shaped like `like`.

    Raises:
      ValueError: no such network, or weights of another.
    """
    if net not in ORDERS:
        raise ValueError(f"--net={net}; allowed: {', '.join(ORDERS)}")
    theirs = ORDERS[net].split()
    order = [theirs.index(name) for name in EKMAN7.names]
    return expression.to_params(files.load(weights), like, TABLES[net], order)


def write(net: str, weights: str, workdir: str) -> None:
    """Write a whole checkpoint of step 0.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    if (pathlib.Path(workdir) / "checkpoints").exists():
        raise FileExistsError(f"--workdir={workdir} holds checkpoints; name another folder")
    config = config_lib.load(f"{CONFIG}:net={net},fake")
    mesh = shard.make_mesh({"data": 1}, jax.local_devices()[:1])
    with jax.set_mesh(mesh):
        run = setup.prepare(config, mesh, inputs.example_spec(config))
        state = run.init()
        given = network(net, weights, state.params["net"])
        places = jax.tree.map(lambda a: a.sharding, run.abstract.params)
        params = jax.device_put({"net": jax.tree.map(np.asarray, given)}, places)
        state = dataclasses.replace(state, params=params)
        with checkpoint.manager(workdir, config.select.metric) as manager:
            checkpoint.save(manager, 0, state, config)
            checkpoint.wait(manager)


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    given = {name: str(flags.FLAGS[name].value) for name in ("net", "weights", "workdir")}
    write(**given)
    print(f"written: {given['workdir']}, for --config={CONFIG}:net={given['net']}")


if __name__ == "__main__":
    flags.DEFINE_string("net", None, "faceapi or minixception", required=True)
    flags.DEFINE_string("weights", None, "its arrays, an npz", required=True)
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    app.run(main)
