"""`python -m serving --model=runs/quickstart/audio_video/export`: serve an export.

REST and gRPC of the Open Inference Protocol v2, on loopback unless --host says otherwise.
"""

import argparse
import asyncio
import os
import pathlib
import sys
from concurrent import futures


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--model", required=True, type=pathlib.Path, help="folder that --mode=export wrote")
    add("--name", default="affect", help="v2 name of `predict`; of others NAME-embed, NAME-text")
    add("--host", default="127.0.0.1", help="address; 0.0.0.0 is every one")
    add("--http_port", default=8080, type=int, help="REST, metrics and health")
    add("--grpc_port", default=8081, type=int, help="gRPC")
    add("--max_bytes", default=8 << 20, type=int, help="largest request")
    add("--body_seconds", default=10.0, type=float, help="in which a request must arrive")
    add("--answer_seconds", default=30.0, type=float, help="in which it is answered")
    add("--connections", default=512, type=int, help="at a time, beyond which: 503")
    add("--signatures", default="", help="of the export, each a v2 model; empty is all of them")
    add("--buckets", default="1,2,4,8", help="batch sizes, compiled at the start")
    add("--wait", default=0.002, type=float, help="seconds to wait for others to share a batch")
    return parser.parse_args()


def main() -> None:
    """Load, warm every batch size, then listen."""
    flags = _flags()
    sys.argv[1:] = []  # KServe parses the command line when it is imported
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from serving import batched, endpoint

    bounds = batched.Limits(tuple(map(int, flags.buckets.split(","))), wait=flags.wait)
    found = batched.load(flags.model, [x for x in flags.signatures.split(",") if x], bounds)
    names = {"predict": flags.name, "embed": f"{flags.name}-embed"}
    names |= {"predict_text": f"{flags.name}-text", "say": f"{flags.name}-say"}
    threads = futures.ThreadPoolExecutor(4 * bounds.buckets[-1])
    models = [
        endpoint.Served(names[k], function, bounds, threads, flags.answer_seconds)
        for k, function in found.items()
    ]
    where = f"http://{flags.host}:{flags.http_port}/v2/models/{flags.name}"
    print(f"{flags.model}: {where}, gRPC {flags.host}:{flags.grpc_port}", flush=True)
    asyncio.run(endpoint.run(models, flags))


if __name__ == "__main__":
    main()
