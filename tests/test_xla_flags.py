"""Flags are for CPUs alone, and never overrule the user's."""

import pytest

from affectjax import xla_flags
from affectjax.xla_flags import FLAG


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"JAX_PLATFORMS": "cpu"}, f"{FLAG}=2"),
        (
            {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--a=1"},
            f"--a=1 {FLAG}=2",
        ),
        (
            {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"{FLAG}=3"},
            f"{FLAG}=3",
        ),
        ({"JAX_PLATFORMS": "tpu,cpu"}, None),
        ({"JAX_PLATFORMS": "cuda"}, None),
    ],
    ids=str,
)
def test_the_flag_is_for_cpus_and_the_users_stay(given, wanted):
    xla_flags.for_cpu(given)
    assert given.get("XLA_FLAGS") == wanted


@pytest.mark.parametrize("installed", [True, False])
def test_an_installed_accelerator_is_left_alone(installed, monkeypatch):
    found = (lambda name: name == "libtpu") if installed else (lambda name: None)
    monkeypatch.setattr(xla_flags.importlib.util, "find_spec", found)
    environment = {}
    xla_flags.for_cpu(environment)
    assert ("XLA_FLAGS" in environment) is not installed
