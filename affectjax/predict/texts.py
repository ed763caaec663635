"""`--mode=predict` of a run that reads text: what it says of each line of a text file."""

import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from affectjax.data import lengths, pipeline
from affectjax.predict import look, media, table, told

ENDINGS = frozenset((".txt",))
KEYS = frozenset(("tokens", "token_length"))
ROWS = 32  # lines a batch


def predict(
    predictor: Any, files: Sequence[pathlib.Path], folder: pathlib.Path
) -> list[dict[str, Any]]:
    """Write <folder>/<name>.jsonl, and .csv, of each file, a record a line in order; returns all.

    A record has `line` (from 1), `text` and what the run says of it; an empty line is said to be
    skipped, and `cut` is true where a line is longer than the run reads. With `predictor.look` it
    also has `words`, each with its share in the answer. `predictor` is `predict.Predictor`.

    Raises:
      ValueError: files that are no UTF-8, all listed; the others are done.
    """
    records: list[dict[str, Any]] = []
    faults: list[str] = []
    for path in files:
        try:
            lines = read(path)
        except media.MediaError as error:
            faults.append(str(error))
            print(f"left out: {error}", file=sys.stderr, flush=True)
            continue
        said = of_lines(predictor, lines)
        written = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in said)
        (folder / f"{path.stem}.jsonl").write_text(written, encoding="utf-8")
        table.write(folder / f"{path.stem}.csv", said)
        print(_summary(path, said), flush=True)
        records += said
    if faults:
        raise ValueError(f"{len(faults)} of {len(files)} files failed:\n  " + "\n  ".join(faults))
    return records


def read(path: pathlib.Path) -> list[str]:
    """The lines of a text file.

    Raises:
      MediaError: it is not UTF-8; says where.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise media.MediaError(
            f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8"
        ) from error


def of_lines(predictor: Any, lines: Sequence[str]) -> list[dict[str, Any]]:
    """A record of each line."""
    records: list[dict[str, Any]] = [{"line": i, "text": t} for i, t in enumerate(lines, 1)]
    held = [record for record in records if record["text"].strip()]
    for record in records:
        if not record["text"].strip():
            record["skipped"] = "no text"
    for i in range(0, len(held), ROWS):
        some = held[i : i + ROWS]
        rows = [_element(predictor, record) for record in some]
        for record, row in zip(some, rows, strict=True):
            if int(row["token_length"]) == len(row["tokens"]):
                record["cut"] = True
        rows += [rows[-1]] * (ROWS - len(rows))  # few shapes, so few compilations
        batch = {k: np.stack([row[k] for row in rows]) for k in rows[0]}
        batch = lengths.trim(batch, predictor.ops)
        out = predictor.predict(batch)
        shares = predictor.look.maps(batch)[0]["tokens"] if predictor.look else None
        for at, record in enumerate(some):
            record |= told.named(predictor, {k: v[at] for k, v in out.items()})
            if shares is not None:
                record["words"] = look.words(record["text"], shares[at], predictor.ops)
    return records


def _element(predictor: Any, record: dict[str, Any]) -> dict[str, np.ndarray]:
    """The line as the dataset would hold it, through the run's own evaluation ops."""
    element = {"clip_id": f"line {record['line']}", "view": 0, "text": record["text"].encode()}
    done = pipeline.apply(predictor.ops, element, np.random.default_rng(0))
    return {k: v for k, v in pipeline.finish(done).items() if k != "clip_id"}


def _summary(path: pathlib.Path, records: Sequence[dict[str, Any]]) -> str:
    said = [record for record in records if "skipped" not in record]
    parts = [f"{path.name}: {len(records)} lines"]
    if len(said) < len(records):
        parts.append(f"{len(records) - len(said)} without text")
    if cut := sum("cut" in record for record in said):
        parts.append(f"{cut} cut")
    if said and "vad" in said[0]:
        means = {d: np.mean([record["vad"][d] for record in said]) for d in said[0]["vad"]}
        parts.append("mean " + "  ".join(f"{d} {x:+.2f}" for d, x in means.items()))
    if said and "present" in said[0]:
        names = [name for record in said for name in record["present"]]
        often = sorted(set(names), key=lambda name: (-names.count(name), name))[:3]
        parts.append(" ".join(often) or "no label")
    return ", ".join(parts)
