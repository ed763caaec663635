"""Published weights of both branches as a run that `config.init` of configs/emotic starts from.

  python -m experiments.emotic.start --context=resnet18_places365.pth --body=resnet18.pth \
    --workdir=runs/emotic_start

Reads state dicts of torchvision's ResNets (.pth, .safetensors, .npz), their last layer left out.
"""

from absl import app, flags

from affectjax.models import resnet
from affectjax.train import checkpoint
from affectjax.weights.resnet import trunk

_FLAGS = {
    "context": "state dict of the scene's ResNet, trained on Places365",
    "body": "state dict of the person's ResNet, trained on ImageNet",
    "workdir": "folder to write, that must not hold checkpoints",
}


def write(context: str, body: str, workdir: str, size: resnet.Size) -> None:
    """Write a checkpoint that holds both branches and nothing else.

    Raises:
      FileExistsError: the folder holds checkpoints.
    """
    params = {"context": trunk(context, size), "body": trunk(body, size)}
    checkpoint.write_params(workdir, params, "map", {"context": str(context), "body": str(body)})


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    given = {name: str(flags.FLAGS[name].value) for name in (*_FLAGS, "size")}
    write(given["context"], given["body"], given["workdir"], resnet.size(given["size"]))
    print(f"written: {given['workdir']}; configs/emotic/emotic.py:init={given['workdir']}")


if __name__ == "__main__":
    for flag, meaning in _FLAGS.items():
        flags.DEFINE_string(flag, None, meaning, required=True)
    flags.DEFINE_string("size", "18", "of both ResNets")
    app.run(main)
