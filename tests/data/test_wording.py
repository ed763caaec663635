"""Words' valence by hand."""

import numpy as np
import pytest

from affectjax.data import wording


def test_a_lexicon_is_scaled_and_texts_have_the_mean_of_its_words(tmp_path):
    path = tmp_path / "vader_lexicon.txt"
    path.write_text("good\t2.0\t0.5\t[2]\ndon't\t-4\t0\t[-4]\n")
    lexicon = wording.read_vader(path)
    assert lexicon == {"good": 0.5, "don't": -1.0}
    told = wording.valence(["Good, GOOD: don't!", "nothing"], lexicon)
    np.testing.assert_allclose(told, [0.0, np.nan])
    path.write_text("good\t5\n")
    with pytest.raises(ValueError, match=r"line 1: the mean 5\.0 is not between"):
        wording.read_vader(path)


def test_categories_without_an_item_have_no_mean():
    means = wording.by_category(np.array([0.5]), np.array([[1.0, 0.0]]), ("a", "b"))
    assert means["a"] == 0.5
    assert np.isnan(means["b"])
