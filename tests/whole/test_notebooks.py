"""The notebooks as they lie in git; `make notebooks` runs them."""

import json

import pytest

from colab import run
from tests.conftest import REPO

BOOKS = run.notebooks()


def _code(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_and_its_links_are_the_repositorys(path):
    text = path.read_text(encoding="utf-8")
    assert text == run.tidy(text), "run python -m colab.run --tidy"
    assert f"/blob/main/colab/{path.name})" in text


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_the_install_and_has_a_size(path):
    install, parameters, *_ = _code(path)
    assert install["source"] == _code(BOOKS[0])[0]["source"]
    assert "".join(install["source"]).count("%pip") == 1
    assert parameters["metadata"]["tags"] == ["parameters"]
    values = {}
    exec("".join(parameters["source"]), values)
    assert values["size"] == "full"
    assert not any("%pip" in line for cell in _code(path)[1:] for line in cell["source"])


def test_one_command_says_everywhere_where_the_repository_is_published():
    new = "https://github.com/some-one/affect.jax2"
    written = "\n".join(
        run.published(
            {p.name: p.read_text(encoding="utf-8") for p in run.addressed()}, new
        ).values()
    )
    rooms = ("", "colab", "configs", "demo", "docs", "experiments", "serving", "tfds_builders")
    texts = {p for room in rooms for p in (REPO / room).glob("**/*.*" if room else "*.*")}
    texts = {p for p in texts if p.suffix in (".md", ".ipynb", ".toml", ".yml", ".html", ".py")}
    old = run.address().removeprefix("https://github.com/")
    holding = {p for p in texts if old in p.read_text(encoding="utf-8")}
    assert holding <= set(run.addressed()), "colab.run.addressed lacks a file"
    assert old not in written
    assert written.count("some-one/affect.jax2") == sum(
        p.read_text(encoding="utf-8").count(old) for p in holding
    )
    assert f"git clone {new} affectjax && cd affectjax" in written
    for bad in ("https://gitlab.com/a/b", "https://github.com/a", f"{new}.git", f"{new}/tree"):
        with pytest.raises(ValueError, match="Colab opens"):
            run.published({}, bad)


def test_tensorflow_serving_is_always_started_with_xla():
    texts = [(REPO / "docs/serving.md").read_text(), (BOOKS[3]).read_text()]
    for text in texts:  # else it refuses the first request, which needs XLA on the CPU
        assert text.count("tensorflow/serving:") == text.count("--xla_cpu_compilation_enabled=true")


def test_the_readme_names_every_notebook():
    text = (REPO / "README.md").read_text(encoding="utf-8")
    assert len(BOOKS) == 5
    assert all(f"(colab/{path.name})" in text for path in BOOKS)
