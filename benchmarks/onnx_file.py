"""`make onnx`: the network of a run's export as ONNX, compared with the run by onnxruntime.

jax2onnx converts the function of the signature `predict`, with log-mel, normalisation, calibration
and parameters inside, for batches of 1 and 8, a file each; onnxruntime must then answer as the run
does on real clips, within 1e-4 (docs/serving.md). The packages are those of requirements/onnx.txt,
in a folder of their own: jax2onnx asks for an older Orbax than affectjax, though this needs none.
"""

import argparse
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from absl import flags as absl_flags

from affectjax import config as config_lib
from affectjax.evals import calibrate
from affectjax.export import saved_model, signatures
from affectjax.train import inputs, setup, shard

BATCHES = (1, 8)  # of the table of docs/serving.md


def main() -> None:
    """Convert, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--workdir", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    flags = parser.parse_args()
    absl_flags.FLAGS.mark_as_parsed()
    config = config_lib.load(flags.config)
    mesh = shard.make_mesh({"data": 1}, jax.local_devices()[:1])
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, flags.workdir, mesh)
        step, state = restored["selected"]
        params = signatures.flat(jax.device_get(state.eval_params))
    serve = signatures.predict(run.task, calibrate.load_for(flags.workdir, step))
    spec = {k: run.spec[k] for k in signatures.INPUTS if k in run.spec}
    batch = next(iter(inputs.eval_batches(config, config.select.split)))
    flags.output.mkdir(parents=True, exist_ok=True)
    for rows in BATCHES:
        clips = {k: batch[k][:rows] for k in spec}
        expected = jax.device_get(jax.jit(serve)(params, clips))
        path = flags.output / f"{rows}.onnx"
        path.write_bytes(convert(serve, params, clips, sorted(expected)))
        told = difference(path, clips, expected)
        print(
            f"{path}: {path.stat().st_size / 2**20:.1f} MiB; largest difference {told}", flush=True
        )
        if max(told.values()) > saved_model.TOLERANCE:
            raise ValueError(f"{path} differs from the run by {told}")


def convert(
    serve: signatures.Serve,
    params: Mapping[str, np.ndarray],
    clips: Mapping[str, np.ndarray],
    outputs: list[str],
) -> bytes:
    """The function of (parameters, inputs) as a serialized ONNX model of inputs like `clips`.

    Of their number of rows, too: with a symbolic one jax2onnx 0.17.1 fails in `lax.rem`.
    """
    import jax2onnx
    from onnx import TensorProto, numpy_helper

    def function(*arrays: jax.Array) -> tuple[jax.Array, ...]:
        said = serve(params, dict(zip(clips, arrays, strict=True)))
        return tuple(said[k] for k in outputs)

    given = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in clips.values()]
    model = jax2onnx.to_onnx(function, given, input_names=[*clips], output_names=outputs)
    # jax2onnx 0.17.1 writes the zeros that jnp.pad adds as doubles beside float32, which
    # onnxruntime refuses ("Type parameter (T) of Optype (Pad) bound to different types").
    for constant in model.graph.initializer:
        if constant.data_type == TensorProto.DOUBLE:
            single = numpy_helper.to_array(constant).astype(np.float32)
            constant.CopyFrom(numpy_helper.from_array(single, constant.name))
    for value in model.graph.value_info:
        if value.type.tensor_type.elem_type == TensorProto.DOUBLE:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    return model.SerializeToString()


def difference(
    path: pathlib.Path, clips: Mapping[str, np.ndarray], expected: Mapping[str, Any]
) -> dict[str, float]:
    """The largest difference of onnxruntime's outputs by name."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = zip(expected, session.run([*expected], dict(clips)), strict=True)
    return {name: float(np.abs(x - expected[name]).max()) for name, x in found}


if __name__ == "__main__":
    main()
