"""RAVDESS: names, folds, damaged files, dummies, and the real folder where it is present."""

import shutil

import numpy as np
import pytest
import soundfile

from affectjax.data import source
from tfds_builders import media as common
from tfds_builders.ravdess import media, names
from tfds_builders.ravdess import ravdess_dataset_builder as ravdess


def _open(folder, tmp_path, **kwargs):
    return ravdess.Builder(
        data_dir=str(tmp_path / "tfds"),
        manual_dir=str(folder),
        file_format="array_record",
        **kwargs,
    )


@pytest.fixture
def folder(tmp_path):
    media.make_dummy(tmp_path / "raw")
    return tmp_path / "raw"


def test_names_are_checked_field_by_field():
    assert names.parse("03-01-08-02-01-02-24.wav").emotion == 8
    for bad, why in (
        ("03-01-09-01-01-01-01.wav", "emotion 9"),
        ("03-01-01-02-01-01-01.wav", "neutral has no strong"),
        ("3-1-1.wav", "seven two-digit fields"),
    ):
        with pytest.raises(ValueError, match=why):
            names.parse(bad)


@pytest.mark.parametrize("fold", range(1, 7))
def test_folds_share_no_actor_and_validation_comes_from_training_actors(fold):
    parts = {k: set(v.split("+")) for k, v in ravdess.folds(fold).items()}
    assert len(parts["test"]) == len(parts["validation"]) == 4
    assert len(parts["train"]) == 16
    assert len(set.union(*parts.values())) == 24
    assert {int(a[5:]) for a in parts["test"]} == set(ravdess.actors_of(fold))


def test_fold_six_without_its_actors_says_what_is_missing():
    with pytest.raises(ValueError, match="no files of Actor_21, Actor_22, Actor_23, Actor_24"):
        ravdess.folds(6, present=range(1, 21))


@pytest.mark.xdist_group("tf")
def test_dummies_build_and_read_back(folder, tmp_path):
    builder = source.prepare(_open(folder, tmp_path))
    clips = list(source.split(builder, "actor01+actor02"))
    assert len(clips) == 2 * 16
    assert {int(c["subject"]) for c in clips} == {1, 2}
    for clip in clips:
        assert names.parse(clip["clip_id"].decode() + ".wav").emotion == clip["emotion"] + 1
        assert clip["audio"].dtype == np.int16
    with pytest.raises(ValueError, match="has no split actor03"):
        source.split(builder, "actor03")


@pytest.mark.xdist_group("tf")
def test_every_damaged_file_is_listed_unless_allowed(folder, tmp_path):
    files = sorted((folder / "Actor_01").glob("*.wav"))
    files[0].write_bytes(files[0].read_bytes()[:5000])
    files[1].write_bytes(b"not a wav at all")
    soundfile.write(files[2], np.zeros(0), 16000)
    soundfile.write(files[3], np.full(1000, np.nan), 16000, subtype="FLOAT")
    with pytest.raises(ValueError, match="4 damaged files") as error:
        _open(folder, tmp_path).download_and_prepare()
    for path, why in zip(
        files, ("truncated", "not a WAV", "no sample", "not finite"), strict=False
    ):
        line = next(row for row in str(error.value).splitlines() if path.name in row)
        assert why in line
    allowed = [path.stem for path in files[:4]]
    builder = _open(folder, tmp_path, allow_damaged=allowed)
    builder.download_and_prepare()
    assert builder.info.splits["actor01"].num_examples == 12


@pytest.mark.xdist_group("tf")
def test_misnamed_files_are_listed_and_songs_are_left_alone(folder, tmp_path):
    clip = next((folder / "Actor_01").glob("*.wav"))
    wrong = ("clip.wav", "02-01-01-01-01-01-01.wav", "03-01-09-01-01-01-01.WAV")
    for name in (*wrong, "03-02-01-01-01-01-01.wav"):
        shutil.copy(clip, folder / "Actor_01" / name)
    shutil.copy(clip, folder / "Actor_02" / "03-01-01-01-01-02-01.wav")
    with pytest.raises(ValueError, match="4 damaged files") as error:
        _open(folder, tmp_path).download_and_prepare()
    for name in (*wrong, "Actor_02/03-01-01-01-01-02-01.wav"):
        assert name in str(error.value)


