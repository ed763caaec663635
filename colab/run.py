"""The notebooks: `python -m colab.run OUTPUT` runs all at the small size, `--tidy` strips them.

Tidy means: no outputs, no counts of execution, no editor's metadata, and links that open in Colab
from the address in pyproject.toml. tests/whole/test_notebooks.py holds the notebooks to it.
`--address=https://github.com/you/affectjax` (`make address`) says where the repository is
published, in every file that says so.
"""

import json
import os
import pathlib
import re
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_LINK = re.compile(r"https://colab\.research\.google\.com/github/[^)\s]+/(?=\w+\.ipynb)")
_SOURCE = re.compile(r"git\+https://[^\s\"']+")


def notebooks() -> list[pathlib.Path]:
    """All of them, in order of number."""
    return sorted(HERE.glob("*.ipynb"))


def addressed() -> list[pathlib.Path]:
    """The files that say where the repository is published."""
    root = HERE.parent
    return [root / "pyproject.toml", *sorted((root / "docs").glob("*.md")), *notebooks()]


def address() -> str:
    """Where the repository is published, as pyproject.toml has it."""
    text = (HERE.parent / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["urls"]["Repository"]


def published(files: dict[str, str], new: str) -> dict[str, str]:
    """Texts by name of file, with the repository at `new` wherever they say where it is.

    Raises:
      ValueError: an address that Colab does not open.

    >>> old = address()
    >>> published({"a.md": f"git clone {old} affectjax"}, "https://github.com/me/mine")["a.md"]
    'git clone https://github.com/me/mine affectjax'
    """
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]*\w", new) or new.endswith(".git"):
        raise ValueError(
            f"--address={new}: Colab opens https://github.com/OWNER/NAME, without an ending"
        )
    old, host = address(), "https://github.com/"
    paths = (old.removeprefix(host), new.removeprefix(host))
    # As a whole word: a longer name that begins like the old one is another repository.
    return {
        name: re.sub(rf"\b{re.escape(paths[0])}\b(?!-)", paths[1], text)
        for name, text in files.items()
    }


def tidy(text: str) -> str:
    """A notebook's text without anything that running or editing it left.

    >>> cell = {"cell_type": "code", "id": "1", "source": [], "outputs": [1], "metadata": {"a": 1}}
    >>> told = json.loads(tidy(json.dumps({"cells": [cell]})))["cells"][0]
    >>> told["outputs"], told["metadata"]
    ([], {})
    """
    book = json.loads(text)
    path = address().removeprefix("https://github.com/")
    link = f"https://colab.research.google.com/github/{path}/blob/main/colab/"
    cells = []
    for number, cell in enumerate(book["cells"]):
        lines = cell["source"]
        source = "".join(lines) if isinstance(lines, list) else lines
        source = _SOURCE.sub(f"git+{address()}", _LINK.sub(link, source)).strip("\n")
        tags = cell["metadata"].get("tags")
        kept = {"cell_type": cell["cell_type"], "id": f"cell-{number:02}"}
        kept["metadata"] = {"tags": tags} if tags else {}
        if cell["cell_type"] == "code":
            kept |= {"execution_count": None, "outputs": []}
        cells.append({**kept, "source": source.splitlines(keepends=True)})
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def run(output: pathlib.Path, size: str = "small") -> None:
    """Run every notebook in order, in a folder of their own; their outputs are kept there.

    Raises:
      papermill.PapermillExecutionError: a cell failed; the message holds its error.
    """
    import papermill

    output.mkdir(parents=True, exist_ok=True)
    # The notebooks share models: what one compiled, the next need not compile again.
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(output.resolve() / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    for path in notebooks():
        then, before = time.monotonic(), os.times()
        papermill.execute_notebook(
            path,
            output / path.name,
            parameters={"size": size, "root": str(output.resolve())},
            progress_bar=False,
        )
        after = os.times()
        spent = sum(after[:4]) - sum(before[:4])
        print(f"{path.name}: {time.monotonic() - then:.0f} s, processor {spent:.0f} s", flush=True)


def main(argv: list[str]) -> None:
    """Run, tidy, or say where the repository is published."""
    if argv == ["--tidy"]:
        for path in notebooks():
            path.write_text(tidy(path.read_text(encoding="utf-8")), encoding="utf-8")
        return
    if argv and argv[0].startswith("--address="):
        files = {str(path): path.read_text(encoding="utf-8") for path in addressed()}
        for name, text in published(files, argv[0].partition("=")[2]).items():
            pathlib.Path(name).write_text(text, encoding="utf-8")
        return
    run(pathlib.Path(argv[0] if argv else "runs/notebooks"))


if __name__ == "__main__":
    main(sys.argv[1:])
