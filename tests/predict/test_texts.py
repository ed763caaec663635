"""Texts by the line: a record a line in order, empty and long lines said, bad files named."""

import csv
import json
import types

import numpy as np
import pytest

from affectjax.data.ops import text
from affectjax.predict import texts


def _predictor(seen):
    def predict(batch):
        seen.append(batch["tokens"].shape)
        mean = batch["tokens"].sum(1) / batch["token_length"]
        return {"vad_pred": np.stack([mean / 100, mean / 200, -mean / 100], -1)}

    return types.SimpleNamespace(
        predict=predict,
        ops=(text.Tokens("letters", longest=24, buckets=(8,)),),
        look=None,
        calibration={},
    )


def test_every_line_has_a_record(tmp_path, capsys):
    lines = ["good", "", "x" * 40, *["day"] * 33]
    (tmp_path / "a.txt").write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9\n")
    seen = []
    with pytest.raises(ValueError, match="1 of 2 files failed") as failed:
        texts.predict(_predictor(seen), [tmp_path / "a.txt", tmp_path / "b.txt"], tmp_path)
    assert "b.txt is not UTF-8 at byte 3" in str(failed.value)
    records = [json.loads(x) for x in (tmp_path / "a.jsonl").read_text().splitlines()]
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == lines
    assert rows[1]["skipped"] == "no text"
    assert (rows[1]["vad.valence"], rows[1]["cut"], rows[2]["cut"]) == ("", "", "True")
    assert float(rows[0]["vad.valence"]) == records[0]["vad"]["valence"]
    assert [r["line"] for r in records] == list(range(1, 37))
    assert [r["text"] for r in records] == lines
    assert records[1] == {"line": 2, "text": "", "skipped": "no text"}
    assert [i for i, r in enumerate(records) if r.get("cut")] == [2]
    known = text.pieces("letters")
    ids = [known[p] for p in ("[CLS]", "g", "##o", "##o", "##d", "[SEP]")]
    assert records[0]["vad"]["valence"] == pytest.approx(np.mean(ids) / 100, abs=1e-4)
    assert records[5] == {**records[35], "line": 6}
    assert seen == [(32, 24), (32, 8)]
    assert "a.txt: 36 lines, 1 without text, 1 cut, mean valence +" in capsys.readouterr().out
