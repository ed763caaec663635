"""What a dataset is, in words: its card's facts, its configs, and every key that it stores."""

import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from affectjax.data import schema

_ROW = re.compile(r"^\| (?P<name>[^|]+?) \| (?P<told>.+) \|$", re.MULTILINE)


def facts(card: pathlib.Path) -> dict[str, str]:
    """The rows of a card's table by name.

    Raises:
      FileNotFoundError: there is no such card.
    """
    text = card.read_text(encoding="utf-8")
    return {m["name"]: m["told"] for m in _ROW.finditer(text) if set(m["name"]) - {"-", "|", " "}}


def lines(card: pathlib.Path, builders: Mapping[str, Any]) -> Iterator[str]:
    """The card's first words and facts, then the keys of each config's builder, by name."""
    text = card.read_text(encoding="utf-8")
    yield " ".join(text.split("\n\n")[1].split())
    for name, told in facts(card).items():
        yield f"{name}: {told}"
    for config, builder in builders.items():
        yield ""
        told = getattr(builder.builder_config, "description", "")
        yield f"config {config}: {told}" if told else "its only config"
        yield from keys(builder.info.features, dict(builder.info.metadata))


def keys(features: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    """A line a stored key: kind, shape, unit or range, meaning, and the names of categories."""
    for key in features:
        found = schema.field(key)
        if key in schema.SENSITIVE:
            kind, meaning = "", "who people are"
        elif found is None:
            kind, meaning = "", said["own"].get(key, "")
        else:
            letters = f" ({found.shape})" if found.shape else ""
            kind, meaning = f"{found.kind}{letters}, {found.unit}", found.meaning
        names = said["names"].get(key, ())
        shown = f": {', '.join(names)}" if names else ""
        yield f"  {key:<16} {kind + '; ' if kind else ''}{meaning}{shown}"
    scale = said.get("vad")
    if scale:
        yield (
            f"  native scale of vad: {scale['low']:g} to {scale['high']:g} ({scale['scale']}, "
            f"{scale['source']}); rated: {', '.join(scale['rated'])}"
        )
