"""What the loop refuses, and what it says when numbers go wrong."""

import pytest

from affectjax import config as config_lib
from affectjax.train import loop, report
from tests.conftest import REPO
from tests.train import toy_run


@pytest.fixture
def config(monkeypatch):
    monkeypatch.chdir(REPO)
    return config_lib.load("configs/hicmae/ravdess_speech.py:tiny,fake")


def test_a_test_split_may_not_choose_the_checkpoint_under_any_name(config):
    config.select.split = "test"
    with pytest.raises(ValueError, match="may not choose checkpoints"):
        loop.check_selection(config)
    config.select.split = "validation"
    loop.check_selection(config)
    config.data.splits.update(validation="actor05+actor01", test="actor01+actor02")
    with pytest.raises(ValueError, match="holds actor01 of the test split"):
        loop.check_selection(config)
    config.select.reproduces = "HiCMAE, arXiv 2401.05698"
    loop.check_selection(config)


def test_a_run_stops_at_a_value_that_is_not_finite_and_names_it(tmp_path):
    config = toy_run.get_config()
    config.optimizer.schedule.peak = 1e30
    config.optimizer.schedule.warmup = 1
    with pytest.raises(FloatingPointError, match=r"step \d: .*gradient or update of"):
        loop.train(config, tmp_path)


def test_a_resumed_metrics_file_holds_no_step_twice(tmp_path):
    first = report.MetricsFile(tmp_path)
    for step in (1, 2, 3):
        first.write(step, "train", {"loss": step})
    again = report.MetricsFile(tmp_path, step=2)
    again.write(3, "train", {"loss": 30.0})
    rows = [(r["step"], r["value"]) for r in report.read_metrics(tmp_path / "metrics.csv")]
    assert rows == [("1", "1.0"), ("2", "2.0"), ("3", "30.0")]
