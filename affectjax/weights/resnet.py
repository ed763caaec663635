"""Names of ResNet's parameters in torchvision's state dicts, which are timm's, too."""

import pathlib
import re
from typing import Any

import jax.numpy as jnp

from affectjax.models import resnet
from affectjax.weights import files, names
from affectjax.weights.names import Table

TORCHVISION = Table(
    rules=(
        (r"^head/", "fc/"),
        *((rf"^stage_{i}_blocks_(\d+)/", rf"layer{i + 1}/\1/") for i in range(4)),
        (r"(^|/)norm(\d)/", r"\1bn\2/"),
        (r"/shortcut_conv/", "/downsample/0/"),
        (r"/shortcut_norm/", "/downsample/1/"),
        (r"/(kernel|scale)$", "/weight"),
        (r"/mean$", "/running_mean"),
        (r"/var$", "/running_var"),
    ),
    ignored=r"num_batches_tracked$",
)

_SIDE = 64  # pixels of the picture that the shapes are asked with; any will do


def trunk(path: str | pathlib.Path, size: resnet.Size) -> Any:
    """Parameters of a ResNet from a state dict's file; "module." and the last layer "fc" go.

    Raises:
      ValueError: names or shapes that are not those of this size.
    """
    given = {re.sub(r"^module\.", "", k): v for k, v in files.load(path).items()}
    given = {k: v for k, v in given.items() if not k.startswith("fc.")}
    image = jnp.zeros((1, _SIDE, _SIDE, 3))
    return names.fitted(path, given, resnet.ResNet(size), (image,), TORCHVISION)
