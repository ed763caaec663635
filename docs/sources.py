"""`python docs/sources.py`: the sources of the site, laid out in runs/docs for mkdocs.yml.

Texts are copied from where they lie to the same paths, so every link between them works on the site
as it does on GitHub; links to other files lead to the repository. What else the site shows is made
here: tutorials of the notebooks, the table of systems of `results.json`, and the API's pages. A
step in front of the builder, no plugin of it: Zensical, MkDocs' successor, reads the same.
"""

import json
import pathlib
import posixpath
import re
import shutil
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

ROOT = pathlib.Path(__file__).parents[1]
OUTPUT = ROOT / "runs" / "docs"
TEXTS = ("README.md", "CONTRIBUTING.md", "docs/*.md", "experiments/*/README.md",
         "tfds_builders/*/README.md")  # fmt: skip
PICTURES = ("docs/*.png", "tfds_builders/*/*.jpg")
API = ("affect", "data", "models", "losses", "metrics", "tasks", "train", "evals", "weights",
       "predict", "export", "report", "compile")  # fmt: skip
_BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]")
_CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)")


def write(folder: pathlib.Path) -> None:
    """All sources into `folder`, which is emptied first.

    Raises:
      FileNotFoundError: a link to a file that the repository does not hold.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = {_uri(path): path.read_text(encoding="utf-8") for path in _found(TEXTS)} | dict(made())
    pictures = {_uri(path): path for path in _found(PICTURES)}
    shown = {*pages, *pictures}
    for uri, text in pages.items():
        (folder / uri).parent.mkdir(parents=True, exist_ok=True)
        (folder / uri).write_text(linked(text, uri, shown, address()), encoding="utf-8")
    for uri, path in pictures.items():
        shutil.copyfile(path, folder / uri)


def linked(text: str, uri: str, shown: Collection[str], base: str) -> str:
    """The text of the page `uri`, its links to files that are not `shown` led to the repository.

    What stands in blocks of code stays.

    Raises:
      FileNotFoundError: a link to a file that the repository does not hold.

    >>> linked("[a](../Makefile) [b](b.md#x)", "docs/a.md", ["docs/b.md"], "https://x/y")
    '[a](https://x/y/blob/main/Makefile) [b](b.md#x)'
    >>> linked("```\\n[a](b)\\n```", "docs/a.md", [], "https://x/y")
    '```\\n[a](b)\\n```'
    """
    here = posixpath.dirname(uri)

    def lead(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, match[1]))
        notebook = target.removesuffix(".ipynb") + ".md"
        if target.endswith(".ipynb") and notebook in shown:
            return posixpath.relpath(notebook, here or ".")
        if target in shown:
            return match[1]
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"{uri} links to {match[1]}, which is not there")
        return f"{base}/blob/main/{target}"

    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(lead, part) for part in parts[::2]]
    return "".join(parts)


def address() -> str:
    """Where the repository is published, as pyproject.toml has it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["urls"]["Repository"]


def made() -> Iterator[tuple[str, str]]:
    """(path, Markdown) of each page that no file holds."""
    for path in sorted(ROOT.glob("colab/*.ipynb")):
        yield f"colab/{path.stem}.md", tutorial(json.loads(path.read_text(encoding="utf-8")))
    yield "systems.md", systems()
    for room in API:
        yield f"api/{room}.md", reference(room)


def tutorial(notebook: Mapping[str, Any]) -> str:
    """A notebook as Markdown, the badge as a plain link: the site asks no other server."""
    parts = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        text = _BADGE.sub("[Open in Colab]", text)
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
    return "\n\n".join(parts) + "\n"


def systems() -> str:
    """The table of all systems: what was published, what we measured, on what."""
    lines = [
        "# Systems, with evidence",
        "",
        "Of every `results.json` under `experiments/`; the cards say how each figure came about.",
        "What nobody measured here reads so.",
        "",
        "| system | run | published | ours | hardware |",
        "|---|---|---|---|---|",
    ]
    for path in sorted(ROOT.glob("experiments/*/results.json")):
        card = path.with_name("README.md")
        for name, row in json.loads(path.read_text(encoding="utf-8")).items():
            cells = [
                f"[{_title(card)}]({_uri(card)})",
                name.replace("_", " "),
                row.get("claim", ""),
                _ours(row),
                row.get("hardware", ""),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def reference(room: str) -> str:
    """The page of a package of affectjax: all its modules."""
    package = ROOT / "affectjax" / room
    lines = [f"# affectjax.{room}", ""]
    for path in sorted(package.rglob("*.py")):
        if path.stem not in ("__init__", "__main__"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            lines += [f"::: {name}", ""]
    return "\n".join(lines)


def _ours(row: Mapping[str, Any]) -> str:
    """The figures of a row in one cell: means where it has them, else its first results."""
    ours = row.get("ours", row.get("rows"))
    if isinstance(ours, str):
        return ours
    means = {k.removeprefix("mean_"): v for k, v in row.items() if k in ("mean_uar", "mean_war")}
    if means:
        told = ", ".join(f"{k.upper()} {v:.3f}" for k, v in means.items())
        return f"{told} (mean of {len(ours)} folds)"
    named = ours.items() if isinstance(ours, Mapping) else [(_which(one), one) for one in ours]
    return "; ".join(f"{name}: UAR {one['uar']:.3f}" for name, one in named)


def _which(one: Mapping[str, Any]) -> str:
    """What tells a result from its neighbours."""
    return str(next(iter(one.values()))) if "fold" not in one else f"fold {one['fold']}"


def _found(patterns: Collection[str]) -> list[pathlib.Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _title(card: pathlib.Path) -> str:
    return card.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def _uri(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    write(OUTPUT)
