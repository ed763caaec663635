"""What a report was made with: versions, processor, devices, and the commit where there is one."""

import os
import pathlib
import platform
import subprocess
import sys
from importlib import metadata

PACKAGES = ("affectjax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy")


def told() -> dict[str, str]:
    """Names and values; the devices only where JAX is in use already."""
    out = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    out["processors"] = str(os.cpu_count())
    out |= {name: metadata.version(name) for name in PACKAGES}
    if "jax" in sys.modules:
        import jax

        out["devices"] = f"{jax.device_count()} x {jax.devices()[0].device_kind}"
    if commit := _commit():
        out["commit"] = commit
    return out


def _commit() -> str:
    """The commit of the checkout that this file is of, marked where files were changed since."""
    if not _git("ls-files", pathlib.Path(__file__).name):  # installed, or in somebody else's tree
        return ""
    return _git("describe", "--always", "--dirty", "--abbrev=12")


def _git(*command: str) -> str:
    """What git prints in this folder; "" where there is no git or no checkout."""
    here = str(pathlib.Path(__file__).parent)
    try:
        done = subprocess.run(
            ["git", "-C", here, *command], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
