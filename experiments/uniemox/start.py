"""CLIP's published weights as the teacher that `config.init` of configs/uniemox/pretrain.py names.

  python -m experiments.uniemox.start --clip=ViT-B-16.safetensors --workdir=runs/uniemox_start

Reads a state dict (.safetensors, .npz, .pth) with the names of OpenAI, OpenCLIP or Hugging Face.
"""

import jax.numpy as jnp
from absl import app, flags

from affectjax.models import clip
from affectjax.train import checkpoint
from affectjax.weights import files, names
from affectjax.weights.clip import HUGGING_FACE, OPENAI


def write(path: str, workdir: str, size: clip.Size) -> None:
    """Write a checkpoint that holds the teacher and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
      ValueError: names or shapes that are not those of this size.
    """
    given = files.load(path)
    inputs = jnp.zeros((1, size.image, size.image, 3)), jnp.zeros((1, size.context), int)
    table = OPENAI if "visual.conv1.weight" in given else HUGGING_FACE
    params = {"teacher": names.fitted(path, given, clip.Clip(size), inputs, table)}
    checkpoint.write_params(workdir, params, "loss", {"teacher": str(path)})


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    workdir = flags.FLAGS.workdir
    write(flags.FLAGS.clip, workdir, clip.size(flags.FLAGS.size))
    print(f"written: {workdir}; configs/uniemox/pretrain.py:init={workdir}")


if __name__ == "__main__":
    flags.DEFINE_string("clip", None, "state dict of CLIP", required=True)
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    flags.DEFINE_string("size", "openai:B/16", "of CLIP")
    app.run(main)
