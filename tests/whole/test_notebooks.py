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


def test_the_readme_names_every_notebook():
    text = (REPO / "README.md").read_text(encoding="utf-8")
    assert len(BOOKS) == 5
    assert all(f"(colab/{path.name})" in text for path in BOOKS)
