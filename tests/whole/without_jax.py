"""Processes that TensorFlow is in and jax is not, forked from one: `export.fresh` without its wait.

Importing TensorFlow costs a new process some 6 s, as often as a config is walked. The user's own
`--mode=export` starts a new process; tests/export and `.ci/run` do so too.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Iterator

from affectjax.export import fresh

SOCKET = "AFFECTJAX_TEST_TENSORFLOW"

# Listens before the import: who connects early waits. Ends when its parent's pipe does.
_SERVER = """
import os, select, signal, socket, sys, traceback
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
{imports}
code = compile({code!r}, "fresh", "exec")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while listener in select.select([listener, sys.stdin], [], [])[0]:
    connection, _ = listener.accept()
    if os.fork() == 0:
        file = connection.makefile("rw")
        sys.argv = ["fresh", *json.loads(file.readline())]
        try:
            exec(code, {{"__name__": "__main__", **globals()}})
            file.write("done")
        except BaseException:
            file.write(traceback.format_exc())
        file.flush()
        os._exit(0)
    connection.close()
"""


@contextlib.contextmanager
def served(folder: pathlib.Path) -> Iterator[dict[str, str]]:
    """The environment of processes whose `run` forks from one that is started here."""
    path = str(folder / "tensorflow")
    code = _SERVER.format(imports=fresh.IMPORTS, code=fresh.CODE)
    command = [sys.executable, "-I", "-c", code, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield {SOCKET: path}


def run(*arguments: str) -> str:
    """What `fresh.run` does, in a fork."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ[SOCKET])
        file = connection.makefile("rw")
        file.write(json.dumps(arguments) + "\n")
        file.flush()
        said = file.read()
    return "" if said == "done" else said or "ended without a word"
