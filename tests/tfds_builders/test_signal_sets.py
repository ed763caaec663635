"""DEAP, DREAMER, SEED on dummies: shapes, ratings, subjects apart, files that would run code."""

import pickle
import shutil

import numpy as np
import pytest
from scipy import io

from tests.tfds_builders import opened
from tfds_builders.deap import deap_dataset_builder as deap
from tfds_builders.dreamer import dreamer_dataset_builder as dreamer
from tfds_builders.seed import seed_dataset_builder as seed

pytestmark = pytest.mark.xdist_group("tf")


@pytest.mark.parametrize(("module", "count"), [(deap, 32), (dreamer, 23), (seed, 15)])
def test_a_fold_shares_no_subject_and_holds_all(module, count):
    for subject in (1, count):
        parts = [part.split("+") for part in module.folds(subject).values()]
        everyone = [s for part in parts for s in part]
        assert len(everyone) == len(set(everyone)) == count
        assert parts[2] == [f"subject{subject:02}"]
    with pytest.raises(ValueError, match=f"subjects 1 to {count}"):
        module.folds(count + 1)


def test_deap_ratings_go_from_one_to_nine_and_signals_lie_by_time(tmp_path):
    raw = opened.dummy("deap", tmp_path / "raw")
    for subject in range(2, 33):  # one file is enough here
        (raw / f"data_preprocessed_python/s{subject:02}.dat").write_bytes(b"")
    builder = opened.builder("deap", raw, tmp_path)
    found = dict(builder._split_generators(None)["subject01"])
    assert found["s01_01"]["signal"].shape == (64, 32)
    np.testing.assert_allclose(found["s01_01"]["vad"], -1)
    np.testing.assert_allclose(found["s01_40"]["vad"], 1)
    with pytest.raises(ValueError, match=r"s02\.dat is damaged"):
        dict(builder._split_generators(None)["subject02"])
    with pytest.raises(ValueError, match=r"arrays of \(40, 40, 64\)"):
        deap.read(raw / "data_preprocessed_python/s01.dat")


def test_deap_runs_no_code_of_a_file(tmp_path):
    class Trap:
        def __reduce__(self):
            return (shutil.rmtree, (str(tmp_path),))

    path = tmp_path / "s01.dat"
    path.write_bytes(pickle.dumps({"data": Trap(), "labels": 1}))
    with pytest.raises(ValueError, match=r"asks for shutil\.rmtree"):
        deap.read(path)
    assert path.exists()


def test_dreamer_keeps_signals_ratings_and_baselines_of_a_film_together(tmp_path):
    raw = opened.dummy("dreamer", tmp_path / "raw")
    builder = opened.builder("dreamer", raw, tmp_path)
    first = dict(builder._split_generators(None)["subject01"])["01_05"]
    assert (first["signal"].shape, first["baseline"].shape) == ((32, 14), (16, 14))
    assert first["ecg"].shape == (64, 2)
    np.testing.assert_allclose(first["vad"], 1)  # the fifth film is rated 5 of 1..5
    mat = io.loadmat(raw / "DREAMER.mat")
    mat["DREAMER"]["Data"][0, 0][0, 0]["ScoreValence"][0, 0][0, 0] = 6
    io.savemat(tmp_path / "raw" / "DREAMER.mat", {"DREAMER": mat["DREAMER"]})
    with pytest.raises(ValueError, match=r"subject 1, film 1: 6\.0 lies outside"):
        dict(opened.builder("dreamer", raw, tmp_path)._split_generators(None)["subject01"])
    (raw / "DREAMER.mat").write_bytes(b"MATLAB 5.0")
    with pytest.raises(ValueError, match=r"damaged or no DREAMER\.mat"):
        dreamer.read(raw / "DREAMER.mat")


def test_seed_orders_sessions_by_date_and_labels_by_clip(tmp_path):
    raw = opened.dummy("seed", tmp_path / "raw")
    found = dict(opened.builder("seed", raw, tmp_path)._split_generators(None)["subject10"])
    assert len(found) == 45
    clip = found["10_20131030_03"]
    assert (clip["session"], clip["trial"], clip["emotion"]) == (2, 3, 0)  # -1: negative
    assert clip["signal"].shape == (10, 62)


def test_seed_refuses_other_names_labels_and_shapes(tmp_path):
    root = opened.dummy("seed", tmp_path / "raw") / "Preprocessed_EEG"
    held = {k: v for k, v in io.loadmat(root / "1_20131027.mat").items() if "eeg" in k}
    for arrays, why in (
        ({k: v for k, v in held.items() if k != "ab_eeg7"}, "no array for ..._eeg7"),
        ({**held, "ab_eeg1": np.zeros((60, 10))}, "not finite .62, t."),
        ({**held, "cd_eeg15": held["ab_eeg1"]}, "'cd_eeg15'"),
    ):
        io.savemat(tmp_path / "x.mat", arrays)
        with pytest.raises(ValueError, match=why):
            list(seed.trials(tmp_path / "x.mat"))
    io.savemat(root / "label.mat", {"label": [[1, 0, 2] * 5]})
    with pytest.raises(ValueError, match="expected 15 of -1, 0, 1"):
        seed.labels_of(root / "label.mat")
    (root / "1_20131027.mat").unlink()
    with pytest.raises(ValueError, match=r"not three recordings of subject \{1: 2\}"):
        seed.recordings(root)
    (root / "2_20131027.mat").rename(root / "two_20131027.mat")
    with pytest.raises(ValueError, match="not <subject 1 to 15>_"):
        seed.recordings(root)
