"""affect_synth: same seed same bytes, split by subject, faces and voices that follow affect."""

import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest

from affectjax.data import schema, source
from tests.conftest import REPO
from tfds_builders.affect_synth import affect_synth_dataset_builder as synth
from tfds_builders.affect_synth import clip, face, people, probe, voice


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    built = synth.Builder(data_dir=str(folder), config="test", file_format="array_record")
    return source.prepare(built)


@pytest.mark.xdist_group("tf")
def test_splits_share_no_subject_and_hold_what_the_config_says(builder):
    subjects = {}
    for split, count in zip(("train", "validation", "test"), (28, 14, 21), strict=True):
        clips = list(source.split(builder, split))
        assert len(clips) == count
        assert np.bincount([c["emotion"] for c in clips]).tolist() == [count // 7] * 7
        subjects[split] = {int(c["subject"]) for c in clips}
        for c in clips:
            schema.check(c, dict(builder.info.metadata))
            assert np.abs(c["vad"]).max() <= 1
            assert 0 <= c["action_units"].min() <= c["action_units"].max() <= 1
            assert c["votes"].sum() == people.RATERS
            assert cv2.imdecode(np.frombuffer(c["frames"][0], np.uint8), 1).shape == (32, 32, 3)
    assert sum(map(len, subjects.values())) == len(set.union(*subjects.values())) == 9


@pytest.mark.xdist_group("tf")
def test_reading_imports_no_tensorflow(builder):
    code = (
        "import sys; from affectjax.data import source; "
        f"b = source.open_builder('{synth.__name__}', 'test', data_dir=sys.argv[1]); "
        "source.split(source.prepare(b), 'train')[0]; assert 'tensorflow' not in sys.modules"
    )
    folder = str(builder.data_path).split("/affect_synth/")[0]
    subprocess.run([sys.executable, "-c", code, folder], cwd=REPO, check=True)


def test_a_clip_is_its_job_and_workers_change_no_byte():
    jobs = [clip.Job(0, 1, n, 4, 32) for n in range(3)]
    one, two = (list(synth._make_all(jobs, workers)) for workers in (1, 2))
    for a, b in zip(one, two, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)
    other = clip.make(clip.Job(1, 1, 0, 4, 32))
    assert (other["audio"] != one[0]["audio"]).any()


@pytest.mark.parametrize("unit", people.ACTION_UNITS)
def test_every_action_unit_changes_the_face(unit):
    person = people.subject(0, 1)
    pose = face.Pose(64, 64, 60, 0.0, 0.0, 0.0, (0.0, 0.0))
    rest = np.zeros(len(people.ACTION_UNITS))
    moved = rest.copy()
    moved[people.ACTION_UNITS.index(unit)] = 1.0
    still, expressive = (face.draw(person, u, pose, 64).astype(int) for u in (rest, moved))
    changed = np.abs(still - expressive).sum(-1) > 30
    assert changed.sum() > 4
    rows = np.flatnonzero(changed.any(1))
    if unit in (1, 2, 4, 5):
        assert rows.mean() < 34  # brows and lids are in the upper half
    if unit in (15, 17, 20, 23, 25, 26):
        assert rows.mean() > 34


def _drawn(**strengths):
    """RGB (128, 128, 3) of a plain face; strengths are au12=1.0 and so on."""
    person = dataclasses.replace(
        people.subject(0, 1),
        skin=(220.0, 180.0, 150.0),
        hair=(40.0, 25.0, 15.0),
        hair_style=0,
        brow_height=0.0,
        beard=0.0,
        glasses=False,
        light=(0.0, 0.0),
    )
    units = np.array([strengths.get(f"au{u}", 0.0) for u in people.ACTION_UNITS])
    pose = face.Pose(64, 64, 60, 0.0, 0.0, 0.0, (0.0, 0.0))
    return face.draw(person, units, pose, 128).astype(float)


def _corner(image):
    """Row of the mouth's left end: lips have much less green than red."""
    rows, columns = np.nonzero(image[85:115, 20:64, 1] < 0.68 * image[85:115, 20:64, 0])
    return rows[columns <= columns.min() + 2].mean()


def _brow(image, columns):
    """Mean row of what is dark between hair and eye in the columns."""
    return np.nonzero(image[35:62, columns].sum(-1) < 200)[0].mean()


def _eye_white(image):
    return (image[55:75, 28:60].min(-1) > 190).sum()


def test_units_of_the_mouth_pull_corners_up_down_and_apart():
    assert _corner(_drawn(au12=1.0)) < _corner(_drawn()) - 4
    assert _corner(_drawn(au15=1.0)) > _corner(_drawn()) + 4

    def dark(image):  # the open mouth at the middle line
        return (image[85:120, 62:66].sum(-1) < 120).sum()

    assert dark(_drawn(au26=1.0)) > dark(_drawn()) + 10


def test_units_of_the_brows_and_lids_lift_lower_and_open():
    inner, outer = slice(51, 57), slice(34, 40)
    assert _brow(_drawn(au1=1.0), inner) < _brow(_drawn(), inner) - 3
    assert _brow(_drawn(au2=1.0), outer) < _brow(_drawn(), outer) - 3
    assert _brow(_drawn(au4=1.0), inner) > _brow(_drawn(), inner) + 3
    assert _eye_white(_drawn(au5=1.0)) > 1.3 * _eye_white(_drawn())
    assert _eye_white(_drawn(au7=1.0)) < 0.8 * _eye_white(_drawn())


def test_the_voice_parameters_of_the_probe_are_those_of_the_clip():
    job = clip.Job(0, 3, 5, 4, 32)
    made = clip.make(job)
    _, _, felt = clip.feel(job)
    np.testing.assert_array_equal(made["vad"], felt.vad.astype(np.float32))
    np.testing.assert_array_equal(probe.voice_parameters(made), felt.voice)


def test_a_clip_of_version_1_0_0_stays_what_it_was():
    # Read off a clip at 1.0.0; whoever changes these numbers raises VERSION. Tolerances leave
    # room for other builds of SciPy and of the JPEG encoder.
    assert str(synth.Builder.VERSION) == "1.0.0"
    made = clip.make(clip.Job(0, 0, 0, 4, 32))
    np.testing.assert_allclose(made["vad"], [0.020594, -0.196105, -0.163496], atol=1e-6)
    assert made["votes"].tolist() == [8, 0, 0, 0, 0, 0, 0]
    assert np.abs(made["audio"].astype(float)).mean() == pytest.approx(2410.42, abs=0.5)
    frame = cv2.imdecode(np.frombuffer(made["frames"][2], np.uint8), 1)
    assert frame.mean() == pytest.approx(142.585, abs=0.5)


def _speech(vad):
    g = np.random.default_rng(0)
    return voice.speak(g, people.subject(0, 1), np.array(vad), 2.56)


def _pitch(sound):
    part = sound[8000:24000]
    spectrum = np.abs(np.fft.rfft(part, 1 << 16)) ** 2
    correlation = np.fft.irfft(spectrum)
    low, high = voice.RATE // 450, voice.RATE // 70
    return voice.RATE / (low + correlation[low:high].argmax())


def test_arousal_raises_pitch_and_energy():
    calm, excited = _speech([0, -0.8, 0]), _speech([0, 0.8, 0])
    assert _pitch(excited) > 1.3 * _pitch(calm)
    assert (excited**2).mean() > 4 * (calm**2).mean()


def test_raters_mostly_agree_with_what_is_shown_but_not_always():
    g = np.random.default_rng(0)
    person = people.subject(0, 1)
    votes = np.zeros((7, 7))
    for category in range(7):
        for _ in range(30):
            felt = people.feeling(g, person, category)
            votes[category] += people.votes(g, felt)
    shares = votes / votes.sum(1, keepdims=True)
    assert (np.diagonal(shares) > 0.5).all()
    assert np.diagonal(shares).mean() < 0.95
