"""Each builder with a table or a medium spoilt, one way at a time: one error that names it."""

import os

import pytest

from affectjax.data import source
from tests.tfds_builders import opened
from tests.tfds_builders.test_every import NAMES

pytestmark = pytest.mark.xdist_group("tf")
TABLES = (".csv", ".tsv", ".txt", ".json")
# Where a fault is none, and why.
FREE = {
    ("aff_wild2", "absent"): "any number of films may be there",
    ("aff_wild2", "twice"): "a line is a frame, and frames without a face are left out",
    ("artemis", "twice"): "two people may write the same",
    ("bah", "extra"): "a transcript may hold commas",
    ("emodb", "absent"): "the listening test may be absent, and the build says so",
    ("emotion_roi", "extra"): "the rest of the line is part of a picture's name, which is missed",
    ("iemocap", "extra"): "the first line is a comment; test_film_sets spoils turns",
    ("iemocap", "twice"): "the last line is a rater's; test_film_sets doubles a turn",
    (
        "msp_improv",
        "twice",
    ): "the last line is a rater's; evaluations.read names a turn there twice",
}


@pytest.fixture(scope="module")
def raws(tmp_path_factory):
    """Dummies of a builder, written once; whoever spoils a file puts it back."""
    folder = tmp_path_factory.mktemp("raw")
    return lambda name: opened.dummy(name, folder / name)


def _error(name, raw, tmp_path):
    """What the first config that fails says, the one with most keys first; "" if none fails."""
    configs = opened.module(name).Builder.BUILDER_CONFIGS or [None]
    try:
        builders = [opened.builder(name, raw, tmp_path, c.name if c else "") for c in configs]
        for builder in sorted(builders, key=lambda b: -len(b.info.features)):
            opened.examples(builder)
    except UnicodeError:
        raise  # says neither file nor line
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return ""


def _spoil(name, raw, tmp_path, path, data):
    """The error when `path` holds `data` instead (None: is absent); it is put back."""
    whole = path.read_bytes()
    path.unlink()
    try:
        if data is not None:
            path.write_bytes(data)
        return _error(name, raw, tmp_path)
    finally:
        path.write_bytes(whole)


def _first(raw, suffixes):
    found = (p for p in sorted(raw.rglob("*")) if p.is_file() and p.suffix in suffixes)
    return next(found, None)


@pytest.mark.parametrize("name", NAMES)
def test_a_spoilt_table_is_one_error_that_names_it(name, raws, tmp_path, capsys):
    raw = raws(name)
    path = _first(raw, TABLES)
    if path is None:
        return  # arrays and pictures alone
    data = path.read_bytes()
    lines = [line for line in data.split(b"\n") if line]
    comma = next((d for d in (b"\t", b",") if d in lines[0]), b" ")
    spoilt = {
        "absent": None,
        "latin": data[: len(data) // 2] + b"\xe4\xff" + data[len(data) // 2 :],
        "extra": b"\n".join([lines[0] + comma + b"extra", *lines[1:]]) + b"\n",
        "twice": b"\n".join([*lines, lines[-1]]) + b"\n",
    }
    for fault, what in spoilt.items():
        error = _spoil(name, raw, tmp_path, path, what)
        if (name, fault) not in FREE:
            assert path.stem in error or path.parent.name in error, f"{fault}: {error!r}"
        if fault == "latin":
            assert "UTF-8" in error, error


@pytest.mark.parametrize("name", NAMES)
def test_a_medium_cut_in_half_is_one_error_that_names_it(name, raws, tmp_path, capsys):
    raw = raws(name)
    for suffix in (
        ".jpg",
        ".png",
        ".wav",
        ".mp4",
        ".avi",
        ".flv",
        ".m4a",
        ".npy",
        ".mat",
        ".dat",
        ".bdf",
        ".csd",
    ):
        if path := _first(raw, (suffix,)):
            data = path.read_bytes()
            error = _spoil(name, raw, tmp_path, path, data[: len(data) // 2])
            assert path.stem in error or path.parent.name in error, f"{path.name}: {error!r}"


@pytest.mark.parametrize("name", ["fi", "ravdess", "ferv39k", "xed"])
def test_a_file_name_that_is_not_utf8_is_one_error_and_leaves_nothing(name, tmp_path):
    raw = opened.dummy(name, tmp_path / "raw")
    inner = next(p for p in sorted(raw.rglob("*")) if p.is_file()).parent
    with open(os.path.join(os.fsencode(inner), b"caf\xe9.jpg"), "wb") as file:
        file.write(b"x")
    builder = opened.builder(name, raw, tmp_path)
    with pytest.raises(ValueError, match=r"1 names below .* are not UTF-8, such as b'.*caf.*xe9"):
        source.prepare(builder)
    with pytest.raises(ValueError, match="are not UTF-8"):
        source.fingerprint(raw)
    assert not builder.data_path.exists()
