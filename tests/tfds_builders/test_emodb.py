"""EmoDB: names, folds, the listening test, damaged files, and the real folder where present."""

import numpy as np
import pytest

from affectjax.data import source
from tfds_builders.emodb import emodb_dataset_builder as emodb
from tfds_builders.emodb import names


def _open(folder, tmp_path, **kwargs):
    return emodb.Builder(
        data_dir=str(tmp_path / "tfds"),
        manual_dir=str(folder),
        file_format="array_record",
        **kwargs,
    )


@pytest.fixture
def folder(tmp_path):
    emodb.make_dummy(tmp_path / "raw")
    return tmp_path / "raw"


def test_names_are_checked_field_by_field():
    assert names.parse("03a01Wa.wav").emotion == "anger"
    for bad, why in (
        ("04a01Wa.wav", "speaker 4"),
        ("03a09Wa.wav", "text a09"),
        ("03a01Xa.wav", "emotion X"),
        ("03a01W.wav", "not an EmoDB name"),
    ):
        with pytest.raises(ValueError, match=why):
            names.parse(bad)
    assert tuple(sorted(names.LETTERS.values())) == names.EMOTIONS


@pytest.mark.parametrize("speaker", names.SPEAKERS)
def test_folds_share_no_speaker_and_validate_on_a_man_and_a_woman(speaker):
    parts = {k: set(v.split("+")) for k, v in emodb.folds(speaker).items()}
    assert parts["test"] == {f"speaker{speaker:02}"}
    assert len(set.union(*parts.values())) == sum(map(len, parts.values())) == 10
    assert {names.SPEAKERS[int(s[7:])] for s in parts["validation"]} == {"m", "f"}


def test_a_fold_without_its_speaker_says_so():
    with pytest.raises(ValueError, match="speaker 15, of whom there are no files"):
        emodb.folds(15, present=(3, 8, 9, 10))
    with pytest.raises(ValueError, match="EmoDB has 3, 8"):
        emodb.folds(4)


@pytest.mark.parametrize("line", ["1\t03a01Wa\tninety\t50", "1\t03a01Wa", "1\t03a01Wa\t950,0\t1"])
def test_a_damaged_table_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "recognition_rates.txt"
    path.write_text(f"Nr.\tSatz\terkannt\tnatuerlich\n{line}\n")
    with pytest.raises(ValueError, match="line 2"):
        names.recognition(path)


@pytest.mark.xdist_group("tf")
def test_dummies_build_and_read_back(folder, tmp_path):
    builder = source.prepare(_open(folder, tmp_path))
    clips = list(source.split(builder, "speaker03+speaker08"))
    assert len(clips) == 2 * 14
    for clip in clips:
        name = names.parse(clip["clip_id"].decode() + ".wav")
        assert names.EMOTIONS[clip["emotion"]] == name.emotion
        i = list(names.LETTERS.values()).index(name.emotion)
        assert clip["recognised"] == pytest.approx((90.5 - i) / 100, abs=1e-6)
    with pytest.raises(ValueError, match="No files of speaker 16"):
        source.split(builder, "speaker16")


@pytest.mark.xdist_group("tf")
def test_damaged_and_misnamed_files_are_listed_unless_allowed(folder, tmp_path):
    files = emodb.sounds(folder)
    files[0].write_bytes(files[0].read_bytes()[:3000])
    files[1].rename(files[1].with_name("99a01Wa.wav"))
    with pytest.raises(ValueError, match="2 damaged files") as error:
        _open(folder, tmp_path).download_and_prepare()
    assert "truncated" in str(error.value)
    assert "speaker 99" in str(error.value)
    builder = _open(folder, tmp_path, allow_damaged=[files[0].stem, "99a01Wa"])
    builder.download_and_prepare()
    assert sum(s.num_examples for s in builder.info.splits.values()) == 4 * 14 - 2


@pytest.mark.xdist_group("tf")
def test_the_real_clips(data_dir, tmp_path):
    folder = data_dir("emodb")
    builder = source.prepare(_open(folder, tmp_path))
    present = emodb.present_speakers(folder)
    clips = [c for s in present for c in source.split(builder, f"speaker{s:02}")]
    if present == (3, 8, 9, 10, 11, 12, 13, 14):
        assert len(clips) == 408
    rates = np.array([c["recognised"] for c in clips])
    # Released clips were recognised by 80 % of the listeners or more (Burkhardt et al. 2005).
    assert rates.min() >= 0.8 - 1e-6
    assert np.bincount([c["emotion"] for c in clips], minlength=7).min() > 0
