"""Published weights of a ResNet as a run that `config.init` of configs/emoset starts from.

  python -m experiments.emoset.start --trunk=resnet50.pth --workdir=runs/emoset_start

Reads a state dict of torchvision's or timm's ResNet (.pth, .safetensors, .npz); its last layer is
left out.
"""

from absl import app, flags

from affectjax.models import resnet
from affectjax.train import checkpoint
from affectjax.weights.resnet import trunk


def write(path: str, workdir: str, size: resnet.Size) -> None:
    """Write a checkpoint that holds the trunk and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
      ValueError: names or shapes that are not those of this size.
    """
    params = {"trunk": trunk(path, size)}
    checkpoint.write_params(workdir, params, "uar", {"trunk": str(path)})


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    workdir = flags.FLAGS.workdir
    write(flags.FLAGS.trunk, workdir, resnet.size(flags.FLAGS.size))
    print(f"written: {workdir}; configs/emoset/attributes.py:init={workdir}")


if __name__ == "__main__":
    flags.DEFINE_string("trunk", None, "state dict of a ResNet", required=True)
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    flags.DEFINE_string("size", "50", "of the ResNet")
    app.run(main)
