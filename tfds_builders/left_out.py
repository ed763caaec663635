"""What a build leaves out, and why: told while it runs, kept beside the data."""

import contextlib
import json
import pathlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

FILE = "left_out.json"
_told: ContextVar[dict[str, str | int] | None] = ContextVar("left out", default=None)


@contextlib.contextmanager
def recorded() -> Iterator[dict[str, str | int]]:
    """What `items` and `count` tell within: reasons by item, numbers by reason."""
    held: dict[str, str | int] = {}
    token = _told.set(held)
    try:
        yield held
    finally:
        _told.reset(token)


def items(reasons: Mapping[str, str]) -> None:
    """Print items that are left out, and record the reason of each."""
    if reasons:
        print(f"left out because allow_damaged names them: {', '.join(sorted(reasons))}")
    held = _told.get()
    if held is not None:
        held.update(reasons)


def count(number: int, reason: str) -> None:
    """Print and record how many items a protocol drops; `reason` reads on from the number."""
    print(f"{number} {reason}")
    held = _told.get()
    if held is not None and number:
        held[reason] = number


def write(folder: pathlib.Path, told: Mapping[str, str | int]) -> None:
    """Keep it beside the data."""
    (folder / FILE).write_text(json.dumps(dict(sorted(told.items())), indent=1), encoding="utf-8")


def read(folder: pathlib.Path) -> dict[str, str | int]:
    """What was kept; nothing where the data was built before this was recorded."""
    path = folder / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
