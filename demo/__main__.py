"""`python -m demo --runs=runs/quickstart/audio_video`: a page that asks trained runs about a clip.

Of the runs the first is asked that can be: one that sees and hears wants a film with sound, one
that hears is enough for a microphone. On loopback unless --host says otherwise.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import socket
import sys
import tempfile


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--runs", required=True, help="work directories, best first, with commas between")
    add("--host", default="127.0.0.1", help="address; 0.0.0.0 is every one")
    add("--port", default=7860, type=int)
    add("--max_megabytes", default=200, type=int, help="largest file")
    add("--max_seconds", default=120.0, type=float, help="longest film or sound")
    return parser.parse_args()


def main() -> None:
    """Take the port, load the runs, make the examples, then listen until a signal."""
    flags = _flags()
    taken = _listening(flags.host, flags.port)
    # Uvicorn passes the signal on when it has ended; by default that would leave the films there.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix="affectjax-demo-", ignore_cleanup_errors=True)
        folder = pathlib.Path(stack.enter_context(made))
        # Read when Gradio is imported: no telemetry, no hub, uploads where they are emptied.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        from affectjax.train import startup
        from demo import runs, server

        paths = [pathlib.Path(path) for path in flags.runs.split(",")]
        try:
            first = runs.config_of(paths[0])
            stack.enter_context(startup.cached(first.train.compilation_cache, paths[0]))
            found = [runs.load(path) for path in paths]
        except (FileNotFoundError, ValueError) as error:
            sys.exit(str(error))
        server.serve(found, folder, taken, flags)


def _listening(host: str, port: int) -> socket.socket:
    """The port, taken before anything is loaded, so that another's is told at once."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        sys.exit(f"--host={host} --port={port}: {error}; name another, --port={port + 1}")
    return taken


if __name__ == "__main__":
    main()
