"""What SEVLM's runs say is scored by hand; its experiment's margins fail where they should."""

import numpy as np
import pytest

from experiments.sevlm import learns, speak


def test_said_texts_are_scored_by_hand():
    people = [["awe", "The sky is wide."], ["awe", "So wide!"], ["fear", "a storm"]]
    records = [
        {"emotion": "awe", "because": "the sky is wide", "people": people},
        {"emotion": "fear", "because": "a storm comes", "people": people},
        {"emotion": "anger", "because": "a storm comes", "people": people[1:]},
    ]
    told = speak.scores(records)
    assert (told["pictures"], told["clear"], told["emotion"]) == (3, 2, 0.5)
    assert told["one_of"] == pytest.approx(2 / 3)
    assert told["unique"] == 1
    assert told["bleu_1"] == pytest.approx(8 / 10)  # "comes" is in none; no text is too short
    third = (1 + 1.2**2) * (2 / 3) / (1 + 1.2**2 * 2 / 3)  # precision 2/3, recall 1
    assert told["rouge_l"] == pytest.approx((1 + 2 * third) / 3)
    with pytest.raises(ValueError, match="the split is empty"):
        speak.scores([])


def test_margins_that_do_not_hold_are_told():
    row = {"emotion": 0.9, "reason": 0.9, "matched": 0.9, "perplexity": 1.2, "word_vad_rmse": 0.1}
    grey = {**row, "reason": 0.2, "perplexity": 1.4}
    good = {name: [row] for name in learns.LEARNT} | {"grey pictures": [grey]}
    assert learns.faults(good) == []
    told = learns.faults({**good, "whole": [{**row, "matched": 0.6}]})
    assert told == ["matched: whole 0.60, not 0.3 from chance 0.50"]
    assert learns.mean_word() > 0.3
    assert np.isfinite(learns.mean_word())
