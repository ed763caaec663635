"""XLA's flags for a machine without accelerators, set before jax starts."""

import importlib.util
import os
from collections.abc import MutableMapping

FLAG = "--xla_backend_optimization_level"
_ACCELERATORS = ("libtpu", "jax_cuda12_plugin", "jax_cuda13_plugin", "jax_rocm7_plugin")


def for_cpu(environment: MutableMapping[str, str] = os.environ) -> None:
    """LLVM at -O2 where jax will run on a CPU: compiling is a quarter less, steps are as fast.

    XLA asks for -O3 (docs/performance.md has both). Nothing happens where XLA_FLAGS already says
    anything of it, JAX_PLATFORMS names something else than cpu, or an accelerator's package is
    installed. Call it before jax compiles anything.
    """
    given = environment.get("XLA_FLAGS", "")
    platforms = environment.get("JAX_PLATFORMS", "")
    alone = not any(importlib.util.find_spec(name) for name in _ACCELERATORS)
    if FLAG not in given and (platforms == "cpu" or (not platforms and alone)):
        environment["XLA_FLAGS"] = f"{given} {FLAG}=2".strip()
