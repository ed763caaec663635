"""Set before jax starts: the CPU, eight fake devices, programs compiled fast, quiet TensorFlow."""

import gc
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterator

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = (
        os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
    ).strip()

# Tracing makes millions of small objects that live: looking for cycles among them takes a twentieth
# of the time.
gc.set_threshold(200_000, 20, 100)

REPO = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from absl import flags  # noqa: E402

flags.FLAGS.mark_as_parsed()

PARITY = pathlib.Path(os.environ.get("AFFECTJAX_PARITY", REPO.parent / "shared" / "parity"))
DATA = pathlib.Path(os.environ.get("AFFECTJAX_DATA", REPO.parent / "shared" / "data"))


@pytest.hookimpl(wrapper=True)  # before xdist reads the groups, which it does first of all others
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Tests of a module share a worker, which makes their fixtures once; those of whole/ do not."""
    for item in items:
        if "whole" not in item.path.parts and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(REPO).as_posix()))
    return (yield)


@pytest.fixture(scope="session")
def parity() -> Callable[[str], tuple[dict[str, np.ndarray], dict]]:
    """A loader of parity files: `parity("metrics") -> (arrays by key, config)`."""

    def load(name: str) -> tuple[dict[str, np.ndarray], dict]:
        path = PARITY / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"no parity file {path}; set AFFECTJAX_PARITY to the folder of vectors")
        with np.load(path, allow_pickle=False) as file:
            arrays = {k: file[k] for k in file.files}
        return arrays, json.loads(str(arrays.pop("config")))

    return load


@pytest.fixture(scope="session")
def data_dir() -> Callable[[str], pathlib.Path]:
    """The folder of a real dataset, or a skip that says which folder is missing."""

    def find(name: str) -> pathlib.Path:
        path = DATA / name
        if not path.is_dir():
            pytest.skip(f"no data in {path}; set AFFECTJAX_DATA to a folder holding {name}/")
        return path

    return find


OPTIMIZED = ("parity", "compile", "golden")  # tests of XLA's programs as users have them


@pytest.fixture(autouse=True, scope="module")
def _programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compile fast, but for tests of what XLA makes; a module's programs go at its end.

    Most of the suite's time is XLA's compiler, which takes two thirds of it without its costliest
    passes. Programs kept came to 4 GB a worker half way.
    """
    if "jax" in sys.modules:
        fast = not {*request.path.parts} & {*OPTIMIZED}
        sys.modules["jax"].config.update("jax_disable_most_optimizations", fast)
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
