"""The table of every config is the one that was looked at; after a change: `make golden`."""

import pytest

from tests.conftest import REPO
from tests.golden import sharding


@pytest.mark.parametrize("path", sharding.CONFIGS, ids=str)
def test_each_parameter_lies_where_the_table_says(path, monkeypatch):
    monkeypatch.chdir(REPO)
    assert sharding.table(path) == sharding.file(path).read_text()
