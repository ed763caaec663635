"""Published weights of CLIP and GPT-2 as the start that `config.init` of configs/sevlm names.

  python -m experiments.sevlm.start --clip=ViT-B-16.safetensors --gpt2=distilgpt2.safetensors \
    --workdir=runs/sevlm_start

Reads state dicts (.safetensors, .npz, .pth): CLIP's with the names of OpenAI, OpenCLIP or Hugging
Face, GPT-2's with those of Hugging Face. The ids that SEVLM adds to the vocabulary begin as the
mean of its words.
"""

import re
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags
from flax import traverse_util

from affectjax.models import clip, sevlm
from affectjax.train import checkpoint
from affectjax.weights import files, names
from affectjax.weights import sevlm as tables
from affectjax.weights.clip import HUGGING_FACE, OPENAI

_OURS = re.compile(r"^(join|vad_head|contrast_layers|prefix_fc|head/)|/(cross|norm_cross)/")


def write(of_pictures: str, of_words: str, workdir: str, seen: clip.Size, size: sevlm.Size) -> None:
    """Write a checkpoint of both, without what SEVLM trains from nothing.

    Raises:
      FileExistsError: the folder holds checkpoints.
      ValueError: names or shapes that are not those of these sizes.
    """
    params = {"trunk": trunk(of_pictures, seen), "language": language(of_words, size)}
    checkpoint.write_params(workdir, params, "perplexity", {"clip": of_pictures, "gpt2": of_words})


def trunk(path: str, size: clip.Size) -> Any:
    """The image tower of CLIP's state dict."""
    given = files.load(path)
    inputs = jnp.zeros((1, size.image, size.image, 3)), jnp.zeros((1, size.context), int)
    table = OPENAI if "visual.conv1.weight" in given else HUGGING_FACE
    return names.fitted(path, given, clip.Clip(size), inputs, table)["visual"]


def language(path: str, size: sevlm.Size) -> Any:
    """The part of SEVLM that is GPT-2, from its state dict, with rows for added ids."""
    given = {_prefixed(name): array for name, array in files.load(path).items()}
    words = given.get("transformer.wte.weight")
    if words is None:
        raise ValueError(f"{path} has no wte.weight: give GPT-2's state dict of Hugging Face")
    added = size.vocab - len(words)
    if added < 0:
        raise ValueError(f"{path} has {len(words)} words, the model {size.vocab}")
    rows = np.repeat(np.asarray(words).mean(0, keepdims=True), added, axis=0)
    given["transformer.wte.weight"] = np.concatenate([words, rows])
    try:
        return names.to_params(given, _like(size), tables.TIED_DECODER)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _like(size: sevlm.Size) -> Any:
    """Shapes of the parameters that GPT-2 has, too."""
    ids, patches = jnp.zeros((1, 8), int), jnp.zeros((1, 2, size.tower.width))
    model = sevlm.SEVLM(size)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), ids, ids, patches))["params"]
    flat: Mapping[str, Any] = traverse_util.flatten_dict(shapes, sep="/")
    return traverse_util.unflatten_dict(
        {k: v for k, v in flat.items() if not _OURS.search(k)}, sep="/"
    )


def _prefixed(name: str) -> str:
    return name if name.startswith(("transformer.", "lm_head.")) else f"transformer.{name}"


def main(argv: list[str]) -> None:
    """Read the flags and write."""
    del argv
    f = flags.FLAGS
    write(f.clip, f.gpt2, f.workdir, clip.size(f.size), sevlm.DISTIL)
    print(f"written: {f.workdir}; configs/sevlm/artemis.py:init={f.workdir}")


if __name__ == "__main__":
    flags.DEFINE_string("clip", None, "state dict of CLIP", required=True)
    flags.DEFINE_string("gpt2", None, "state dict of DistilGPT-2", required=True)
    flags.DEFINE_string("workdir", None, "folder to write, without checkpoints", required=True)
    flags.DEFINE_string("size", "openai:B/16", "of CLIP")
    app.run(main)
