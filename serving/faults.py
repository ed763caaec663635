"""Clients of the v2 protocol for `serving.load`, good and bad ones."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import httpx
import numpy as np
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as stubs

Arrays = dict[str, np.ndarray]
DATATYPES = {
    "uint8": "UINT8",
    "int32": "INT32",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
}
NUMPY = {v: k for k, v in DATATYPES.items()} | {"BOOL": "bool"}
JSON = {"content-type": "application/json"}
_BAD_TEXTS = {
    "no UTF-8": b"caf\xe9",
    "an overlong zero": b"joy\xc0\x80",
    "an empty text": b"",
    "a huge text": b"joy " * 250_000,
    "oversized text": b"joy " * (3 << 20),
}


@contextlib.asynccontextmanager
async def clients(http: int, port: int, model: str) -> AsyncIterator[tuple[Any, Any]]:
    """(ask by REST, ask by gRPC): arrays in, arrays out; each has its client as `client`."""
    path = path_of(model)
    limits = httpx.Limits(max_connections=64)
    where = f"http://127.0.0.1:{http}"
    async with (
        httpx.AsyncClient(base_url=where, timeout=60, limits=limits) as client,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        stub = stubs.GRPCInferenceServiceStub(channel)

        async def rest(given: Arrays) -> Arrays:
            answer = await client.post(path, content=json.dumps(body(given)), headers=JSON)
            answer.raise_for_status()
            outputs = answer.json()["outputs"]
            return {o["name"]: np.array(o["data"]).reshape(o["shape"]) for o in outputs}

        async def remote(given: Arrays) -> Arrays:
            answer = await stub.ModelInfer(message(given, model))
            raw = zip(answer.outputs, answer.raw_output_contents, strict=True)
            return {o.name: np.frombuffer(x, NUMPY[o.datatype]).reshape(o.shape) for o, x in raw}

        rest.client, remote.client = client, stub  # type: ignore[attr-defined]
        yield rest, remote


def path_of(model: str) -> str:
    """Where a model is asked by REST."""
    return f"/v2/models/{model}/infer"


def body(given: Arrays, **changed: Any) -> dict[str, Any]:
    """A v2 request as JSON values; `changed` replaces fields of the last input."""
    inputs: list[dict[str, Any]] = []
    for name, x in given.items():
        told = {"name": name, "shape": [*x.shape], "datatype": DATATYPES[str(x.dtype)]}
        data = x.ravel().tolist()
        inputs.append({**told, "data": [d.decode() for d in data] if x.dtype == object else data})
    inputs[-1] |= changed
    return {"inputs": inputs}


def message(given: Arrays, model: str) -> Any:
    """The same for gRPC, its numbers as bytes, its texts each behind its length in four bytes."""
    inputs = [
        {"name": k, "shape": x.shape, "datatype": DATATYPES[str(x.dtype)]} for k, x in given.items()
    ]
    raw = [
        b"".join(len(text).to_bytes(4, "little") + text for text in x.ravel())
        if x.dtype == object
        else x.tobytes()
        for x in given.values()
    ]
    return pb.ModelInferRequest(model_name=model, inputs=inputs, raw_input_contents=raw)


def bad_bodies(good: Arrays) -> Iterator[tuple[str, bytes, dict[str, str], set[int]]]:
    """(what is wrong, body, headers, the statuses that are right) of REST requests."""
    text = json.dumps(body(good)).encode()
    first = next(iter(good))
    rest = {k: v for k, v in good.items() if k != first} or {"other": good[first]}
    binary = {"inference-header-content-length": "40", "content-type": "application/octet-stream"}
    yield "empty", b"", JSON, {400}
    yield "no JSON", b"\x00\xff\xfe", JSON, {400}
    yield "cut short", text[: len(text) // 2], JSON, {400}
    yield "deeply nested", b"[" * 100_000, JSON, {400}
    yield "a number", b"3", JSON, {400}
    yield "no inputs", b'{"inputs": []}', JSON, {400}
    yield "an input is absent", json.dumps(body(rest)).encode(), JSON, {400}
    yield (
        "an unknown output",
        json.dumps({**body(good), "outputs": [{"name": "x"}]}).encode(),
        JSON,
        {400},
    )
    yield "oversized", text + b" " * (8 << 20), JSON, {413}
    yield "binary cut short", text[:40], binary, {400}
    yield (
        "binary header is no number",
        text,
        {**binary, "inference-header-content-length": "x"},
        {400},
    )
    yield (
        "binary header is negative",
        text,
        {**binary, "inference-header-content-length": "-9"},
        {400},
    )
    for name, changed in _wrong(good).items():
        yield name, json.dumps(body(good, **changed)).encode(), JSON, {400}


def _wrong(good: Arrays) -> dict[str, dict[str, Any]]:
    """What can be wrong with the last input of a request."""
    wrong: dict[str, dict[str, Any]] = {
        "unknown datatype": {"datatype": "FP7"},
        "shape of another size": {"shape": [2, 3]},
        "negative shape": {"shape": [-1]},
        "huge shape": {"shape": [10**12, 10**12]},
        "no rows": {"shape": [0], "data": []},
        "ragged": {"data": [[1], [1, 2]]},
        "fractions for integers": {"data": [1.5]},
        "beyond the integers": {"data": [2**40]},
        "nothing": {"data": [None]},
    }
    if "audio" in good:
        wrong |= {"too short a sound": {"data": [5]}, "more than sent": {"data": [2**30]}}
    if "text" in good:
        return wrong | {
            "an empty text": {"data": [""]},
            "a blank text": {"data": [" \t\n\u2003"]},
            "half a letter": {"data": ["\ud83d"]},
            "a huge text": {"data": ["joy " * 250_000]},
            "no letters but a million marks": {"data": ["\u0301" * 1_000_000]},
            "numbers for texts": {"datatype": "FP32", "data": [1.5]},
            "a list for a text": {"data": [["joy"]] * 2},
        }
    return wrong | {
        "a pickle": {"datatype": "BYTES", "data": ["gASVBQAAAAAAAACMAWGULg=="]},
        "words": {"data": ["one"]},
    }


def bad_messages(good: Arrays, model: str) -> Iterator[tuple[str, Any]]:
    """(what is wrong, message) of gRPC requests."""
    raw = message(good, model)
    raw.raw_input_contents[0] = raw.raw_input_contents[0][:-3]
    yield "gRPC cut short", raw
    if "text" in good:
        for name, text in _BAD_TEXTS.items():
            yield f"gRPC {name}", message({"text": np.array([text], object)}, model)
    for name, key, change in (
        ("gRPC NaN", "audio", lambda x: np.full_like(x, np.nan)),
        ("gRPC infinite", "audio", lambda x: np.full_like(x, np.inf)),
        ("gRPC int16 scale", "audio", lambda x: x * 32768),
        ("gRPC FP64", "audio", lambda x: x.astype(np.float64)),
        ("gRPC too long a sound", "audio", lambda x: np.repeat(x, 2, axis=1)),
        ("gRPC no rows", "audio_length", lambda x: x[:0]),
        ("gRPC other rows", "audio_length", lambda x: np.repeat(x, 2)),
        ("gRPC no texts", "text", lambda x: x[:0]),
    ):
        if key in good:
            yield name, message({**good, key: change(good[key])}, model)
    short = {k: v[..., :1100] if k == "audio" else v for k, v in good.items()}
    yield "gRPC 65 rows", message({k: np.repeat(v, 65, 0) for k, v in short.items()}, model)
    yield "gRPC oversized", message({k: np.repeat(v, 80, 0) for k, v in good.items()}, model)


async def refused(rest: Any, remote: Any, good: Arrays, model: str) -> dict[str, str]:
    """Send each bad request; what the server says to it. Anything but a clear 4xx is an error."""
    told = {}
    for name, text, headers, right in bad_bodies(good):
        answer = await rest.client.post(path_of(model), content=text, headers=headers)
        assert answer.status_code in right, (name, answer.status_code, answer.text[:300])
        told[name] = f"{answer.status_code} {answer.json()['error'][:90]}"
    for name, request in bad_messages(good, model):
        call = remote.client.ModelInfer(request)
        code, details = await call.code(), await call.details()
        clear = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert code in clear, (name, code, details)
        told[name] = f"{code.name} {details[:90]}"
    return told


async def beside_slow(
    port: int, work: Callable[[], Awaitable[dict[str, float]]], count: int = 200
) -> dict[str, Any]:
    """What `work` takes while clients send a header, or a body, byte by byte; and their end."""
    halves = [asyncio.create_task(_slow(port, whole)) for whole in (False, True) * (count // 2)]
    told: dict[str, Any] = dict(await work())
    statuses = [status for status in await asyncio.gather(*halves) if status]
    assert set(statuses) == {"408"}, set(statuses)
    assert len(statuses) == count // 2
    return {**told, "slow bodies": f"{len(statuses)} x 408"}


async def _slow(port: int, whole: bool, seconds: float = 20.0) -> str:
    """A byte each half second, of the body behind a whole header, or of the header itself.

    Returns the status that the server ends it with; of a header without end, after some seconds,
    nothing.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path_of('affect')} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n"
    writer.write(head.encode() + (b"\r\n" if whole else b""))
    answer = asyncio.create_task(reader.readline())
    for _ in range(int(2 * seconds) if whole else 10):
        writer.write(b"x")
        done, _ = await asyncio.wait([answer], timeout=0.5)
        if done:
            break
    status = answer.result().split()[1].decode() if answer.done() else ""
    answer.cancel()
    writer.close()
    return status
