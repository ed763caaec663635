"""What the plots of a dataset count."""

import numpy as np
import pytest

from affectjax.data import statistics

SAID = {"names": {"emotion": ["a", "b"], "multilabel": ["x", "y"], "votes": ["a", "b"]}}


def test_gathered_numbers_are_those_of_the_items_and_every_panel_is_drawn(tmp_path):
    items = [
        {
            "emotion": np.int64(e),
            "multilabel": np.array(m, np.float32),
            "votes": np.array([3, 1]),
            "vad": np.array([0.5, -0.5, np.nan], np.float32),
            "audio": np.zeros(8000, np.int16),
        }
        for e, m in ((0, [1, 1]), (0, [0, 1]), (-1, [0, 0]))
    ]
    told = statistics.gather(items, SAID)
    assert told["counts"] == {
        "emotion": {"a": 2, "b": 0, "none": 1},
        "multilabel": {"x": 1, "y": 2, "none": 1},
    }
    assert told["winner"]["votes"].tolist() == [0.75] * 3
    assert told["seconds"].tolist() == [0.5] * 3
    assert told["vad"].shape == (3, 3)
    statistics.draw(told, "toy", tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="toy: no categories"):
        statistics.draw(statistics.gather([], SAID), "toy", tmp_path / "none.png")
