"""`python -m tests.whole.compile_all FOLDER [TOPOLOGY]`: every config, compiled for its topology.

Each in a process of its own, one to a core, on shapes of its fake data; one table at the end. A
config that does not compile or does not fit fails the whole, after all were tried.
"""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

CONFIGS = sorted(p for p in pathlib.Path("configs").glob("*/*.py") if p.stem != "__init__")


def compile_all(folder: pathlib.Path, topology: str = "") -> list[str]:
    """Compile each config into `folder`; print the table; return those that failed."""
    failed, lines = [], []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda p: _compiled(p, folder, topology), CONFIGS)
        for path, told in zip(CONFIGS, done, strict=True):
            failed += [] if told else [str(path)]
            lines += [_line(str(path), name, one) for name, one in told.items()]
    head = f"{'config':<36} {'program':<16} {'topology':<10} {'MiB':>9} {'GFLOP':>10}"
    print(f"{head} {'sent MB':>10} {'bound':<8} {'compiled':>9}")
    print("\n".join(lines))
    return failed


def _compiled(path: pathlib.Path, folder: pathlib.Path, topology: str) -> dict[str, dict]:
    """What compile.json says of a config; empty where it did not compile, with the log printed."""
    output = folder / f"{path.parent.name}_{path.stem}"
    command = [sys.executable, "-m", "affectjax.main", f"--config={path}:fake"]
    command += ["--mode=compile", f"--output={output}", f"--topology={topology}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{path}:\n{done.stdout}{done.stderr}", flush=True)
        return {}
    print(f"{path}: compiled", flush=True)
    return json.loads((output / "compile.json").read_text())


def _line(path: str, program: str, told: dict) -> str:
    return (
        f"{path:<36} {program:<16} {told['topology']:<10} {told['total'] / 2**20:>9,.1f} "
        f"{told['flops'] / 1e9:>10,.2f} {told['wire'] / 1e6:>10,.3f} "
        f"{told.get('bound', '-'):<8} {told['compile_seconds']:>7.1f} s"
    )


if __name__ == "__main__":
    failed = compile_all(pathlib.Path(sys.argv[1]), *sys.argv[2:3])
    if failed:
        sys.exit(f"not compiled: {', '.join(failed)}")