def test_a_data_chunk_longer_than_its_file_is_found(folder):
    path = sorted((folder / "Actor_01").glob("*.wav"))[0]
    cut = bytearray(path.read_bytes()[:3000])
    cut[4:8] = (len(cut) - 8).to_bytes(4, "little")  # the file's own header agrees with its size
    path.write_bytes(cut)
    assert "truncated: 3000 bytes" in media.fault(path)


@pytest.mark.xdist_group("tf")
def test_a_clip_allowed_to_be_damaged_must_exist(folder, tmp_path):
    with pytest.raises(ValueError, match="allow_damaged names 03-01-01-01-01-01-09"):
        _open(folder, tmp_path, allow_damaged=["03-01-01-01-01-01-09"]).download_and_prepare()


@pytest.mark.xdist_group("tf")
def test_clips_that_an_actor_lacks_are_printed(folder, tmp_path, capsys):
    _open(folder, tmp_path).download_and_prepare()
    said = capsys.readouterr().out
    assert "Actor_01 lacks 44 of 60 clips" in said  # dummies hold 8 emotions x 2 statements
    assert "03-01-08-02-02-02-01" in said


@pytest.mark.parametrize("validation", [2, 3, 4])
@pytest.mark.parametrize("absent", [(), (6,), (6, 8), (21, 22, 23, 24)])
def test_validation_speakers_are_men_and_women_alike_whoever_is_absent(validation, absent):
    present = [a for a in ravdess.ACTORS if a not in absent]
    parts = ravdess.folds(1, present, validation)
    split = {k: [int(a[5:]) for a in v.split("+")] for k, v in parts.items()}
    men = sum(a % 2 for a in split["validation"])
    assert (men, validation - men) == ((validation + 1) // 2, validation // 2)
    assert sorted(a for part in split.values() for a in part) == present


def test_folds_refuse_what_leaves_nobody_to_train_on():
    with pytest.raises(ValueError, match="allowed: 2, 3, 4"):
        ravdess.folds(1, validation=20)
    with pytest.raises(ValueError, match="needs 4 validation speakers"):
        ravdess.folds(1, present=range(1, 9))


def test_stereo_of_another_rate_becomes_mono_at_16_khz(tmp_path):
    time = np.arange(48000) / 48000
    tone = np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "x.wav", np.stack([tone, tone], 1), 48000)
    audio = common.read_audio(tmp_path / "x.wav").astype(float)
    assert abs(len(audio) - 16000) <= 1
    assert np.abs(np.fft.rfft(audio)).argmax() == 440


def test_frames_of_the_video_of_a_clip(tmp_path):
    media.make_dummy(tmp_path, actors=range(1, 2), video=True)
    audio = media.files(tmp_path, 1)[0]
    frames, fps = common.read_video(media.video_of(tmp_path, audio), 32)
    assert (len(frames), fps) == (15, 30.0)
    media.video_of(tmp_path, audio).unlink()
    with pytest.raises(FileNotFoundError, match="no video of 03-01"):
        media.video_of(tmp_path, audio)


def test_other_raw_files_are_other_prepared_data(folder):
    before = source.fingerprint(folder)
    shutil.copytree(folder / "Actor_01", folder / "Actor_03")
    assert source.fingerprint(folder) != before
    with pytest.raises(FileNotFoundError, match="put the official files there"):
        source.fingerprint(folder / "nowhere")


def test_the_real_files_have_the_official_counts_and_no_fault(data_dir):
    root = data_dir("ravdess")
    actors = ravdess.present_actors(root)
    for actor in actors:
        files = media.files(root, actor)
        assert len(files) == ravdess.CLIPS_PER_ACTOR
        emotions = np.bincount([names.parse(f.name).emotion for f in files])[1:]
        assert emotions.tolist() == [4] + [8] * 7
    assert not any(media.fault(f) for f in media.files(root, actors[0]))
