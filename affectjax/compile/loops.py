"""How often a loop of a compiled program runs, read from the text of its HLO.

The CPU's compiler writes the number down. The TPU's does not: there a loop is followed as JAX's
scan and XLA's own loops are built, a counter from 0 that grows by a constant and stays below
another.
"""

import re
from collections.abc import Mapping, Sequence

_KNOWN = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
_PART = r"=%?([\w.\-]+)"
_INSTRUCTION = re.compile(r"^\s+(ROOT )?%?([\w.\-]+) = (?:\(.*?\)|\S+) ([\w\-]+)\((.*?)\)(.*)$")
_INDEX = re.compile(r"index=(\d+)")
_COPIES = ("copy", "copy-start", "copy-done", "bitcast")

Instruction = tuple[str, str, str]  # operation, operands, what follows them


def trips(line: str, bodies: Mapping[str, Sequence[str]]) -> int | None:
    """How often the body of a while instruction runs; None where nothing says.

    `bodies` are the lines of each computation of the module.
    """
    known = _KNOWN.search(line)
    if known:
        return int(known[1])
    found = [re.search(part + _PART, line) for part in ("condition", "body")]
    condition, body = (_instructions(bodies.get(m[1], [])) if m else {} for m in found)
    operation, operands, rest = condition.get("ROOT", ("", "", ""))
    if operation != "compare" or "direction=LT" not in rest:
        return None
    counter, limit = (_source(condition, name) for name in _names(operands))
    place, end = _place(counter), _constant(limit)
    step = _step(body, place) if place is not None else None
    return -(-end // step) if end is not None and step else None


def _instructions(lines: Sequence[str]) -> dict[str, Instruction]:
    """By name, the root also as ROOT."""
    out: dict[str, Instruction] = {}
    for match in filter(None, map(_INSTRUCTION.match, lines)):
        out[match[2]] = match[3], match[4], match[5]
        if match[1]:
            out["ROOT"] = out[match[2]]
    return out


def _names(operands: str) -> list[str]:
    return re.findall(r"%([\w.\-]+)", operands)


def _source(computation: Mapping[str, Instruction], name: str) -> Instruction | None:
    """The instruction of a name, past copies of its result."""
    found = computation.get(name)
    while found and found[0] in _COPIES:
        found = computation.get(_names(found[1])[0])
    return found


def _place(instruction: Instruction | None) -> int | None:
    """Which part of the carried tuple an instruction reads."""
    if instruction is None or instruction[0] != "get-tuple-element":
        return None
    index = _INDEX.search(instruction[2])
    return int(index[1]) if index else None


def _constant(instruction: Instruction | None) -> int | None:
    if instruction is None or instruction[0] != "constant" or not instruction[1].isdigit():
        return None
    return int(instruction[1])


def _step(body: Mapping[str, Instruction], place: int) -> int | None:
    """By how much the body raises its counter."""
    carried = _names(body.get("ROOT", ("", "", ""))[1])
    if place >= len(carried):
        return None
    operation, operands, _ = _source(body, carried[place]) or ("", "", "")
    parts = [_source(body, name) for name in _names(operands)]
    if operation != "add" or place not in map(_place, parts):
        return None
    return next((c for c in map(_constant, parts) if c), None)
