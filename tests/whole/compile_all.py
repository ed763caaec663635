"""`python -m tests.whole.compile_all FOLDER [TOPOLOGY]`: every config, compiled for its topology.

Each in a process of its own, on shapes of its fake data; one table at the end. A config that does
not compile or does not fit fails the whole, after all were tried.
"""

import json
import pathlib
import subprocess
import sys

CONFIGS = sorted(p for p in pathlib.Path("configs").glob("*/*.py") if p.stem != "__init__")


def compile_all(folder: pathlib.Path, topology: str = "") -> list[str]:
    """Compile each config into `folder`; print the table; return those that failed."""
    failed, lines = [], []
    for path in CONFIGS:
        output = folder / f"{path.parent.name}_{path.stem}"
        command = [sys.executable, "-m", "affectjax.main", f"--config={path}:fake"]
        command += ["--mode=compile", f"--output={output}", f"--topology={topology}"]
        if subprocess.run(command, check=False).returncode:
            failed.append(str(path))
            continue
        for name, told in json.loads((output / "compile.json").read_text()).items():
            lines.append(_line(str(path), name, told))
    head = f"{'config':<36} {'program':<16} {'topology':<10} {'MiB':>9} {'GFLOP':>10}"
    print(f"{head} {'sent MB':>10} {'bound':<8} {'compiled':>9}")
    print("\n".join(lines))
    return failed


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
