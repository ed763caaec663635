"""EmoArt's Annotation.json, checked record by record."""

import collections
import io
import json
import pathlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affectjax.affect.labels import EMOART12
from tfds_builders import archives, pictures, tables

FILE = "Annotation.json"
VALENCES, AROUSALS = ("negative", "positive"), ("low", "high")
ATTRIBUTES = ("brushstroke", "color", "composition", "light_and_shadow", "line_quality")
SPELLINGS = {"contentment": "content"}  # both are in the file
# Valence and arousal of each emotion (Zhang et al. 2025).
QUADRANTS = {
    **dict.fromkeys(("excited", "glad", "happy"), (1, 1)),
    **dict.fromkeys(("alarmed", "annoyed", "aroused", "frustrated"), (0, 1)),
    **dict.fromkeys(("calm", "content"), (1, 0)),
    **dict.fromkeys(("bored", "sad", "tired"), (0, 0)),
}


@dataclass(frozen=True)
class Painting:
    """A record: its style (which names the archive) and what is stored of it."""

    style: str
    labels: Mapping[str, Any]


def read(path: pathlib.Path) -> dict[str, Painting]:
    r"""The records by "<Style>/<file>", the member's name in <Style>.tar.gz.

    Raises:
      ValueError: no JSON, another form, a painting twice, or words that are no emotion, valence or
        arousal of the set; those are counted over the whole file.
    """
    try:
        records = json.loads(tables.decoded(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON, perhaps cut off: {error}") from error
    if not isinstance(records, list) or not records:
        raise ValueError(f"{path} is no list of records, or an empty one")
    found: dict[str, Painting] = {}
    unknown: collections.Counter[str] = collections.Counter()
    for number, record in enumerate(records):
        where = f"{path}, record {number}"
        try:
            name, painting = _painting(record, where, unknown)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{where} is of another form: {error!r}") from error
        if name in found:
            raise ValueError(f"{where}: {name!r} is there twice")
        found[name] = painting
    if unknown:
        told = ", ".join(f"{word} ({count})" for word, count in unknown.most_common())
        raise ValueError(f"{path}: no such label: {told}. Emotions are {', '.join(EMOART12.names)}")
    return found


def _painting(record: Any, where: str, unknown: collections.Counter[str]) -> tuple[str, Painting]:
    parts = archives.safe(record["image_path"], where).split("/")
    if len(parts) != 3 or parts[0] != "Images":
        raise ValueError(f"{where}: {record['image_path']!r} is not Images\\<Style>\\<file>")
    first, second, third = (record["description"][f"{n}_section"] for n in _SECTIONS)
    word = str(third["dominant_emotion"]).strip().lower()
    emotion = SPELLINGS.get(word, word)
    valence = str(third["emotional_valence"]).strip().lower()
    arousal = str(third["emotional_arousal_level"]).strip().lower()
    kinds = ((emotion, EMOART12.names), (valence, VALENCES), (arousal, AROUSALS))
    odd = [told for told, allowed in kinds if told not in allowed]
    unknown.update(repr(told) for told in odd)
    quadrant = (valence == "positive", arousal == "high")
    texts = {
        "description": first["description"],
        "emotional_impact": second["emotional_impact"],
        "healing_effects": third.get("healing_effects", ""),
        **{key: second["visual_attributes"].get(key, "") for key in ATTRIBUTES},
    }
    labels = {
        "emotion": -1 if odd else EMOART12.index(emotion),
        "valence": valence,
        "arousal": arousal,
        "consistent": int(QUADRANTS.get(emotion) == quadrant),
        "style": parts[1].encode(),
        **{key: _text(value) for key, value in texts.items()},
    }
    return "/".join(parts[1:]), Painting(parts[1], labels)


_SECTIONS = ("first", "second", "third")


def _text(value: Any) -> bytes:
    return "; ".join(map(str, value) if isinstance(value, list) else [str(value)]).encode()


def make_dummy(folder: pathlib.Path) -> None:
    """Write 12 paintings of three styles as archives, one of them contradicting itself."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for s, style in enumerate(("Gongbi", "Ukiyo-e", "Naïve Art")):
        with tarfile.open(folder / f"{style}.tar.gz", "w:gz") as archive:
            for i in range(4):
                emotion = EMOART12.names[4 * s + i]
                file = f"peinture{'é' if i == 3 else ''}_{i}.jpg"
                drawn = folder / "drawn.jpg"
                pictures.draw(drawn, 10 * s + i)
                data = drawn.read_bytes()
                drawn.unlink()
                member = tarfile.TarInfo(f"{style}/{file}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
                records.append(_record(style, file, emotion, i))
    (folder / FILE).write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")


def _record(style: str, file: str, emotion: str, i: int) -> dict[str, Any]:
    valence, arousal = QUADRANTS[emotion]
    if emotion == "sad":
        valence = 1  # the contradiction
    word = {"content": "Contentment"}.get(emotion, emotion.title())
    attributes = {key: f"{key} {i}" for key in ATTRIBUTES}
    return {
        "request_id": f"{style}_request-{i}",
        "image_path": f"Images\\{style}\\{file}",
        "description": {
            "first_section": {"description": "A drawn colour."},
            "second_section": {"visual_attributes": attributes, "emotional_impact": "little"},
            "third_section": {
                "dominant_emotion": word,
                "emotional_valence": VALENCES[valence].title(),
                "emotional_arousal_level": AROUSALS[arousal].title(),
                "healing_effects": ["rest", "play"],
            },
        },
    }
