"""Opening and preparing data: two processes at once, options, errors, fakes."""

import subprocess
import sys

import numpy as np
import pytest

from affectjax.data import fake, source
from tests.conftest import REPO
from tfds_builders.ravdess import media
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess

BUILD = """
import sys
from affectjax.data import source
builder = source.open_builder(sys.argv[1], "speech", sys.argv[2])
print(len(source.split(source.prepare(builder), "actor01")), "clips")
"""


@pytest.mark.xdist_group("tf")
def test_two_processes_that_prepare_at_once_build_once_and_both_read(tmp_path, monkeypatch):
    media.make_dummy(tmp_path / "raw")
    monkeypatch.setenv("AFFECTJAX_TFDS", str(tmp_path / "tfds"))
    command = [sys.executable, "-c", BUILD, ravdess.__name__, str(tmp_path / "raw")]
    kwargs = {"cwd": REPO, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **kwargs) for _ in range(2)]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert all("16 clips" in text for text in said)
    assert sum("built in" in text for text in said) == 1


@pytest.mark.xdist_group("tf")
def test_a_builder_opened_before_another_one_built_finds_the_splits(tmp_path):
    media.make_dummy(tmp_path / "raw")
    kwargs = {"data_dir": str(tmp_path / "tfds"), "manual_dir": str(tmp_path / "raw")}
    early, late = (source.open_builder(ravdess.__name__, "speech", **kwargs) for _ in range(2))
    source.prepare(late)
    assert len(source.split(source.prepare(early), "actor01")) == 16


def test_data_made_with_other_options_is_kept_apart(tmp_path):
    def place(**options):
        kwargs = {"data_dir": str(tmp_path), **options}
        return source.open_builder(ravdess.__name__, "speech", **kwargs).data_path

    clip = "03-01-01-01-01-01-01"
    assert place() != place(allow_damaged=[clip]) == place(allow_damaged=[clip])


def test_a_builder_that_cannot_be_imported_is_named():
    with pytest.raises(
        TypeError, match=r"config\.data\.builder: cannot import 'tfds_builders\.no'"
    ):
        source.open_builder("tfds_builders.no")


def test_fakes_follow_the_builders_features_and_do_not_change(tmp_path):
    info = source.open_builder(ravdess.__name__, "speech_video", data_dir=str(tmp_path)).info
    examples = fake.Fake(info.features, 8, frames=3, samples=500)
    for i in range(8):
        assert examples[i].keys() == info.features.keys()
        assert examples[i]["emotion"] == i  # labels take turns
        assert (examples[i]["audio"].dtype, examples[i]["audio"].shape) == (np.int16, (500,))
        np.testing.assert_array_equal(examples[i]["audio"], examples[i]["audio"])
        assert list(examples[i]["frames"]) == list(examples[i]["frames"])
    with pytest.raises(IndexError):
        examples[8]
