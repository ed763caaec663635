"""What a compiled program sends between chips, read from the text of its HLO."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from affectjax.compile import loops

_BYTES = {"pred": 1, "bf16": 2, "f16": 2, "f32": 4, "f64": 8, "c64": 8, "c128": 16}
_KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_HEAD = re.compile(r"^(?:ENTRY )?%?([\w.\-]+) \(.*\) -> .*\{$")
_OP = re.compile(r"^\s+(?:ROOT )?%?([\w.\-]+) = (.*?) ([\w\-]+)\((.*)$")
_ARRAY = re.compile(r"\b([a-z]+\d*(?:e\d+m\d+\w*)?)\[([\d,]*)\]")
_BODY = re.compile(r" while\(.*body=%?([\w.\-]+)")
_CALLED = re.compile(
    r"(?:calls|to_apply|body|condition|branch_computations|called_computations)="
    r"(\{[^}]*\}|%?[\w.\-]+)"
)
_CHAIN = re.compile(r'channel_id=(\d+),.*chain_id="(\d+)"')


@dataclass(frozen=True)
class Collective:
    """One collective, or the sum of several of a kind and group size.

    Attributes:
      group: chips that take part together.
      payload: bytes of the whole array on a chip before (all-reduce, reduce-scatter, all-to-all)
        or after (all-gather) it.
      wire: bytes that a chip sends, at the least: of n chips, 2 (n - 1) / n x payload for an
        all-reduce, (n - 1) / n x payload for an all-gather, a reduce-scatter or an all-to-all,
        the payload for a permutation (a ring; Patarasuk & Yuan 2009).
    """

    kind: str
    group: int
    count: int
    payload: float
    wire: float


def collectives(text: str, chips: int) -> list[Collective]:
    """The collectives of one run of a compiled module, per chip, by kind and size of group.

    A loop's body counts as often as it runs (`loops.trips`), once where that is not known: see
    `unknown_loops`. A collective that the TPU compiler fuses step by step into several matrix
    products stands in each of them whole, with one chain_id, and counts once.
    """
    bodies = _computations(text)
    totals: dict[tuple[str, int], list[float]] = defaultdict(lambda: [0, 0.0])
    chains: set[tuple[str, ...]] = set()
    for name, times in _times(bodies).items():
        for line in bodies[name]:
            chain = _CHAIN.search(line)
            if chain and chain.groups() in chains:
                continue
            chains |= {chain.groups()} if chain else set()
            found = _collective(line, chips, scattered="scatter" in name)
            if found and found[1] > 1:
                kind, group, payload = found
                totals[kind, group][0] += times
                totals[kind, group][1] += times * payload
    return [
        Collective(kind, group, int(count), payload, wire_bytes(kind, group, payload))
        for (kind, group), (count, payload) in sorted(totals.items())
    ]


def unknown_loops(text: str) -> int:
    """How many loops nothing says the length of; 0 where none of them sends anything."""
    bodies = _computations(text)
    found = {_BODY.search(line): line for body in bodies.values() for line in body}
    unknown = {m[1] for m, line in found.items() if m and loops.trips(line, bodies) is None}
    sent = (_collective(line, 2, scattered=False) for name in unknown for line in bodies[name])
    return len(unknown) if any(sent) else 0


def wire_bytes(kind: str, group: int, payload: float) -> float:
    """Bytes that each of `group` chips sends; see `Collective`.

    >>> wire_bytes("all-reduce", 4, 100.0), wire_bytes("all-gather", 4, 100.0)
    (150.0, 75.0)
    """
    if kind == "collective-permute":
        return payload
    return (2 if kind == "all-reduce" else 1) * (group - 1) / group * payload


def _computations(text: str) -> dict[str, list[str]]:
    bodies: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head:
            name = head[1]
            bodies[name] = []
            if line.startswith("ENTRY"):
                bodies["ENTRY"] = bodies[name]
        elif name and line.strip() != "}":
            bodies[name].append(line)
    if "ENTRY" not in bodies:
        raise ValueError("the text is no HLO module: it has no ENTRY computation")
    return bodies


def _times(bodies: dict[str, list[str]]) -> dict[str, int]:
    """How often each computation runs, from the entry on."""
    times: dict[str, int] = defaultdict(int)

    def visit(name: str, factor: int) -> None:
        times[name] += factor
        for line in bodies[name]:
            op = _OP.match(line)
            if not op or op[3] in ("all-reduce", "reduce", "reduce-scatter", "sort", "scatter"):
                continue
            trips = loops.trips(line, bodies) if op[3] == "while" else 1
            for called in _called(line):
                if called in bodies:
                    visit(called, factor * (trips or 1))

    visit("ENTRY", 1)
    return times


def _called(line: str) -> Iterator[str]:
    for names in _CALLED.findall(line):
        yield from (n.strip().lstrip("%") for n in names.strip("{}").split(","))


def _collective(line: str, chips: int, scattered: bool) -> tuple[str, int, float] | None:
    """(kind, group, payload bytes) of an instruction, or None."""
    op = _OP.match(line)
    if not op:
        return None
    kind = op[3].removesuffix("-start")
    if kind not in _KINDS:
        return None
    group = _group(line, chips) if kind != "collective-permute" else chips
    shapes = [_array_bytes(*s) for s in _ARRAY.findall(op[2])]
    payload: float = sum(shapes)
    if op[3] == "all-gather-start":  # the result is (operands, gathered)
        payload *= group / (group + 1)
    if op[3] == "collective-permute-start":  # (operands, results, two numbers)
        payload = sum(s for s in shapes if s > 4) / 2
    if kind == "reduce-scatter":
        payload *= group
    if kind == "all-reduce" and scattered:  # XLA's TPU fusion of an all-reduce and a slice
        kind = "reduce-scatter"
    return kind, group, payload


def _group(line: str, chips: int) -> int:
    """Chips in a replica group, all where none is named.

    Written as {{0,1},{2,3}}, as [groups,size]<=[...], or as mesh['x'=4,'y'=2] {'y'}, where the
    order of the chips may stand in between.
    """
    mesh = re.search(r"replica_groups=mesh\[([^\]]*)\][^{]* \{([^}]*)\}", line)
    if mesh:
        sizes = {name: int(size) for name, size in re.findall(r"'(\w+)'=(\d+)", mesh[1])}
        axes = re.findall(r"'(\w+)'(?::\(\d+\)(\d+))?", mesh[2])
        return math.prod(int(part) if part else sizes[name] for name, part in axes)
    iota = re.search(r"replica_groups=\[(\d+),(\d+)\]<=", line)
    if iota:
        return int(iota[2])
    listed = re.search(r"replica_groups=\{\{([\d,]+)\}", line)
    return len(listed[1].split(",")) if listed else chips


def _array_bytes(dtype: str, shape: str) -> float:
    if dtype in ("token", "opaque"):
        return 0.0
    bits = re.fullmatch(r"[su](\d+)", dtype)
    size: Any = _BYTES.get(dtype) or (int(bits[1]) / 8 if bits else 1)  # else an 8-bit float
    return math.prod(int(n) for n in shape.split(",") if n) * size
