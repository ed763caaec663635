"""Paired intervals against direct resampling; a page that needs nothing from outside."""

import csv
import io
import re
from dataclasses import dataclass

import av
import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax import config as config_lib
from affectjax.affect.labels import EKMAN7
from affectjax.data import fake, pipeline
from affectjax.evals import evaluate, predictions, scores
from affectjax.report import clips as clips_lib
from affectjax.report import compare, links, meaning, page, player
from tests.conftest import REPO

LABELS = ("anger", "joy", "neutral")


def _clips(seed, n=90, signal=1.0):
    g = np.random.default_rng(0)  # the same clips for every seed
    y, subject = g.integers(0, 3, n), np.arange(n) % 9
    vad = g.uniform(-1, 1, (n, 3))
    h = np.random.default_rng(seed)
    logits = signal * np.eye(3)[y] + h.normal(0, 1, (n, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    pred = vad + h.normal(0, 0.5, (n, 3))
    return {
        "clip_id": np.arange(n) * 7, "subject": subject, "emotion": y, "probabilities": p,
        "vad": vad, "vad_pred": pred,
    }  # fmt: skip


def _run(folder, seed, **kwargs):
    clips = _clips(seed, **kwargs)
    (folder / "evaluation").mkdir(parents=True)
    predictions.write(folder / "evaluation", "test", clips, LABELS)
    return clips


def test_a_paired_interval_is_that_of_resampling_clips_by_hand(tmp_path):
    a, b = _clips(1, signal=0.5), _clips(2, signal=2.0)
    one, two, low, high = compare.difference(a, b, "uar", resamples=400)
    recall = lambda r, i: sk.balanced_accuracy_score(  # noqa: E731
        r["emotion"][i], r["probabilities"][i].argmax(1)
    )
    every = np.arange(len(a["emotion"]))
    assert one == pytest.approx(recall(a, every))
    assert two == pytest.approx(recall(b, every))
    g, gaps = np.random.default_rng(3), []
    for _ in range(400):
        people = g.integers(0, 9, 9)
        rows = np.concatenate([np.flatnonzero(a["subject"] == p) for p in people])
        gaps.append(recall(b, rows) - recall(a, rows))
    np.testing.assert_allclose([low, high], np.quantile(gaps, [0.025, 0.975]), atol=0.03)


def test_runs_are_compared_and_written(tmp_path, capsys):
    for name, signal in (("a", 0.5), ("b", 2.0)):
        _run(tmp_path / name, seed=len(name), signal=signal)
    rows = compare.compare([tmp_path / "a", tmp_path / "b"], str(tmp_path / "out"))
    assert {r["score"] for r in rows} == {"uar", "war", "nll", "ccc_mean"}
    gain = next(r for r in rows if r["score"] == "uar" and r["run"].endswith("b"))
    assert gain["low"] <= gain["difference"] <= gain["high"]
    with (tmp_path / "out" / "compare.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    assert "| test | uar |" in capsys.readouterr().out


def test_runs_of_other_clips_are_not_compared(tmp_path):
    _run(tmp_path / "a", 1)
    _run(tmp_path / "b", 1, n=81)
    with pytest.raises(ValueError, match="differ in 9 clips"):
        compare.compare([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(FileNotFoundError, match="run --mode=evaluate there first"):
        compare.compare([tmp_path / "a", tmp_path / "c"])
    with pytest.raises(ValueError, match="two work directories"):
        compare.compare([tmp_path / "a"])


def _evaluated(folder):
    """The folder of a run on fake clips as training and evaluation leave it."""
    config = config_lib.load(str(REPO / "configs/hicmae/synth.py:tiny,fake"))
    clips = _clips(1, n=60)
    p = np.concatenate([clips["probabilities"], np.zeros((60, 4))], 1)
    ids = np.array([pipeline.hash_id(f"fake-0-{i}") for i in range(60)])
    clips |= {"probabilities": p, "clip_id": ids, "distribution": np.roll(p, 1, axis=0)}
    (folder / "evaluation").mkdir(parents=True)
    predictions.write(folder / "evaluation", "test", clips, EKMAN7.names)
    keys = ("probabilities", "emotion", "vad", "vad_pred", "subject")
    values = scores.scores(**{k: clips[k] for k in keys}, resamples=50)
    values |= {"step": 4, "examples": "test", "selected_on": "validation uar"}
    values |= {"labels": list(EKMAN7.names), "last": dict(values)}
    (folder / "metrics.csv").write_text(
        "step,split,name,value\n1,train,loss,2.0\n2,train,loss,1.0\n2,validation,uar,0.5\n"
    )
    (folder / "parameters.txt").write_text("head 231 <b>\nTotal: 231 -- 924 bytes")
    (folder / "config.json").write_text(config_lib.to_json(config))
    evaluate.write_json(folder / "evaluation" / "test.json", values)
    return clips, values


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A run with its report, and its scores."""
    folder = tmp_path_factory.mktemp("runs") / "a"
    _, values = _evaluated(folder)
    page.write(folder)
    return folder, values


def test_the_page_stands_alone_and_shows_clips(reported):
    folder, values = reported
    text = (folder / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,22})', text)
    assert sum(s.startswith("data:image/png;base64,") for s in sources) == 5
    assert sum(s.startswith("data:video/webm;base64") for s in sources) == 2 * clips_lib.SHOWN
    assert len(sources) == 5 + 2 * clips_lib.SHOWN
    assert not re.search(r"https?://|url\(|@import", text)
    assert "&lt;b&gt;" in text
    for told in (f"{values['uar']:.3f}", "Most disputed", "jaxlib", "&quot;seed&quot;: 0"):
        assert told in text
    pictures = {p.name for p in (folder / "evaluation").glob("*.png")}
    of_test = ("confusion", "reliability", "raters", "circumplex")
    assert pictures == {"curves.png", *(f"test_{name}.png" for name in of_test)}


def test_the_page_begins_with_what_the_run_is_and_what_it_reached(reported):
    folder, values = reported
    head = (folder / "report.html").read_text().partition("<h2>")[0]
    uar = f"uar {values['uar']:.3f} [{page._interval(values, 'uar')}]; chance 0.143"
    for told in ("Finetune, 231 parameters", "affect_synth (fake: 64 clips of noise)", uar):
        assert told in head


def test_every_score_is_explained():
    rows, g = _clips(1, n=30), np.random.default_rng(0)
    labels, units = g.integers(0, 2, (2, 30, 4)).astype(float)
    given = {k: v for k, v in rows.items() if k != "clip_id"}
    rows |= {"multilabel": labels, "multilabel_pred": 0.6 * labels + 0.2}
    values = scores.scores(
        **given,
        distribution=rows["probabilities"],
        multilabel=labels,
        multilabel_pred=rows["multilabel_pred"],
        score=g.normal(size=30),
        score_pred=g.normal(size=30),
        action_units=units,
        action_units_pred=0.6 * units + 0.2,
        resamples=5,
    )
    values |= evaluate.calibrated(rows, evaluate.fit(rows, "validation"))
    told = {name: meaning.of(name)[0] for name, value in values.items() if isinstance(value, float)}
    told.pop("units_chance")  # shown as what chance reaches
    assert len(told) > 40
    assert all(told.values()), [name for name, what in told.items() if not what]
    assert meaning.chance(values)["uar"] == pytest.approx(1 / 3)


def test_worst_are_the_least_likely_truths_and_disputed_those_of_split_votes():
    rows = _clips(1, n=20)
    votes = [[9, 0, 0]] * 20
    votes[3], votes[7] = [3, 3, 3], [5, 4, 0]
    ids = [pipeline.hash_id(str(i)) for i in range(20)]
    rows["clip_id"] = np.array([*ids[:7], *ids[8:], 1])  # clip 7 was not predicted
    examples = [{"clip_id": str(i).encode(), "votes": votes[i]} for i in range(20)]
    worst, disputed = clips_lib.find(examples, rows, count=4)
    truth = rows["probabilities"][np.arange(20), rows["emotion"]]
    shown = [i for i in np.argsort(truth, kind="stable")[:4] if i != 19]  # row 19 has no example
    assert [clip.row for clip in worst] == shown
    assert [clip.example["clip_id"] for clip in disputed] == [b"3"]


def test_a_film_plays_as_long_as_its_clip():
    example = fake.Fake({"frames": _Feature(object), "audio": _Feature(np.int16)}, 1)[0]
    webm = player.film(example["frames"], 6.25, example["audio"])
    with av.open(io.BytesIO(webm)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16
    with av.open(io.BytesIO(webm)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert heard == pytest.approx(2.56, abs=0.05)


@dataclass(frozen=True)
class _Feature:
    np_dtype: object
    shape: tuple = (None,)


def test_compared_runs_link_to_each_other(reported):
    folder, _ = reported
    _evaluated(folder.parent / "b")
    before = (folder / "report.html").read_text()
    compare.compare([folder, folder.parent / "b"], str(folder.parent / "out"))
    text = (folder / "report.html").read_text()
    assert '<a href="../out/compare.html">compared</a> with b' in text
    assert text.replace(links.nav(folder), "<nav class=compared></nav>") == before
    told = (folder.parent / "out" / "compare.html").read_text()
    assert '<a href="../a/report.html">a</a>, b' in told.replace("\n", "")
    (folder / links.FILE).unlink()
    (folder / "report.html").write_text(before)
