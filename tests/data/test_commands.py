"""`python -m affectjax.data`: every command on dummies, and what it says to bad input."""

import hashlib
import json

import pytest
from PIL import Image

from affectjax.data import __main__ as commands
from tests.tfds_builders import opened

pytestmark = pytest.mark.xdist_group("tf")


@pytest.fixture(scope="module")
def common(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    raw = opened.dummy("raf_db", folder / "raw")
    return [f"--manual-dir={raw}", f"--data-dir={folder / 'tfds'}"]


def test_list_names_every_builder(capsys):
    assert commands.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert "raf_db" in shown
    assert len(shown.splitlines()) == len(commands.names())


def test_describe_tells_access_configs_and_keys(capsys):
    assert commands.main(["describe", "oasis"]) == 0
    told = capsys.readouterr().out
    assert "access: open download" in told
    assert "config norms: No photographs" in told
    assert "vad_sd           float32 (3), of [-1, 1]; standard deviation over the raters" in told
    assert "native scale of vad: 1 to 7" in told
    assert commands.main(["describe", "oases"]) == 2


def test_build_verify_and_preview(common, tmp_path, capsys):
    assert commands.main(["build", "raf_db", *common]) == 0
    path = capsys.readouterr().out.strip().splitlines()[-1].removeprefix("stored in ")
    with open(f"{path}/report.json", encoding="utf-8") as file:
        told = json.load(file)
    assert told["splits"]["train"]["items"] == 14
    assert set(told["splits"]["train"]["emotion"].values()) == {2}
    assert any(".array_record-" in name for name in told["files"])
    assert told["content"].keys() == told["splits"].keys()
    with open(f"{path}/features.json", "rb") as file:
        assert told["files"]["features.json"]["sha256"] == hashlib.sha256(file.read()).hexdigest()
    assert commands.main(["verify", "raf_db", *common]) == 0
    assert "28 items of raf_db/1.0.0, 0 break the schema" in capsys.readouterr().out
    assert commands.main(["preview", "raf_db", *common, f"--output={tmp_path}/sheet.png"]) == 0
    plots = tmp_path / "plots.png"
    assert commands.main(["statistics", "raf_db", *common, f"--output={plots}"]) == 0
    assert plots.stat().st_size > 5_000
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (8 * 128, 2 * (128 + 28))
        assert len(set(sheet.convert("RGB").getdata())) > 10


def test_audit_finds_the_copies_that_the_dummies_hold(common, tmp_path, capsys):
    # RAF-DB's dummies have the same fourteen pictures in both splits.
    out = tmp_path / "audit.json"
    assert commands.main(["audit", "raf_db", *common, f"--output={out}"]) == 1
    assert "copies or near copies" in capsys.readouterr().out
    pairs = json.loads(out.read_text())["copies_between_splits"]
    same = {(a, b) for _, _, a, _, b in pairs}
    assert {(f"train_{i:05}.jpg", f"test_{i:05}.jpg") for i in range(1, 15)} <= same
    assert commands.main(["audit", "raf_db", *common, "--split=a=train"]) == 0


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["verify", "raff_db"], "no dataset 'raff_db'; there are abstract, aff_wild2"),
        (["verify", "raf_db", "--manual-dir=nowhere"], "no folder nowhere"),
        (["audit", "raf_db", "--split=a=validation"], "has no split validation"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(common, args, why, capsys):
    assert commands.main([args[0], args[1], *common, *args[2:]]) == 2
    assert why in capsys.readouterr().err
