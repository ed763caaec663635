"""Published figures of the chips that a step is priced for, in one table, and their devices.

The figures are those of Google's documentation (docs.cloud.google.com/tpu/docs/v4, /v5e, /v5p and
/v6e), per chip; the links of v4, six of 50 GB/s each way, are of Jouppi et al. 2023 (arXiv
2304.01433). The pages of v5e, v5p and v6e give both directions of the links together; here stands
one direction, since a ring sends and receives at once.
"""

import math
import os
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax


@dataclass(frozen=True)
class Chip:
    """What one chip can do at best.

    Attributes:
      flops: bf16 matrix operations a second; float32 products take the same passes by default.
      memory: bytes of high-bandwidth memory. bandwidth: bytes a second to it.
      links: bytes a second out of the chip to its neighbours, all links together.
      slice_links: bytes a second to another slice, over the data-centre network.
    """

    name: str
    flops: float
    memory: float
    bandwidth: float
    links: float
    slice_links: float


CHIPS: Mapping[str, Chip] = {
    "v4": Chip("TPU v4", 275e12, 32 * 2**30, 1200e9, 300e9, 6.25e9),
    "v5e": Chip("TPU v5e", 197e12, 16 * 2**30, 819e9, 200e9, 3.125e9),
    "v5p": Chip("TPU v5p", 459e12, 95 * 2**30, 2765e9, 600e9, 6.25e9),
    "v6e": Chip("TPU v6e", 918e12, 32 * 2**30, 1600e9, 400e9, 12.5e9),
}
LIBTPU = "libtpu==0.0.42.1"
_FORM = re.compile(r"(?:(\d+)\*)?(\w+):(\d+(?:x\d+){0,2})")


@dataclass(frozen=True)
class Topology:
    """A named set of chips: "v5e:16x16", "4*v5e:16x16" (four slices), "cpu:8" (fake devices)."""

    name: str
    kind: str
    shape: tuple[int, ...]
    slices: int = 1

    @property
    def count(self) -> int:
        """Number of chips."""
        return self.slices * math.prod(self.shape)

    @property
    def chip(self) -> Chip | None:
        """The chip's figures; None for CPU devices, which have none worth a prediction."""
        return CHIPS.get(self.kind)


def parse(name: str) -> Topology:
    """The topology of a name.

    >>> parse("2*v5e:16x16").count, parse("cpu:8").chip
    (512, None)

    Raises:
      ValueError: the name is not of this form, or no such chip is known.
    """
    found = _FORM.fullmatch(name)
    kinds = [*CHIPS, "cpu"]
    if not found or found[2] not in kinds:
        raise ValueError(
            f"config.topology or --topology={name!r}: write KIND:SHAPE, as v5e:4x4, v4:2x2x2, "
            f"4*v5e:16x16 for four slices, or cpu:8; kinds: {', '.join(kinds)}"
        )
    shape = tuple(int(n) for n in found[3].split("x"))
    return Topology(name, found[2], shape, int(found[1] or 1))


def devices(topology: Topology) -> list[Any]:
    """The devices to compile for, a TPU's of the real compiler without a TPU.

    A v4 chip's two cores are one device (megacore), as jax has it on such machines.

    Raises:
      FileNotFoundError: libtpu, which holds the compiler, is not there.
      ValueError: fewer fake CPU devices than the topology has; libtpu refuses the shape.
    """
    if topology.kind == "cpu":
        found = jax.devices("cpu")
        if len(found) < topology.count:
            raise ValueError(
                f"{topology.name} needs {topology.count} CPU devices, this process has "
                f"{len(found)}: set XLA_FLAGS=--xla_force_host_platform_device_count="
                f"{topology.count} before jax starts"
            )
        return found[: topology.count]
    _find_libtpu()
    from jax.experimental import topologies

    options: dict[str, Any] = {}
    if topology.kind == "v4":
        options["chip_config_name"] = "megacore"
    if topology.slices > 1:
        options["num_slices"] = topology.slices
    if topology.count == 1:
        options["chips_per_host_bounds"] = (1, 1, 1)
    shape = "x".join(map(str, topology.shape))
    try:
        described = topologies.get_topology_desc(
            f"{topology.kind}:{shape}", platform="tpu", **options
        )
    except Exception as error:
        raise ValueError(f"config.topology = {topology.name!r}: libtpu says: {error}") from error
    return list(described.devices)


def _find_libtpu() -> None:
    """Say where libtpu is, and keep it from asking a metadata server about this machine.

    It lies in a folder of its own, not in the environment: where it can be imported, every start
    of jax without JAX_PLATFORMS=cpu tries it and writes its complaints to the console.
    """
    quiet = {
        "TPU_SKIP_MDS_QUERY": "1",
        "TPU_ACCELERATOR_TYPE": "v5litepod-4",
        "TPU_WORKER_HOSTNAMES": "localhost",
        "TPU_WORKER_ID": "0",
        "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # two compilations at once share no device
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
    beside = pathlib.Path(".libtpu/libtpu/libtpu.so")
    if "TPU_LIBRARY_PATH" not in os.environ and beside.exists():
        os.environ["TPU_LIBRARY_PATH"] = str(beside.resolve())
    from jax._src import cloud_tpu_init  # the only place that knows both ways to find it

    if cloud_tpu_init.get_tpu_library_path() is None:
        raise FileNotFoundError(
            f"the TPU compiler is not here: `make libtpu`, or pip install --target=.libtpu {LIBTPU}"
            ", or set TPU_LIBRARY_PATH to a libtpu.so; --topology=cpu:8 needs none"
        )
