"""affect_synth: same seed same bytes, split by subject, faces and voices that follow affect."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from affectjax.data import source
from tests.conftest import REPO
from tfds_builders.affect_synth import affect_synth_dataset_builder as synth
from tfds_builders.affect_synth import clip, face, people, voice


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
