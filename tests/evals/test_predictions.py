"""Predictions as CSV: what was written is what is read, of every task."""

import numpy as np

from affectjax.evals import evaluate, predictions
from affectjax.predict import told

ROWS = {"clip_id": np.array([7, 8]), "subject": np.arange(2)}


def _round(tmp_path, clips, labels=()):
    predictions.write(tmp_path, "test", clips, labels)
    return predictions.read(tmp_path / f"test{predictions.ENDING}")


def test_one_score_of_each_item_goes_round(tmp_path):
    clips = {**ROWS, "score": np.array([0.25, 0.5]), "score_pred": np.array([0.1, 0.75])}
    back = _round(tmp_path, clips)
    assert set(back) == set(clips)
    for name, value in clips.items():
        np.testing.assert_array_equal(back[name], value)
    (tmp_path / "evaluation").mkdir()
    predictions.write(tmp_path / "evaluation", "test", clips, ())
    assert predictions.labels(tmp_path, "test") == []
    assert evaluate.calibrated(clips, evaluate.fit(clips, "validation")) == {}
    assert set(evaluate.score_arguments(clips)) == {"score", "score_pred", "subject"}
    row = {k: v[1] for k, v in clips.items()}
    assert told.named(None, row) == {"score": 0.75}


def test_valence_and_arousal_without_dominance_go_round(tmp_path):
    clips = {**ROWS, "vad": np.eye(2), "vad_pred": np.eye(2)[::-1]}
    back = _round(tmp_path, clips)
    np.testing.assert_array_equal(back["vad"], clips["vad"])
    np.testing.assert_array_equal(back["vad_pred"], clips["vad_pred"])
    fitted = evaluate.fit(clips, "validation")
    assert len(fitted["vad_half_width"]) == 2
