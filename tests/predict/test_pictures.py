"""`--mode=predict` on still pictures: order, faces, what is damaged."""

import json
import types

import numpy as np
import pytest
from PIL import Image

from affectjax.data.ops import picture
from affectjax.predict import pictures


def _predictor(key):
    ops = (picture.On(key, (picture.Square(8),)),)

    def predict(batch):
        red = batch[key][..., 0].mean((1, 2)) / 255
        return {"probabilities": np.stack([red, 1 - red], 1)}

    return types.SimpleNamespace(
        predict=predict,
        ops=ops,
        needs=frozenset([key]),
        labels=("red", "other"),
        calibration={},
        thresholds=None,
        set_threshold=0.4,
        set_share=0.9,
        look=None,
        say=None,
    )


def _write(folder, shades):
    for name, shade in shades.items():
        Image.new("RGB", (20, 12), (shade, 0, 0)).save(folder / name)
    return sorted(folder.iterdir())


def test_each_picture_has_its_line_and_a_damaged_one_is_named(tmp_path):
    files = _write(tmp_path, {f"{i}.png": 25 * i for i in range(10)})
    bad = tmp_path / "damaged.png"
    bad.write_bytes(b"RIFF")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="1 of 11 files failed") as error:
        pictures.predict(_predictor("image"), [*files, bad], out, None)
    assert "damaged.png is damaged or no picture" in str(error.value)
    lines = [json.loads(x) for x in (out / "pictures.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == [f.name for f in files]
    shades = [line["probabilities"]["red"] for line in lines]
    np.testing.assert_allclose(shades, [25 * i / 255 for i in range(10)], atol=1e-3)
    expected = [1, 1, 1, 1, 1, 2, 2, 1, 1, 1]  # classes of at least 0.4
    assert [len(line["likely"]) for line in lines] == expected
    assert all(line["likely"][0] == line["emotion"] for line in lines)


def test_the_largest_face_is_taken_and_a_picture_without_one_is_skipped(tmp_path):
    files = _write(tmp_path, {"a.png": 255, "b.png": 255})
    found = [[np.array([0, 0, 4, 4.0]), np.array([5, 1, 9, 9.0])], []]
    records = pictures.predict(_predictor("face"), files, tmp_path, lambda _: found.pop(0))
    assert records[0]["face"] == [5, 1, 9, 9]
    assert records[0]["emotion"] == "red"
    assert records[1] == {"file": "b.png", "skipped": "no face found"}


def test_a_run_that_reads_people_gets_whose_face_is_largest_or_the_whole_picture(tmp_path):
    files = _write(tmp_path, {"a.png": 255, "b.png": 255})
    predictor = _predictor("person")
    cut = picture.CutBox(to="person")
    predictor.ops = (cut, *predictor.ops)
    predictor.needs = frozenset(("image", "person"))
    found = [[np.array([9, 2, 2, 2.0]), np.array([0, 0, 1, 1.0])], []]
    records = pictures.predict(predictor, files, tmp_path, lambda _: found.pop(0))
    np.testing.assert_allclose(records[0]["person"], [7 / 20, 4 / 36, 13 / 20, 1], atol=1e-3)
    assert records[1]["person"] == [0, 0, 1, 1]
    assert all(r["emotion"] == "red" for r in records)


def test_a_run_that_answers_in_words_is_written_down_with_them(tmp_path):
    predictor = _predictor("image")
    predictor.say = lambda batch: [{"emotion": "awe", "because": "red"} for _ in batch["image"]]
    files = _write(tmp_path, {"a.png": 200})
    (record,) = pictures.predict(predictor, files, tmp_path, None)
    assert record["says"] == {"emotion": "awe", "because": "red"}
    assert pictures._line(record).endswith("awe because red")
