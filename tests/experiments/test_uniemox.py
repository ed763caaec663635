"""UniEmoX's drawn scenes are what they are said to be; margins that do not hold are told."""

import numpy as np
import pytest

from experiments.uniemox import learns


def test_an_emotion_needs_both_the_place_and_the_person():
    drawn = {k: np.asarray(v) for k, v in learns.scenes(0, 64).items()}
    place, person = drawn["tokens"][:, 1] - 2, drawn["tokens"][:, 2] - 6
    for known in (place, person):
        told = [len({*drawn["emotion"][known == kind]}) for kind in range(learns.KINDS)]
        assert told == [2] * learns.KINDS
    np.testing.assert_array_equal(drawn["caption"], learns.KINDS * place + person)
    lost = (drawn["person"] == drawn["image"]).all((1, 2, 3))
    assert 0.25 < lost.mean() < 0.75
    found = learns.scenes(0, 64, found=1.0)
    np.testing.assert_array_equal(found["image"], drawn["image"])
    assert not (found["person"] == found["image"]).all((1, 2, 3)).any()


def test_margins_that_do_not_hold_are_told():
    row = {"tuned": 0.4, "probe": 0.4, "likeness": 0.0}
    whole = {"tuned": 0.7, "probe": 0.9, "likeness": 0.8}
    others = {name: [row, row] for name in (learns.NOTHING, *learns.ARMS)}
    rows = {**others, learns.WHOLE: [whole, {**whole, "tuned": 0.8}], "CLIP itself": [row] * 2}
    assert learns.faults(rows) == []
    told = learns.faults({**rows, "masks alone": [{**whole, "tuned": 0.72}]})
    assert told == [
        "tuned: UniEmoX 0.75, not 0.05 from masks alone 0.72",
        "probe: UniEmoX 0.90, not 0.25 from masks alone 0.90",
    ]
    line = next(x for x in learns.table(rows).splitlines() if x.startswith("| masks"))
    cells = [cell.strip() for cell in line.split("|")[2:-1]]
    half = 0.05 * 12.7062  # s / sqrt(2) is 0.05; t of one degree of freedom
    assert cells[3] == f"0.35 [{0.35 - half:.2f}, {0.35 + half:.2f}]"
    with pytest.raises(KeyError):
        learns.table({"masks alone": [row]})
