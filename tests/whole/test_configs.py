"""Every config: build, shape-check, real steps on fake data, a kill, and the same command again."""

import importlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from affectjax import config as config_lib
from affectjax.train import checkpoint, inputs, setup, shard, stop
from tests.conftest import REPO
from tests.whole import forks, walk, without_jax

CONFIGS = sorted(p.relative_to(REPO) for p in REPO.glob("configs/*/*.py") if p.stem != "__init__")

KILLED = pathlib.Path("configs/hicmae/ravdess_speech.py")

ONCE = {"train.eval_every": 4}  # at the end only: an evaluation costs as much as the steps

SCORES = (
    "perplexity",
    "multitask",
    "uar",
    "map",
    "ccc_mean",
    "srcc",
)  # the first that a task has is its main one


def _further(name):
    """Further arguments of a config that its VARIANTS, which are walked, or BUILT names."""
    for path in CONFIGS:
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        yield from ((path, arguments) for arguments in getattr(module, name, ()))


VARIANTS = list(_further("VARIANTS"))


def _spec(path):
    more = ",members=2" if "emodb" in str(path) else ""  # one of them walks as an ensemble
    return f"{path}:tiny,fake{more}"


def _command(path, workdir, *more):
    flags = [f"--config={_spec(path)}", f"--workdir={workdir}", *more]
    return [sys.executable, "-m", "affectjax.main", *flags]


def _walked(spec, workdir):
    """What `walk` tells of a config: trained, scored, predicted and exported."""
    workdir.mkdir(exist_ok=True)
    exports = str(KILLED) not in spec  # which is exported from the command line, below
    forks.run(workdir / "said.txt", walk.walk, spec, workdir, ONCE, exports)
    told = json.loads((workdir / "walked.json").read_text())
    name = told["metric"]
    assert np.isfinite(told["last"][name])
    if name == "loss":  # pre-training: nothing to score
        return
    assert name == next(n for n in SCORES if n in told["test"])
    low, high = told["test"][f"{name}_interval"]
    assert low <= high
    assert {"probabilities", "labels", "vad", "score"} & set(told["said"])
    if exports:
        assert 0 <= max(told["differences"].values()) < 1e-4
        assert ("because" in told["differences"]) == ("says" in told["said"])
    assert (workdir / "report.html").exists()


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    """One device, and programs compiled fast and kept: these tests run few steps of many models."""
    cache = tmp_path_factory.getbasetemp().parent / "compiled"
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",  # compiles in half the time
    }
    with without_jax.served(tmp_path_factory.mktemp("fresh")) as place:
        forks.serve({**settings, **place})
        yield {**os.environ, **settings}


@pytest.mark.parametrize("path", CONFIGS, ids=str)
def test_a_config_describes_itself_and_builds(path, monkeypatch):
    monkeypatch.chdir(REPO)
    text = path.read_text().split('"""')[1]
    assert f"--config={path}" in text, "the docstring gives the exact command"
    _builds(f"{path}:fake")


@pytest.mark.parametrize(("path", "arguments"), _further("BUILT"), ids=str)
def test_a_config_builds_with_other_arguments(path, arguments, monkeypatch):
    monkeypatch.chdir(REPO)
    _builds(f"{path}:tiny,fake,{arguments}")


def _builds(spec):
    config = config_lib.load(spec)
    run = setup.prepare(config, shard.make_mesh(config.mesh.to_dict()), inputs.example_spec(config))
    state, terms = jax.eval_shape(run.train_step, run.abstract, run.spec)
    assert state.params.keys() == run.abstract.params.keys()
    assert terms["loss"].shape == ()
    json.loads(config_lib.to_json(config))


@pytest.mark.parametrize("path", CONFIGS, ids=str)
@pytest.mark.usefixtures("env")
def test_a_config_trains_is_killed_and_ends_where_the_unbroken_run_ends(path, tmp_path):
    whole, broken, said = tmp_path / "whole", tmp_path / "broken", tmp_path / "said.txt"
    _walked(_spec(path), whole)
    forks.killed(said, 2, 0, walk.train, _spec(path), broken, ONCE)
    forks.run(said, walk.train, _spec(path), broken, ONCE)
    _assert_same(whole, broken)


@pytest.mark.parametrize(("path", "variant"), VARIANTS, ids=str)
@pytest.mark.usefixtures("env")
def test_a_variant_trains_scores_predicts_and_exports(path, variant, tmp_path):
    _walked(f"{path}:{variant},tiny,fake", tmp_path)


