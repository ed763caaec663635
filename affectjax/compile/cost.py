"""What a step of a compiled program costs a chip: memory, work, traffic, and the least time."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affectjax.compile import chips, collectives

GIB = 2.0**30


@dataclass(frozen=True)
class Cost:
    """The price of one compiled program, per chip.

    Attributes:
      memory: bytes by what they are for, `MEMORY` says which.
      flops: operations as counted on the jaxpr, over the chips; `flops_once` the same with every
        scanned body once, to be held against `flops_xla`; `flops_model`, three times those of the
        loss forward, is the work without recomputation (0 where the program is no training step).
      bytes_moved: to and from the chip's memory, by XLA.
      compile_seconds: wall-clock time on this machine.
      unknown_loops: loops whose collectives count once, as nothing says how often they run.
    """

    program: str
    topology: str
    chips: int
    memory: Mapping[str, float]
    flops: float
    flops_once: float
    flops_xla: float
    flops_model: float
    bytes_moved: float
    collectives: Sequence[collectives.Collective]
    compile_seconds: float
    unknown_loops: int = 0

    @property
    def total(self) -> float:
        """Bytes of the chip's memory that the program needs."""
        return sum(v for k, v in self.memory.items() if k in MEMORY)

    @property
    def wire(self) -> float:
        """Bytes that a chip sends in a step."""
        return sum(c.wire for c in self.collectives)


# The parts of the total. Told beside them: what autodiff keeps, which temporaries hold, and what is
# in the memory of the hosts.
KEPT = "kept for backward"
HOSTS = "moments on hosts"
MEMORY = ("parameters", "optimiser state", "average", "batch", "results", "temporaries", "code")


def seconds(cost: Cost, chip: chips.Chip, slices: int = 1) -> dict[str, float]:
    """Least time of a step by each of a chip's limits: compute, memory, network.

    Collectives whose group is wider than a slice go over the data-centre network as a whole, which
    is pessimistic: XLA first reduces within a slice.
    """
    within = cost.chips // slices
    network = sum(
        c.wire / (chip.links if c.group <= within else chip.slice_links) for c in cost.collectives
    )
    return {
        "compute": max(cost.flops, cost.flops_once) / chip.flops,
        "memory": cost.bytes_moved / chip.bandwidth,
        "network": network,
    }


def as_dict(cost: Cost, topology: chips.Topology) -> dict[str, Any]:
    """The cost and its predictions as plain values, for JSON."""
    told = dataclasses.asdict(cost) | {"total": cost.total, "wire": cost.wire}
    chip = topology.chip
    if chip is None:
        return told
    times = seconds(cost, chip, topology.slices)
    bound = max(times, key=lambda k: times[k])
    told |= {"chip": dataclasses.asdict(chip), "seconds": times, "bound": bound}
    if cost.flops_model:
        told["model_flops_share"] = cost.flops_model / (chip.flops * times[bound])
    return told


def text(cost: Cost, topology: chips.Topology) -> str:
    """The cost for people, with the arithmetic of every prediction."""
    lines = [f"{cost.program} on {cost.topology}, per chip of {cost.chips}:"]
    lines += _memory(cost, topology.chip)
    lines += _work(cost)
    lines += ["  collectives" + ("" if cost.collectives else ": none")]
    for c in cost.collectives:
        lines.append(
            f"    {c.kind:<20} x{c.count:<4} among {c.group:<5} {c.payload / 1e6:>12,.3f} MB"
            f"   sends {c.wire / 1e6:>12,.3f} MB"
        )
    if cost.unknown_loops:
        lines.append(f"    of {cost.unknown_loops} loops of unknown length: counted once")
    if topology.chip:
        lines += _prediction(cost, topology.chip, topology.slices)
    return "\n".join([*lines, f"  compiled in {cost.compile_seconds:.1f} s", ""])


def _memory(cost: Cost, chip: chips.Chip | None) -> list[str]:
    lines = ["  memory"]
    for name, size in cost.memory.items():
        mark = "   (of the temporaries; before XLA's fusion)" if name == KEPT else ""
        lines.append(f"    {name:<20} {size / 2**20:>12,.2f} MiB{mark}")
    share = f"   {cost.total / chip.memory:.1%} of {chip.memory / GIB:.0f} GiB" if chip else ""
    return [*lines, f"    {'total':<20} {cost.total / 2**20:>12,.2f} MiB{share}"]


def _work(cost: Cost) -> list[str]:
    lines = [
        "  work",
        f"    {'matrix products':<20} {cost.flops / 1e9:>12,.3f} GFLOP, on the jaxpr / chips",
    ]
    if cost.flops_once and cost.flops_once != cost.flops:
        lines.append(
            f"    {'  loop bodies once':<20} {cost.flops_once / 1e9:>12,.3f} GFLOP, as XLA counts"
        )
    ratio = f", {cost.flops_xla / cost.flops_once:.2f} x ours" if cost.flops_once else ""
    lines.append(
        f"    {'XLA':<20} {cost.flops_xla / 1e9:>12,.3f} GFLOP with elementwise work{ratio}"
    )
    if cost.flops_model:
        lines.append(
            f"    {'model':<20} {cost.flops_model / 1e9:>12,.3f} GFLOP, 3 x the loss forward"
        )
    return [*lines, f"    {'bytes moved':<20} {cost.bytes_moved / 1e9:>12,.3f} GB"]


def _prediction(cost: Cost, chip: chips.Chip, slices: int) -> list[str]:
    times = seconds(cost, chip, slices)
    bound = max(times, key=lambda k: times[k])
    ms = {k: f"{v * 1e3:,.3f} ms" for k, v in times.items()}
    work = max(cost.flops, cost.flops_once) / 1e9
    lines = [
        f"  least time of a step ({chip.name}'s published figures)",
        f"    compute  {work:,.3f} GFLOP / {chip.flops / 1e12:.0f} TFLOP/s = {ms['compute']}",
        f"    memory   {cost.bytes_moved / 1e9:,.3f} GB / {chip.bandwidth / 1e9:,.0f} GB/s"
        f" = {ms['memory']}",
        f"    network  {cost.wire / 1e9:,.6f} GB / {chip.links / 1e9:,.0f} GB/s = {ms['network']}",
        f"    bound by {bound}, if the other two hide behind it",
    ]
    if cost.flops_model:
        share = cost.flops_model / (chip.flops * times[bound])
        lines.append(
            f"    model-FLOPs share at that time: {cost.flops_model / 1e9:,.3f} GFLOP / "
            f"({chip.flops / 1e12:.0f} TFLOP/s x {ms[bound]}) = {share:.1%}"
        )
    return lines
