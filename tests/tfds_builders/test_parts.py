"""A build in parts: one that breaks off goes on, and stores what an unbroken one stores."""

import json

import numpy as np
import pytest

from affectjax.data import audit, source
from tests.tfds_builders import opened
from tfds_builders import left_out, parts
from tfds_builders.lamem import lamem_dataset_builder as lamem

pytestmark = pytest.mark.xdist_group("tf")


def test_a_part_gives_back_every_kind_of_value_and_makes_it_once(tmp_path, capsys):
    made = []

    def make(item):
        made.append(item)
        yield (
            f"clip/{item}",
            {
                "text": b"a\x00b",
                "empty": b"",
                "frames": np.array([b"one", b"", b"three"], object),
                "vad": np.array([0.5, np.nan, 1], np.float32),
                "emotion": item,
                "path/with": np.float32(2.5),
            },
        )

    part = (1, 3, [4, 5])
    first = list(parts.kept(str(tmp_path), make, part))
    again = list(parts.kept(str(tmp_path), make, part))
    assert made == [4, 5]
    assert "part 1 of 3: 2 items were read before" in capsys.readouterr().out
    assert [name for name, _ in again] == ["clip/4", "clip/5"]
    for (_, a), (_, b) in zip(first, again, strict=True):
        assert a.keys() == b.keys()
        assert (b["text"], b["empty"], b["frames"].tolist()) == (
            b"a\x00b",
            b"",
            [b"one", b"", b"three"],
        )
        np.testing.assert_array_equal(b["vad"], np.array([0.5, np.nan, 1], np.float32))
    assert again[1][1]["emotion"] == 5


def test_a_build_that_was_broken_off_goes_on_and_leaves_no_parts(tmp_path, monkeypatch):
    raw = opened.dummy("lamem", tmp_path / "raw")
    builder = opened.builder("lamem", raw, tmp_path)
    plain = opened.examples(builder)
    assert min(map(len, plain.values())) >= 1
    monkeypatch.setattr(lamem.Builder, "PART", 1)
    read, whole = [], lamem.pictured.one

    def one(item):
        if len(read) == 3:
            raise KeyboardInterrupt
        read.append(item.name)
        return whole(item)

    monkeypatch.setattr(lamem.pictured, "one", one)
    with pytest.raises(KeyboardInterrupt):
        source.prepare(builder)
    kept = list(builder._parts_folder.glob("*.part"))
    assert len(kept) == 3
    assert not builder.data_path.exists()
    again = opened.builder("lamem", raw, tmp_path)
    (builder.data_path.parent / "incomplete.XYZ123_1.0.0").mkdir()  # what SIGKILL would leave

    def rest(item):
        read.append(item.name)
        return whole(item)

    monkeypatch.setattr(lamem.pictured, "one", rest)
    source.prepare(again)
    assert len(read) == len(set(read)) == sum(map(len, plain.values()))
    for split, wanted in plain.items():
        found = {e["clip_id"]: e["image"] for e in source.split(again, split)}
        assert found == {e["clip_id"]: e["image"] for e in wanted}
    left = sorted(p.name for p in again.data_path.parent.iterdir() if p.is_dir())
    assert left == [again.data_path.name]


@pytest.mark.parametrize(
    ("name", "config", "make"),
    [
        ("aff_wild2", "va", "examples"),
        ("artemis", "paintings", "whole"),
        ("emoart", "", "examples"),
    ],
)
def test_what_was_read_before_is_not_read_again(name, config, make, tmp_path, monkeypatch):
    raw = opened.dummy(name, tmp_path / "raw")
    builder = opened.builder(name, raw, tmp_path, config)

    def train():
        return dict(builder._split_generators(None)["train"])

    monkeypatch.setattr(type(builder), "PART", 100)
    plain = train()
    monkeypatch.setattr(type(builder), "PART", 1)
    assert list(train()) == list(plain)
    monkeypatch.setattr(opened.module(name), make, lambda *_: pytest.fail("it is read again"))
    again = train()
    assert audit.content(again.values()) == audit.content(plain.values())


def test_what_is_left_out_is_kept_with_its_reason(tmp_path):
    raw = opened.dummy("lamem", tmp_path / "raw")
    path = next(iter(sorted((raw / "images").iterdir())))
    path.write_bytes(path.read_bytes()[:40])
    builder = opened.builder("lamem", raw, tmp_path, allow_damaged=(path.stem,))
    with left_out.recorded() as told:
        builder._split_generators(None)
        left_out.count(3, "frames without a face")
        left_out.count(0, "never")
    assert told[path.stem].startswith("is damaged or no picture")
    assert told["frames without a face"] == 3
    assert len(told) == 2
    left_out.write(tmp_path, told)
    assert json.loads((tmp_path / left_out.FILE).read_text()) == left_out.read(tmp_path) == told


def test_an_option_that_is_a_function_names_the_same_folder_in_every_process(tmp_path):
    first = opened.builder("mead", opened.dummy("mead", tmp_path / "raw"), tmp_path)
    assert "whole_face" in source._said(opened.module("mead").whole_face)
    assert "0x" not in source._said(opened.module("mead").whole_face)
    assert "options-" in str(first.data_path)
