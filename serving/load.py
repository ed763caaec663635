"""`python -m serving.load --model=EXPORT`: a server under load and under attack, on loopback.

A model of text is asked about sentences, others about noise of their inputs' shapes.
Starts `serving` itself, in the environment of requirements/serve.txt, and compares every
answer with the model called directly. Prints what docs/serving.md holds; ends with 1 where an
answer is wrong, a bad request is not a clear 4xx, memory grows, or the server is gone.
"""

import argparse
import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import numpy as np

from serving import clips as clips_lib
from serving import faults

Arrays = dict[str, np.ndarray]
TOLERANCE = 1e-4
GROWTH = 64.0  # MiB that memory may grow between the first tenth of the requests and the last
HTTP, GRPC = 18080, 18081


def main() -> None:
    """Direct calls, then the server: load, faults, slow clients, memory, the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--requests", default=300, type=int, help="of the longest load")
    parser.add_argument("--seconds", default=5.0, type=float, help="of each pace without a server")
    parser.add_argument("--texts", type=pathlib.Path, help="a text a line, for a model of text")
    parser.add_argument(
        "--onnx", type=pathlib.Path, help="folder of `make onnx`: onnxruntime beside it"
    )
    parser.add_argument("--output", default="runs/serving.json", type=pathlib.Path)
    flags = parser.parse_args()
    card = json.loads((flags.model / "assets" / "card.json").read_text())
    signature = "predict_text" if "predict_text" in card["signatures"] else "predict"
    if flags.texts and signature == "predict":
        parser.error(f"--texts={flags.texts}: --model={flags.model} reads no text")
    clips = clips_lib.make(card, signature, flags.texts)
    told, expected = direct(flags.model, signature, clips, flags.seconds)
    if flags.onnx:
        told |= onnx(flags.onnx, clips, expected, flags.seconds)
    command = [sys.executable, "-m", "serving", f"--model={flags.model}"]
    command += [f"--http_port={HTTP}", f"--grpc_port={GRPC}", "--body_seconds=5"]
    command += [f"--signatures={signature}", "--buckets=1,8"]  # compiling at the start takes time
    server = subprocess.Popen(command)
    try:
        told["seconds to ready"] = ready(server)
        model = "affect-text" if signature == "predict_text" else "affect"
        asyncio.run(attacked(server.pid, model, clips, expected, flags.requests, told))
        server.send_signal(signal.SIGTERM)
        told["exit after SIGTERM"] = server.wait(30)
        assert told["exit after SIGTERM"] in (0, -signal.SIGTERM), told
    finally:
        server.kill()
    flags.output.parent.mkdir(parents=True, exist_ok=True)
    flags.output.write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1))


def direct(
    folder: pathlib.Path, signature: str, clips: list[Arrays], seconds: float
) -> tuple[dict[str, Any], list[Arrays]]:
    """The pace of the model alone, in TensorFlow; and its outputs.

    Of a model of text that of the first texts, and beside it of the longest.
    """
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))

    def ask(given: Arrays) -> Arrays:
        said = model.signatures[signature](**{k: tf.constant(v) for k, v in given.items()})
        return {k: v.numpy() for k, v in said.items()}

    told = paced("direct", ask, clips, seconds)
    if signature == "predict_text":
        longest = max(clips, key=lambda clip: len(clip["text"][0]))
        told |= paced("direct, the longest text", ask, [longest], seconds, rows=(1,))
    return told, [ask(clip) for clip in clips]


def onnx(
    folder: pathlib.Path, clips: list[Arrays], expected: list[Arrays], seconds: float
) -> dict[str, Any]:
    """The pace of the same network in onnxruntime, whose every answer is compared."""
    import onnxruntime

    cpu = ["CPUExecutionProvider"]
    sessions = {
        n: onnxruntime.InferenceSession(folder / f"{n}.onnx", providers=cpu) for n in (1, 8)
    }
    names = [o.name for o in sessions[1].get_outputs()]

    def ask(given: Arrays) -> Arrays:
        rows = len(next(iter(given.values())))
        return dict(zip(names, sessions[rows].run(names, given), strict=True))

    worst = 0.0
    for clip, right in zip(clips, expected, strict=True):
        said = ask(clip)
        worst = max(worst, *(float(np.abs(said[k] - right[k]).max()) for k in right))
    assert worst < TOLERANCE, f"onnxruntime's answers are off by {worst}"
    return {**paced("onnxruntime", ask, clips, seconds), "onnxruntime: largest difference": worst}


def paced(
    name: str,
    ask: Callable[[Arrays], Arrays],
    clips: list[Arrays],
    seconds: float = 5.0,
    rows: Sequence[int] = (1, 8),
) -> dict[str, dict[str, float]]:
    """Clips a second and milliseconds of calls with one clip and with eight."""
    told = {}
    for count in rows:
        given = {k: np.concatenate([c[k] for c in clips[:count]]) for k in clips[0]}
        ask(given)
        times: list[float] = []
        while sum(times) < 1e3 * seconds:
            start = time.perf_counter()
            ask(given)
            times.append(1e3 * (time.perf_counter() - start))
        told[f"{name}, {count} at a time"] = {
            "clips/s": 1e3 * count * len(times) / sum(times),
            **percentiles(times),
        }
    return told


def percentiles(times: list[float]) -> dict[str, float]:
    """The middle, and what 95% and 99% stay below."""
    return dict(
        zip(("p50 ms", "p95 ms", "p99 ms"), np.percentile(times, [50, 95, 99]), strict=True)
    )


def ready(server: subprocess.Popen, patience: float = 600.0) -> float:
    """Seconds until the server says that it is ready."""
    start = time.time()
    while time.time() - start < patience:
        assert server.poll() is None, "the server ended while it started"
        try:
            if httpx.get(f"http://127.0.0.1:{HTTP}/v2/health/ready").status_code == 200:
                return time.time() - start
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"not ready within {patience} s")


async def attacked(
    pid: int,
    model: str,
    clips: list[Arrays],
    expected: list[Arrays],
    requests: int,
    told: dict[str, Any],
) -> None:
    """Fill `told` with figures; raises AssertionError at the first thing that is wrong."""
    async with faults.clients(HTTP, GRPC, model) as (rest, grpc):
        by = {"gRPC": grpc, "REST": rest}
        few = max(requests // 30, 10)
        for protocol, at_once, count in (
            ("gRPC", 1, few), ("gRPC", 8, few * 3), ("gRPC", 32, few * 3), ("REST", 8, few),
        ):  # fmt: skip
            key = f"{protocol}, {at_once} at once"
            told[key] = await load(by[protocol], clips, expected, at_once, count)
        told["bad requests"] = await faults.refused(rest, grpc, clips[0], model)
        told["good among bad"] = await mixed(rest, grpc, model, clips, expected, few)
        told["while 200 clients send slowly"] = await faults.beside_slow(
            HTTP, lambda: load(grpc, clips, expected, 4, few)
        )
        memory = []
        for part in range(10):
            run = await load(grpc, clips, expected, 16, requests // 10)
            memory.append(rss(pid))
            print(f"{(part + 1) * requests // 10} requests, {memory[-1]:.0f} MiB", flush=True)
        told[f"{requests} requests, 16 at once, last tenth"] = run
        told["MiB after each tenth"] = memory
        assert memory[-1] - memory[0] < GROWTH, f"memory grows: {memory}"
        best = max(v["clips/s"] for k, v in told.items() if k.startswith(("gRPC", "REST")))
        for name in ("direct", "onnxruntime"):
            if alone := told.get(f"{name}, 1 at a time"):
                told[f"throughput, share of {name} one at a time"] = best / alone["clips/s"]


async def load(
    ask: Callable[[Arrays], Awaitable[Arrays]],
    clips: list[Arrays],
    expected: list[Arrays],
    at_once: int,
    count: int,
) -> dict[str, float]:
    """`count` requests, `at_once` at a time: clips/s and milliseconds; every answer is compared."""
    places, times = iter(range(count)), []

    async def client() -> None:
        for i in places:
            start = time.perf_counter()
            said = await ask(clips[i % len(clips)])
            times.append(1e3 * (time.perf_counter() - start))
            for name, value in expected[i % len(clips)].items():
                worst = np.abs(said[name].astype(float) - value).max()
                assert worst < TOLERANCE, f"{name} of clip {i % len(clips)} is off by {worst}"

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(at_once)))
    taken = time.perf_counter() - start
    return {"clips/s": count / taken, **percentiles(times)}


async def mixed(
    rest: Any, grpc: Any, model: str, clips: list[Arrays], expected: list[Arrays], count: int
) -> dict[str, float]:
    """Good requests of both protocols while bad ones arrive: all answered, all right."""
    running = True

    async def bad() -> None:
        while running:
            await faults.refused(rest, grpc, clips[0], model)

    noise = asyncio.create_task(bad())
    good = await asyncio.gather(
        load(grpc, clips, expected, 4, count), load(rest, clips, expected, 2, count)
    )
    running = False
    await noise
    return good[0]


def rss(pid: int) -> float:
    """MiB of memory that a process holds."""
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
