"""The tree's own rules: imports run one way, files stay short, names say something."""

import ast
import re

import pytest

from tests.conftest import REPO

# Each room may import the rooms of its own level and of the levels above it in this list.
LEVELS = (
    {"affect", "batch", "config", "memory", "xla_flags"},
    {"data", "models", "losses", "metrics"},
    {"weights"},
    {"tasks"},
    {"train", "evals"},
    {"predict", "export", "report", "compile"},
    {"main"},
)
HEAVY = {"tensorflow", "clu.metric_writers", "clu.periodic_actions"}
FILES = sorted(p for p in REPO.glob("**/*.py") if ".venv" not in p.parts and "build" not in p.parts)
CORE = [p for p in FILES if p.is_relative_to(REPO / "affectjax") and p.name != "__init__.py"]


def _ident(path) -> str:
    return str(path.relative_to(REPO))


def _imports(path, top_only=False):
    tree = ast.parse(path.read_text())
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _level(room: str) -> int:
    return next(i for i, rooms in enumerate(LEVELS) if room in rooms)


@pytest.mark.parametrize("path", CORE, ids=_ident)
def test_imports_run_one_way(path):
    room = path.relative_to(REPO / "affectjax").parts[0].removesuffix(".py")
    for name in _imports(path):
        top = name.split(".")[0]
        assert top not in ("configs", "experiments", "tfds_builders"), f"the core imports {name}"
        if top == "affectjax" and "." in name:
            other = name.split(".")[1]
            assert _level(other) <= _level(room), f"{room} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=_ident)
def test_files_are_short_and_named_for_what_they_hold(path):
    assert len(path.read_text().splitlines()) <= 300
    assert path.stem not in ("utils", "helpers", "misc", "common")


@pytest.mark.parametrize("path", FILES, ids=_ident)
def test_functions_are_at_most_sixty_lines(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


@pytest.mark.parametrize("path", CORE, ids=_ident)
def test_tensorflow_is_imported_only_inside_functions(path):
    assert not HEAVY & set(_imports(path, top_only=True))


def test_no_experiment_imports_another():
    for path in (REPO / "experiments").glob("*/*.py"):
        for name in _imports(path):
            if name.startswith("experiments."):
                assert name.split(".")[1] == path.parent.name, f"{path} imports {name}"


def test_nothing_names_a_machine_path_or_a_registry():
    pattern = re.compile(r"(^|[\s\"'=(])/(root|home|work)/|index-url|find-links|--index")
    texts = [p for e in ("py", "toml", "txt", "cfg") for p in REPO.glob(f"**/*.{e}")]
    for path in texts:
        if {".venv", "runs"} & {*path.relative_to(REPO).parts} or path.name == "test_tree.py":
            continue
        assert not pattern.search(path.read_text()), path
