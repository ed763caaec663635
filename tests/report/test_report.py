"""Paired intervals against direct resampling; a page that needs nothing from outside."""

import csv
import re

import numpy as np
import pytest
from sklearn import metrics as sk

from affectjax.evals import evaluate, predictions, scores
from affectjax.report import compare, page

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


def test_the_page_stands_alone(tmp_path):
    clips = _run(tmp_path / "run", 1)
    keys = ("probabilities", "emotion", "vad", "vad_pred", "subject")
    values = scores.scores(**{k: clips[k] for k in keys}, resamples=50)
    values |= {"step": 4, "examples": "test", "selected_on": "validation uar"}
    values |= {"labels": list(LABELS), "last": dict(values)}
    (tmp_path / "run" / "metrics.csv").write_text(
        "step,split,name,value\n1,train,loss,2.0\n2,train,loss,1.0\n2,validation,uar,0.5\n"
    )
    (tmp_path / "run" / "config.json").write_text('{"note": "<b>"}')
    evaluate.write_json(tmp_path / "run" / "evaluation" / "test.json", values)
    text = page.write(tmp_path / "run").read_text()
    sources = re.findall(r'(?:src|href)="([^"]{0,22})', text)
    assert len(sources) == 4
    assert all(s.startswith("data:image/png;base64,") for s in sources)
    assert "&lt;b&gt;" in text
    assert f"{values['uar']:.3f}" in text
    pictures = {p.name for p in (tmp_path / "run" / "evaluation").glob("*.png")}
    assert pictures == {
        "test_confusion.png", "test_reliability.png", "test_circumplex.png", "curves.png"
    }  # fmt: skip
