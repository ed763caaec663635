"""KServe's v2 endpoints, REST and gRPC, around the functions of an export, on one address."""

import asyncio
import logging
import math
import struct
from concurrent import futures
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from grpc_interceptor.exceptions import DeadlineExceeded, GrpcException, Unavailable
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelRepository
from kserve.errors import InferenceError, InvalidInput, ModelNotFound
from kserve.model_server import app as kserve_app
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as v2_grpc
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension
from kserve.protocol.rest.server import RESTServer, metrics_handler
from kserve.protocol.rest.v2_endpoints import register_v2_endpoints
from kserve.utils.utils import generate_uuid
from starlette.exceptions import HTTPException

from serving import batched, description, limits

DATATYPES = {
    "uint8": "UINT8",
    "int32": "INT32",
    "float32": "FP32",
    "bool": "BOOL",
    "object": "BYTES",
}
_KINDS = {"UINT8": "iu", "INT32": "iu", "FP32": "iuf", "BYTES": ""}  # of numbers in JSON
_LIES = (struct.error, InferenceError)  # KServe's decoding, of texts that are not what they say
_HTTP = {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.DEADLINE_EXCEEDED: 504}


class Served(Model):
    """One signature as a v2 model."""

    def __init__(
        self,
        name: str,
        function: batched.Function,
        bounds: batched.Limits,
        threads: futures.Executor,
        seconds: float,
    ) -> None:
        super().__init__(name)
        self.function, self.bounds = function, bounds
        self.threads, self.seconds = threads, seconds
        self.ready = True  # loaded and warmed before the server listens

    def get_input_types(self) -> list[dict[str, Any]]:
        return [_metadata(t) for t in self.function.inputs]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [_metadata(t) for t in self.function.outputs]

    async def predict(
        self, payload: InferRequest, headers: Any = None, response_headers: Any = None
    ) -> InferResponse:
        wanted = self._wanted(payload)
        try:
            arrays = {i.name: array(i) for i in _once(payload.inputs)}
            given = batched.check(self.function.inputs, arrays, self.bounds)
        except batched.BadRequest as error:
            raise InvalidInput(str(error)) from None
        out = await self._asked(given)
        return InferResponse(
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=[output(k, x, payload.from_grpc) for k, x in out.items() if k in wanted],
            from_grpc=payload.from_grpc,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def _wanted(self, payload: InferRequest) -> set[str]:
        known = {t.name for t in self.function.outputs}
        wanted = {o.name for o in payload.request_outputs or ()} or known
        if unknown := wanted - known:
            raise InvalidInput(f"no outputs {sorted(unknown)}; there are {sorted(known)}")
        return wanted

    async def _asked(self, given: batched.Arrays) -> batched.Arrays:
        import tensorflow as tf

        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.seconds):
                return await loop.run_in_executor(self.threads, self.function.call, given)
        except TimeoutError:
            raise DeadlineExceeded(f"no answer within {self.seconds:g} s") from None
        except tf.errors.UnavailableError:
            raise Unavailable("the queue is full; ask again later") from None
        except tf.errors.InvalidArgumentError as error:
            raise InvalidInput(str(error.message)) from None


