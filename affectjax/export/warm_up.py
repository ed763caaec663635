"""Requests that TensorFlow Serving replays before it says it is ready.

assets.extra/tf_serving_warmup_requests is a TFRecord of `tensorflow.serving.PredictionLog`s. Its
Python classes are in tensorflow-serving-api, which drags the whole of tensorflow in beside
tensorflow-cpu; so the messages are declared here to protobuf itself, by the field numbers of
tensorflow_serving/apis (model.proto, predict.proto, prediction_log.proto), and the tests read what
is written with the official classes.
"""

import itertools
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from affectjax.export import texts

PATH = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "affectjax.serving"  # the wire holds numbers only; not to clash with the real package
# message: fields (name, number, type, repeated); a type is string, bytes or a message. On the wire
# a message within another is bytes: TensorProto, which tensorflow has, is put in as such.
_MESSAGES = {
    "ModelSpec": [("signature_name", 3, "string", False)],
    "Input": [("key", 1, "string", False), ("value", 2, "bytes", False)],
    "PredictRequest": [
        ("model_spec", 1, f".{_PACKAGE}.ModelSpec", False),
        ("inputs", 2, f".{_PACKAGE}.Input", True),  # a map<string, TensorProto> on the wire
    ],
    "PredictLog": [("request", 1, f".{_PACKAGE}.PredictRequest", False)],
    "PredictionLog": [("predict_log", 6, f".{_PACKAGE}.PredictLog", False)],
}


def write(
    folder: pathlib.Path,
    specs: Mapping[str, Mapping[str, Any]],
    buckets: Sequence[int],
    lengths: Sequence[int] = (),
) -> None:
    """Write a request for each signature of `specs` and batch size, of constants of its shapes.

    A new batch size compiles on its first call, and so does a new one of the `lengths` of texts;
    these are compiled before a user calls.
    """
    import tensorflow as tf

    path = folder / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in requests(specs, buckets, lengths):
            writer.write(request)


def requests(
    specs: Mapping[str, Mapping[str, Any]], buckets: Sequence[int], lengths: Sequence[int] = ()
) -> Iterator[bytes]:
    """The serialized PredictionLogs."""
    log = _classes()["PredictionLog"]
    for name, spec in specs.items():
        reads_text = bool({"text", "tokens"} & spec.keys())
        for rows, length in itertools.product(buckets, lengths if reads_text else (0,)):
            record = log()
            request = record.predict_log.request
            request.model_spec.signature_name = name
            for key, of in spec.items():
                shape = (rows, length) if key == "tokens" else (rows, *of.shape[1:])
                tensor = _constant(key, shape, of, spec, length)
                request.inputs.add(key=key, value=tensor.SerializeToString())
            yield record.SerializeToString()


def _constant(key: str, shape: Sequence[int], of: Any, spec: Mapping[str, Any], length: int) -> Any:
    """A tensor of one value: its proto says it once, however large the tensor."""
    import tensorflow as tf
    from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2

    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
    proto = tensor_pb2.TensorProto(
        dtype=tf.as_dtype(of.dtype).as_datatype_enum,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=dims),
    )
    if proto.dtype == tf.float32.as_datatype_enum:
        proto.float_val.append(0.1)
    elif proto.dtype == tf.string.as_datatype_enum:
        proto.string_val.append(texts.of_length(length).encode())
    elif key == "audio_length":
        proto.int_val.append(spec["audio"].shape[1])
    else:
        proto.int_val.append({"tokens": 0, "token_length": length}.get(key, 128))  # id 0: in all
    return proto


def _classes() -> dict[str, Any]:
    """The message classes, in a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(
        name="affectjax/warm_up.proto", package=_PACKAGE, syntax="proto3"
    )
    scalar = {"string": _FIELD.TYPE_STRING, "bytes": _FIELD.TYPE_BYTES}
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            added.type = scalar.get(kind, _FIELD.TYPE_MESSAGE)
            if kind not in scalar:
                added.type_name = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }
