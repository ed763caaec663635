"""What SEVLM's runs say is scored by hand; its experiment's margins fail where they should."""

import shutil

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


@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR's program runs by Java")
def test_meteor_is_that_of_its_authors_by_hand():
    """Denkowski & Lavie 2014 with the English weights: alpha 0.85, beta 0.2, gamma 0.6."""
    people = [["awe", "dark storm sea"]]
    records = [
        {"emotion": "awe", "because": "dark storm sea", "people": people},
        {"emotion": "awe", "because": "dark storm", "people": people},
    ]
    recall = 2 / 3
    mean = recall / (0.85 + 0.15 * recall)  # precision 1
    one = mean * (1 - 0.6 * (1 / 2) ** 0.2)  # one run of two words
    exact = ("-m", "exact")  # the program reads its paraphrases for ten seconds
    assert speak.meteor(records[1:], *exact)["meteor"] == pytest.approx(one, abs=1e-6)
    assert one < speak.meteor(records, *exact)["meteor"] < 1
    with pytest.raises(RuntimeError, match=r"METEOR's program ended: .+"):
        speak.meteor(records, "-m", "nothing")


def test_margins_that_do_not_hold_are_told():
    row = {"emotion": 0.9, "reason": 0.9, "matched": 0.9, "perplexity": 1.2, "word_vad_rmse": 0.1}
    grey = {**row, "reason": 0.2, "perplexity": 1.4}
    good = {name: [row] for name in learns.LEARNT} | {"grey pictures": [grey]}
    assert learns.faults(good) == []
    told = learns.faults({**good, "whole": [{**row, "matched": 0.6}]})
    assert told == ["matched: whole 0.60, not 0.3 from chance 0.50"]
    assert learns.mean_word() > 0.3
    assert np.isfinite(learns.mean_word())
