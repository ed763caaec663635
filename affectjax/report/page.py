"""`report.html`: one file with the scores, the pictures and the config of an evaluated run."""

import base64
import html
import json
import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import ml_collections
import numpy as np

from affectjax.evals import calibrate, predictions
from affectjax.report import clips as clips_lib
from affectjax.report import environment, figures, links, meaning
from affectjax.train import report as metrics_file

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#333842;max-width:60rem;margin:2.5rem auto}
body{padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #e4e6ea}
.wide{overflow-x:auto}.wide td.n,.wide td:nth-child(3){white-space:nowrap}
.wide td:last-child{min-width:15rem;line-height:1.3}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.25rem .9rem .25rem 0;text-align:left}td.n{text-align:right}
img{max-width:100%;margin:.4rem 1rem .4rem 0;vertical-align:top}
pre{background:#f5f6f8;padding:.8rem;overflow:auto;font-size:12px;border-radius:4px}
.faint{color:#7b8494}
.clips{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1.2rem}
figure{margin:0;font-size:12px;overflow-wrap:anywhere}
video,audio{width:100%}video{max-width:20rem}
table.bars{width:100%;margin-top:.3rem}table.bars td{padding:0 .4rem 0 0;line-height:1.2}
table.bars td:last-child{width:60%}
i{display:block;height:.35rem;background:#3a5ba0}i.raters{background:#c8553d}
summary{cursor:pointer}
@media print{video,audio{display:none}}
"""
_ARROWS = {meaning.MORE: "↑", meaning.LESS: "↓", meaning.EXACT: ""}
_HINT = (
    "<p class=faint>Blue: the model's shares. Red: the raters'. At most ten seconds of a clip are "
    "kept in this page, which asks nobody's server for anything.</p>"
)


def write(workdir: str | os.PathLike[str]) -> pathlib.Path:
    """Write PNGs beside the evaluation and <workdir>/report.html with them inside.

    Shows every split whose scores and predictions lie in <workdir>/evaluation, its worst and its
    most disputed clips with players, the curves, the parameters, the resolved config, what it was
    made with, and links to the runs that it was compared with.

    Raises:
      FileNotFoundError: there are none.
    """
    workdir = pathlib.Path(workdir)
    results = {
        split: json.loads((workdir / "evaluation" / f"{split}.json").read_text())
        for split in predictions.shared_splits([workdir])
        if (workdir / "evaluation" / f"{split}.json").exists()  # not of the split that chose
    }
    fitted = calibrate.load(workdir)
    parts = [f"<h1>{html.escape(workdir.name)}</h1>", _about(workdir, results)]
    parts.append(links.nav(workdir))
    for split, values in results.items():
        parts += [f"<h2>{html.escape(split)}</h2>", _summary(values), score_table(values)]
        for name, own in values.get("datasets", {}).items():
            parts += [f"<h3>{html.escape(name)}</h3>", _summary(own), score_table(own)]
        for name, png in pictures(workdir, split, values, fitted).items():
            (workdir / "evaluation" / f"{split}_{name}.png").write_bytes(png)
            parts.append(_image(png, f"{name} on {split}"))
        parts.append(shown_clips(workdir, split, values))
    parts += [_curves(workdir), _folded(workdir, "Parameters", "parameters.txt")]
    parts += [_folded(workdir, "Config", "config.json"), _environment()]
    path = workdir / "report.html"
    head = '<!doctype html><html lang="en"><meta charset="utf-8">'
    head += '<meta name="viewport" content="width=device-width">'
    title = f"<title>{html.escape(workdir.name)}</title><style>{_STYLE}</style>"
    path.write_text(head + title + "\n".join(filter(None, parts)) + "</html>\n", encoding="utf-8")
    return path


def shown_clips(workdir: pathlib.Path, split: str, values: Mapping[str, Any]) -> str:
    """HTML of the worst and the most disputed clips of a split.

    Says why where there are none: no config of its own (ensembles), another corpus, or data that
    is gone.
    """
    path = workdir / "config.json"
    config = ml_collections.ConfigDict(json.loads(path.read_text())) if path.exists() else None
    if config is None or config.data.get("parts") or split not in config.data.splits:
        return (
            "<p class=faint>Clips to play are shown of a run's own data: not of ensembles, "
            "mixtures and other corpora.</p>"
        )
    rows = predictions.read(workdir / "evaluation" / f"{split}{predictions.ENDING}")
    try:
        examples = _examples(config, split)
    except (FileNotFoundError, ValueError) as error:
        return f"<p class=faint>No clips are shown: {html.escape(str(error))}</p>"
    worst, disputed = clips_lib.find(examples, rows)
    out = [f"<h3>Worst clips of {html.escape(split)}</h3>", _HINT]
    out.append(clips_lib.gallery(worst, rows, values["labels"]))
    if disputed:
        out.append(f"<h3>Most disputed by the raters of {html.escape(split)}</h3>")
        out.append(clips_lib.gallery(disputed, rows, values["labels"]))
    return "\n".join(out)


def pictures(
    workdir: pathlib.Path,
    split: str,
    values: Mapping[str, Any],
    fitted: Mapping[str, Any],
) -> dict[str, bytes]:
    """The PNGs that a split's predictions allow, by name."""
    clips = predictions.read(workdir / "evaluation" / f"{split}{predictions.ENDING}")
    out = {}
    if "probabilities" in clips:
        out["confusion"] = figures.confusion(values["confusion"], values["labels"])
        out |= _reliability(clips, fitted)
    if "multilabel_pred" in clips:
        out["precisions"] = figures.precisions(values, values["labels"])
    if "vad_pred" in clips and "vad" in clips:
        rated = ~np.isnan(clips["vad"]).any(-1)
        out["circumplex"] = figures.circumplex(clips["vad_pred"][rated], clips["vad"][rated])
    return out


def _reliability(clips: Mapping[str, np.ndarray], fitted: Mapping[str, Any]) -> dict[str, bytes]:
    """Calibration diagrams: against the true category, and where there are raters against them."""
    p = clips["probabilities"]
    by = "vector" if "vector" in fitted else f"temperature {fitted.get('temperature', 1.0):.2f}"
    told = {"as predicted": p, by: calibrate.honest(p, fitted)}
    known = clips["emotion"] >= 0
    truth = np.eye(p.shape[1])[clips["emotion"][known]]
    out = {"reliability": figures.reliability({k: v[known] for k, v in told.items()}, truth)}
    voted = clips.get("distribution", np.zeros_like(p)).sum(-1) > 0
    if voted.any():
        rows = {k: v[voted] for k, v in told.items()}
        out["raters"] = figures.reliability(rows, clips["distribution"][voted], by_raters=True)
    return out


def score_table(values: Mapping[str, Any]) -> str:
    """An HTML table of every score: its interval, chance, the last checkpoint's, what it means."""
    head = "<th>score, ↑ more is better<th>selected<th>95% by subject<th>chance<th>last checkpoint"
    head += "<th>what it is"
    lines = [f"<div class=wide><table><tr>{head}</tr>"]
    last, chance = values.get("last", {}), meaning.chance(values)
    calibrated = values.get("calibrated", {})
    for told, tail, after in ((values, "", last), (calibrated, " (calibrated)", {})):
        for name, value in told.items():
            if isinstance(value, float):
                cells = (_number(x.get(name)) for x in (chance if not tail else {}, after))
                what, better = meaning.of(name)
                lines.append(
                    f"<tr><td>{name}{tail} {_ARROWS[better]}<td class=n>{value:.3f}<td class=faint>"
                    f"{_interval(told, name)}<td class=n>{'<td class=n>'.join(cells)}"
                    f"<td class=faint>{html.escape(what)}"
                )
    return "\n".join([*lines, "</table></div>"])


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else ""


def _interval(values: Mapping[str, Any], name: str) -> str:
    ends = values.get(f"{name}_interval")
    return f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else ""


def _about(workdir: pathlib.Path, results: Mapping[str, Mapping[str, Any]]) -> str:
    """What a stranger asks first: which model, on what, how long, and how good beside chance."""
    rows: dict[str, str] = {}
    path = workdir / "config.json"
    if path.exists():
        config = json.loads(path.read_text())
        task = config["task"].get("task") or config["task"]
        rows["model"] = task.get("model", task)["call"].rpartition(".")[2]
        if size := _parameters(workdir):
            rows["model"] += f", {size} parameters"
        data = config["data"]
        built = [p["builder"] for p in data["parts"].values()] or [data["builder"]]
        rows["data"] = ", ".join(name.split(".")[1] for name in built if "." in name)
        rows["data"] += f" (fake: {data['fake']} clips of noise)" * bool(data["fake"])
        rows["training"] = f"{config['train']['steps']} steps of {config['train']['batch']} clips"
        rows["training"] += _minutes(workdir)
    for split, values in results.items():
        name = values.get("selected_on", "").rpartition(" ")[2]
        if isinstance(values.get(name), float):
            interval, chance = _interval(values, name), meaning.chance(values).get(name)
            rows[split] = f"{name} {values[name]:.3f}" + f" [{interval}]" * bool(interval)
            rows[split] += "" if chance is None else f"; chance {chance:.3f}"
    cells = "".join(f"<tr><td>{k}<td>{html.escape(v)}" for k, v in rows.items() if v)
    return f"<table>{cells}</table>" if cells else ""


def _parameters(workdir: pathlib.Path) -> str:
    """The number of parameters, as the last line of parameters.txt has it."""
    path = workdir / "parameters.txt"
    found = re.search(r"^Total: ([\d,]+)", path.read_text(), re.M) if path.exists() else None
    return found[1] if found else ""


def _minutes(workdir: pathlib.Path) -> str:
    """How long the steps took, by the rates that were told on the way."""
    rows = metrics_file.read_metrics(workdir / "metrics.csv")
    paces = [(int(r["step"]), float(r["value"])) for r in rows if r["name"] == "steps_per_second"]
    before = [0, *(step for step, _ in paces)]
    seconds = sum((step - b) / pace for (step, pace), b in zip(paces, before, strict=False))
    return f", {seconds / 60:.1f} minutes without evaluation" if paces else ""


def _summary(values: Mapping[str, Any]) -> str:
    known = ("examples", "clips", "subjects", "step", "selected_on", "runs")
    facts = {k: values[k] for k in known if k in values}
    told = "; ".join(f"{k.replace('_', ' ')}: {v}" for k, v in facts.items())
    return f"<p class=faint>{html.escape(told)}</p>"


def _examples(config: Any, split: str) -> Iterator[Mapping[str, Any]]:
    """The examples of a split that lie here already; the other processes are not waited for."""
    from affectjax.train import inputs

    if config.data.fake:
        source: Any = inputs.open_split(config, split)
    else:
        for builder in inputs.open_builders(config).values():
            if not builder.info.splits:
                raise FileNotFoundError(f"the data is not prepared in {builder.data_path}")
        source = inputs.open_split(config, split)
    return (source[i] for i in range(len(source)))


def _curves(workdir: pathlib.Path) -> str:
    rows = metrics_file.read_metrics(workdir / "metrics.csv")
    if not rows:
        return ""
    png = figures.curves(rows)
    (workdir / "evaluation" / "curves.png").write_bytes(png)
    return "<h2>Training</h2>" + _image(png, "training curves")


def _folded(workdir: pathlib.Path, title: str, name: str) -> str:
    """A file of the run, to be opened; empty where it is absent."""
    path = workdir / name
    if not path.exists():
        return ""
    text = html.escape(path.read_text(encoding="utf-8"))
    return f"<h2>{title}</h2><details><summary>{name}</summary><pre>{text}</pre></details>"


def _environment() -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}<td>{html.escape(value)}"
        for name, value in environment.told().items()
    )
    return f"<h2>Made with</h2><table>{rows}</table>"


def _image(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