@pytest.mark.usefixtures("env")
def test_the_commands_after_training_from_the_command_line(tmp_path):
    workdir = tmp_path / "run"
    _does(workdir)
    _does(workdir, "--mode=evaluate")
    result = json.loads((workdir / "evaluation" / "test.json").read_text())
    assert 0 <= result["uar"] <= 1
    assert result["last"]["step"] == 4
    assert (workdir / "report.html").exists()
    _predicts_and_exports(workdir)
    _is_scored_on_another_corpus(workdir)


def _does(workdir, *more, code=0):
    """The output of a command on KILLED, which must end with `code`."""
    flags = (f"--config={_spec(KILLED)}", f"--workdir={workdir}", *more)
    ended, said = forks.command(workdir.with_suffix(".txt"), *flags)
    assert ended == code, said[-3000:]
    return said


def test_pre_training_has_nothing_to_score(tmp_path):
    command = _command("configs/hicmae/pretrain.py", tmp_path, "--mode=evaluate")
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert done.returncode != 0
    assert "the config is of pre-training, which has no labels to score" in done.stderr


def _predicts_and_exports(workdir):
    """What a user does after training: a folder with a film and a damaged file, then serving."""
    folder = workdir / "media"
    folder.mkdir()
    walk.media(folder, still=False)
    (folder / "damaged.wav").write_bytes(b"RIFF")
    said = _does(workdir, "--mode=predict", f"--input={folder}", code=1)
    assert "1 of 2 files failed" in said
    assert "damaged.wav is cut short" in said
    lines = (workdir / "predict" / "film.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert (first["face"] is not None) == ("frames" in first["modalities"])
    assert (workdir / "predict" / "film_timeline.png").stat().st_size > 10_000
    _does(workdir, "--mode=export")
    assert "is not empty" in _does(workdir, "--mode=export", code=1)
    card = json.loads((workdir / "export" / "assets" / "card.json").read_text())
    assert list(first["probabilities"]) == card["labels"]


def _is_scored_on_another_corpus(workdir):
    _does(workdir, "--mode=evaluate", "--on=configs/hicmae/emodb_speech.py:tiny,fake")
    told = json.loads((workdir / "evaluation" / "on_emodb.json").read_text())
    assert len(told["labels"]) == 6
    assert 0 < told["clips"] < told["clips"] + told["clips_left_out"] == 64
    text = (workdir / "report.html").read_text()
    assert "<h2>test</h2>" in text
    assert "<h2>on_emodb</h2>" in text


def _assert_same(a, b):
    first, second = (checkpoint.restore_params(p, best=False) for p in (a, b))
    jax.tree.map(lambda x, y: (x == y).all() or pytest.fail("parameters differ"), first, second)


@pytest.mark.usefixtures("env")
def test_kills_at_any_time_change_nothing(tmp_path):
    """SIGKILL at random times in one run (KILLS, 5 by default); parameters end equal to the bit.

    The seed is new every time and printed: a failure is repeated with KILL_SEED.
    """
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 10**6))
    print(f"KILL_SEED={seed}")
    g = random.Random(seed)
    fields = {"train.steps": 40, "train.eval_every": 20}
    whole, broken, said = tmp_path / "whole", tmp_path / "broken", tmp_path / "said.txt"
    forks.run(said, walk.train, _spec(KILLED), whole, fields)
    for step in sorted(g.sample(range(1, 38), int(os.environ.get("KILLS", 5)))):
        wait = g.uniform(0, 0.1)
        forks.killed(said, step, wait, walk.train, _spec(KILLED), broken, fields)
    forks.run(said, walk.train, _spec(KILLED), broken, fields)
    _assert_same(whole, broken)


def test_sigterm_saves_and_exits_with_the_code_that_says_run_again(tmp_path, env):
    extra = ["--config.train.steps=500", "--config.train.checkpoint_every=500"]
    command = _command(KILLED, tmp_path / "run", *extra)
    process = subprocess.Popen(command, cwd=REPO, env=env, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("step 3/"):
            process.send_signal(signal.SIGTERM)
            break
    rest = process.stdout.read()
    assert process.wait(60) == stop.STOPPED == 75
    assert "the same command goes on from here" in rest
    assert checkpoint.restore_params(tmp_path / "run", best=False)


def test_help_answers_without_jax_or_tensorflow():
    code = (
        "import sys, affectjax.main; "
        "heavy = {'jax', 'flax', 'tensorflow', 'grain'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPO, check=True)


def test_an_unknown_field_or_argument_is_an_error_with_a_hint(tmp_path):
    config = "configs/hicmae/ravdess_speech.py"
    for flags, hint in (
        ([f"--config={config}:tiny,fake", "--config.train.step=3"], "step"),
        ([f"--config={config}:fild=3"], "did you mean 'fold'"),
    ):
        command = [sys.executable, "-m", "affectjax.main", *flags, f"--workdir={tmp_path}"]
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
        assert done.returncode != 0
        assert hint in done.stderr