class Decoded(DataPlane):
    """KServe's decoding, where a body that is not what its header says is the client's fault."""

    def decode(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().decode(*args, **kwargs)
        except (*_LIES, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"not a v2 request: {type(error).__name__}: {error}") from None


class Fixed(ModelRepositoryExtension):
    """No client may load or unload models."""

    async def load(self, model_name: str) -> None:
        raise InvalidInput(f"{model_name}: this server's models are fixed")

    async def unload(self, model_name: str) -> None:
        raise InvalidInput(f"{model_name}: this server's models are fixed")


class Rest(RESTServer):
    """KServe's server with less: no v1, which hands bare JSON to models; no loading of models.

    It knows no versions of models and would answer 501 where one is asked for.
    """

    def _register_endpoints(self, app: FastAPI) -> None:
        routers: list[Any] = []
        taker: Any = SimpleNamespace(include_router=routers.append)
        register_v2_endpoints(taker, self.dataplane, self.model_repository_extension)
        for router in routers:
            router.routes[:] = [r for r in router.routes if "/repository/" not in r.path]
            app.include_router(router)
        app.add_api_route("/", self.dataplane.live)
        app.add_api_route("/metrics", metrics_handler, methods=["GET"])

    def _add_exception_handlers(self, app: FastAPI) -> None:
        async def absent(_: Request, error: Any) -> JSONResponse:
            return JSONResponse({"error": "models have no versions here"}, 404)

        super()._add_exception_handlers(app)
        app.add_exception_handler(NotImplementedError, absent)


def array(item: Any) -> np.ndarray:
    """The array of an input, of its stated datatype and shape; numbers are never bent to fit.

    Raises:
      BadRequest: the datatype is none of the model's, or the data is not of it or of the shape.
    """
    if item.datatype not in _KINDS:
        raise batched.BadRequest(f"{item.name}: datatype {item.datatype}; allowed: {[*_KINDS]}")
    dtype = np.dtype({v: k for k, v in DATATYPES.items()}[item.datatype])
    try:
        size = math.prod(item.shape)
        if item.datatype == "BYTES":
            flat = _texts(item, size)
        elif item._raw_data is not None:
            flat = np.frombuffer(item._raw_data, dtype)
        else:
            flat = np.asarray(item.data).ravel()
            _check_numbers(item, flat, dtype)
            flat = flat.astype(dtype)
        if min(item.shape, default=0) < 1 or flat.size != size:
            raise ValueError(f"{flat.size} values for the shape {list(item.shape)}")
        return flat.reshape(item.shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise batched.BadRequest(f"{item.name}: {error}") from None


def output(name: str, x: np.ndarray, raw: bool) -> InferOutput:
    """A named output, its numbers as bytes or as a list."""
    told = InferOutput(name, list(x.shape), DATATYPES[str(x.dtype)])
    told.set_data_from_numpy(x, binary_data=raw)
    return told


def _texts(item: Any, most: int) -> np.ndarray:
    """Texts as bytes, as JSON has them, or each behind its length in four bytes."""
    found: list[bytes] = []
    if item._raw_data is None:
        for x in np.ravel(np.array(item.data, object)).tolist():
            if not isinstance(x, str | bytes):
                raise ValueError("data is not of the datatype BYTES, a list of texts")
            found.append(x.encode() if isinstance(x, str) else x)
    else:
        raw, at = item._raw_data, 0
        while at < len(raw) and len(found) <= most:
            start = at + 4
            at = start + int.from_bytes(raw[at:start], "little")
            found.append(raw[start:at])
        if at > len(raw):
            raise ValueError("a text is shorter than the length before it")
    out = np.empty(len(found), object)
    out[:] = found
    return out


def _check_numbers(item: Any, flat: np.ndarray, dtype: np.dtype) -> None:
    if flat.dtype.kind not in _KINDS[item.datatype]:
        raise ValueError(f"data is not of the datatype {item.datatype}")
    if dtype.kind in "iu" and flat.size:
        of = np.iinfo(dtype)
        if flat.min() < of.min or flat.max() > of.max:
            raise ValueError(f"{flat.min()} to {flat.max()} do not fit {item.datatype}")


def _once(items: Any) -> Any:
    names = [i.name for i in items]
    if len(set(names)) != len(names):
        raise batched.BadRequest(f"an input is given twice: {sorted(names)}")
    return items


def _metadata(t: batched.Tensor) -> dict[str, Any]:
    shape = [-1, -1] if t.longest else [-1, *t.shape]
    return {"name": t.name, "datatype": DATATYPES[str(t.dtype)], "shape": shape}


async def run(models: list[Served], flags: Any) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was begun."""
    repository = ModelRepository()
    for model in models:
        repository.update(model)
    plane, fixed = Decoded(model_registry=repository), Fixed(repository)
    rest = Rest(
        "kserve.model_server:app",
        plane,
        fixed,
        flags.http_port,
        grace_period=10,
        timeout_keep_alive=15,
    )
    rest.config.host = flags.host  # KServe itself listens on every address
    rest.config.limit_concurrency = flags.connections
    rest.config.backlog = 512
    _guard(kserve_app, flags)
    server = _grpc_server(plane, fixed, flags)
    await server.start()
    try:
        await rest.start()  # until a signal
    finally:
        await server.stop(grace=10)


def _grpc_server(plane: DataPlane, fixed: ModelRepositoryExtension, flags: Any) -> Any:
    server = grpc.aio.server(
        interceptors=(ExceptionToStatusInterceptor(),),
        maximum_concurrent_rpcs=flags.connections,
        options=[
            ("grpc.max_receive_message_length", flags.max_bytes),
            ("grpc.max_send_message_length", flags.max_bytes),
        ],
    )
    v2_grpc.add_GRPCInferenceServiceServicer_to_server(InferenceServicer(plane, fixed), server)
    server.add_insecure_port(f"{flags.host}:{flags.grpc_port}")
    return server


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether an error is the server's fault: KServe logs a trace for each refused request."""
    clients = (InvalidInput, ModelNotFound, NotImplementedError, GrpcException)
    return not (record.exc_info and isinstance(record.exc_info[1], clients))


def _guard(app: FastAPI, flags: Any) -> None:
    """Limits in front of the application; errors as short JSON with the right status."""
    logger = logging.getLogger("kserve")
    logger.setLevel(logging.ERROR)
    logger.addFilter(_is_ours)
    app.add_middleware(limits.Bounded, size=flags.max_bytes, seconds=flags.body_seconds)

    async def invalid(_: Request, error: Any) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])[:200]
        return JSONResponse({"error": f"not a v2 request: {where}: {first['msg']}"[:500]}, 400)

    async def status(_: Request, error: Any) -> JSONResponse:
        return JSONResponse({"error": error.details}, _HTTP.get(error.status_code, 500))

    async def plain(_: Request, error: Any) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(GrpcException, status)
    description.describe(app)
