"""Which runs were compared with which: kept beside each run, and linked from its report."""

import html
import json
import os
import pathlib
import re
from collections.abc import Sequence

FILE = "compared.json"
_NAV = re.compile(r"<nav class=compared>.*?</nav>", re.DOTALL)


def note(runs: Sequence[pathlib.Path], page: pathlib.Path) -> None:
    """Write into each run's folder that `page` compares these runs; its report links there."""
    for run in runs:
        known = _read(run)
        known[os.path.relpath(page, run)] = [os.path.relpath(other, run) for other in runs]
        (run / FILE).write_text(json.dumps(known, indent=1))
        report = run / "report.html"
        if report.exists():
            text, now = report.read_text(encoding="utf-8"), nav(run)
            before = _NAV.search(text)
            report.write_text(text.replace(before[0], now) if before else text, encoding="utf-8")


def nav(run: pathlib.Path) -> str:
    """HTML: links to the comparisons of a run and to the runs in them; empty where there are none.

    Paths are relative, so that a folder of runs can be moved as a whole.
    """
    lines = []
    for page, others in _read(run).items():
        names = [_run(run, other) for other in others if os.path.normpath(other) != "."]
        lines.append(f"<p>{_link(page, 'compared')} with {', '.join(names)}</p>")
    return f"<nav class=compared>{''.join(lines)}</nav>"


def runs(folder: pathlib.Path, others: Sequence[pathlib.Path]) -> str:
    """HTML: links from a page in `folder` to the reports of runs."""
    names = [_run(folder, os.path.relpath(other, folder)) for other in others]
    return f"<p>runs: {', '.join(names)}</p>"


def _run(here: pathlib.Path, other: str) -> str:
    """A link to another run's report, or its name alone where it has none."""
    name = (here / other).resolve().name
    return _link(f"{other}/report.html", name) if (here / other / "report.html").exists() else name


def _link(target: str, name: str) -> str:
    return f'<a href="{html.escape(pathlib.Path(target).as_posix())}">{html.escape(name)}</a>'


def _read(run: pathlib.Path) -> dict[str, list[str]]:
    return json.loads((run / FILE).read_text()) if (run / FILE).exists() else {}
