"""The exported functions as StableHLO for cpu, cuda and tpu, through `jax.export`.

<folder>/predict.jaxexport and embed.jaxexport, and the parameters in params.safetensors. With jax
and safetensors alone, without affectjax:

  function = jax.export.deserialize(bytearray(open("predict.jaxexport", "rb").read()))
  function.call(safetensors.numpy.load_file("params.safetensors"), {"frames": ..., "audio": ...})

A model of text takes `tokens` (b, n) of any n up to its longest.
"""

import pathlib
from collections.abc import Mapping

import jax
import numpy as np
from safetensors import numpy as safetensors

from affectjax.export import signatures

PLATFORMS = ("cpu", "cuda", "tpu")
PARAMS = "params.safetensors"
TOKENS = "tokens"  # the input whose second axis is free, too


def lower(
    serve: signatures.Serve,
    params: Mapping[str, np.ndarray],
    spec: Mapping[str, jax.ShapeDtypeStruct],
) -> jax.export.Exported:
    """A function of (flat parameters, inputs) for all PLATFORMS, of any batch b >= 1."""
    rows, count = jax.export.symbolic_shape("b, n", constraints=constraints(spec))
    shapes = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in params.items()}
    given = {
        k: jax.ShapeDtypeStruct((rows, count) if k == TOKENS else (rows, *s.shape[1:]), s.dtype)
        for k, s in spec.items()
    }
    return jax.export.export(jax.jit(serve), platforms=PLATFORMS)(shapes, given)


def constraints(spec: Mapping[str, jax.ShapeDtypeStruct]) -> list[str]:
    """What is known of the tokens n of a text, which the model's table of positions bounds."""
    return [f"n <= {spec[TOKENS].shape[1]}"] if TOKENS in spec else []


def write(
    folder: pathlib.Path,
    functions: Mapping[str, jax.export.Exported],
    params: Mapping[str, np.ndarray],
) -> None:
    """Write the functions and the parameters."""
    folder.mkdir(parents=True)
    for name, function in functions.items():
        (folder / f"{name}.jaxexport").write_bytes(function.serialize())
    arrays = {k: np.asarray(v, order="C") for k, v in params.items()}
    (folder / PARAMS).write_bytes(safetensors.save(arrays))
