"""`report.html`: one file with the scores, the pictures and the config of an evaluated run."""

import base64
import html
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from affectjax.evals import calibrate, predictions
from affectjax.report import figures
from affectjax.train import report as metrics_file

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#333842;max-width:60rem;margin:2.5rem auto}
body{padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #e4e6ea}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .9rem .25rem 0;text-align:left}td.n{text-align:right}
img{max-width:100%;margin:.4rem 1rem .4rem 0;vertical-align:top}
pre{background:#f5f6f8;padding:.8rem;overflow:auto;font-size:12px;border-radius:4px}
.faint{color:#7b8494}
"""


def write(workdir: str | os.PathLike[str]) -> pathlib.Path:
    """Write PNGs beside the evaluation and <workdir>/report.html with them inside.

    Shows every split whose scores and predictions lie in <workdir>/evaluation.

    Raises:
      FileNotFoundError: there are none.
    """
    workdir = pathlib.Path(workdir)
    results = {
        split: json.loads((workdir / "evaluation" / f"{split}.json").read_text())
        for split in predictions.shared_splits([workdir])
        if (workdir / "evaluation" / f"{split}.json").exists()  # not of the split that chose
    }
    temperature = calibrate.load(workdir).get("temperature", 1.0)
    rows = metrics_file.read_metrics(workdir / "metrics.csv")
    parts = [f"<h1>{html.escape(workdir.name)}</h1>"]
    for split, values in results.items():
        parts += [f"<h2>{html.escape(split)}</h2>", _summary(values), score_table(values)]
        for name, own in values.get("datasets", {}).items():
            parts += [f"<h3>{html.escape(name)}</h3>", _summary(own), score_table(own)]
        for name, png in pictures(workdir, split, values, temperature).items():
            (workdir / "evaluation" / f"{split}_{name}.png").write_bytes(png)
            parts.append(_image(png, f"{name} on {split}"))
    if rows:
        png = figures.curves(rows)
        (workdir / "evaluation" / "curves.png").write_bytes(png)
        parts += ["<h2>Training</h2>", _image(png, "training curves")]
    config = workdir / "config.json"
    if config.exists():
        parts += ["<h2>Config</h2>", f"<pre>{html.escape(config.read_text())}</pre>"]
    path = workdir / "report.html"
    head = '<!doctype html><html lang="en"><meta charset="utf-8">'
    title = f"<title>{html.escape(workdir.name)}</title><style>{_STYLE}</style>"
    path.write_text(head + title + "\n".join(parts) + "</html>\n")
    return path


def pictures(
    workdir: pathlib.Path,
    split: str,
    values: Mapping[str, Any],
    temperature: float,
) -> dict[str, bytes]:
    """The PNGs that a split's predictions allow, by name."""
    clips = predictions.read(workdir / "evaluation" / f"{split}{predictions.ENDING}")
    out = {}
    if "probabilities" in clips:
        out["confusion"] = figures.confusion(values["confusion"], values["labels"])
        known = clips["emotion"] >= 0
        p, y = clips["probabilities"][known], clips["emotion"][known]
        out["reliability"] = figures.reliability(p, y, temperature)
    if "multilabel_pred" in clips:
        out["precisions"] = figures.precisions(values, values["labels"])
    if "vad_pred" in clips and "vad" in clips:
        rated = ~np.isnan(clips["vad"]).any(-1)
        out["circumplex"] = figures.circumplex(clips["vad_pred"][rated], clips["vad"][rated])
    return out


def score_table(values: Mapping[str, Any]) -> str:
    """An HTML table of every score, its interval, and the last checkpoint's value beside it."""
    lines = ["<table><tr><th>score<th>selected<th>95% by subject<th>last checkpoint</tr>"]
    last = values.get("last", {})
    for name, value in values.items():
        if not isinstance(value, float):
            continue
        ends = values.get(f"{name}_interval")
        interval = f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else ""
        after = f"{last[name]:.3f}" if isinstance(last.get(name), float) else ""
        lines.append(
            f"<tr><td>{name}<td class=n>{value:.3f}<td class=faint>{interval}<td class=n>{after}"
        )
    for name, value in values.get("calibrated", {}).items():
        if isinstance(value, float):
            lines.append(f"<tr><td>{name} (calibrated)<td class=n>{value:.3f}<td><td>")
    return "\n".join([*lines, "</table>"])


def _summary(values: Mapping[str, Any]) -> str:
    known = ("examples", "clips", "subjects", "step", "selected_on", "runs")
    facts = {k: values[k] for k in known if k in values}
    told = "; ".join(f"{k.replace('_', ' ')}: {v}" for k, v in facts.items())
    return f"<p class=faint>{html.escape(told)}</p>"


def _image(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
