"""Look-up of words by hand-worked examples; the toy lexicon is ours."""

import numpy as np
import pytest

from affectjax.affect import lexicon

TOY = {
    "run": (0.1, 0.5, 0.2),
    "sky": (0.4, -0.2, 0.0),
    "happy": (0.9, 0.4, 0.5),
    "love": (1.0, 0.3, 0.2),
    "woman": (0.3, 0.0, 0.1),
    "church": (0.2, -0.3, 0.1),
    "glass": (0.1, -0.1, 0.0),
    "full": (0.2, 0.0, 0.1),
    "leaf": (0.2, -0.5, -0.2),
}


@pytest.mark.parametrize(
    ("word", "entry"),
    [
        ("happy", "happy"),
        ("HAPPY", "happy"),
        ("happiest", "happy"),
        ("running", "run"),
        ("runs", "run"),
        ("loved", "love"),
        ("loving", "love"),
        ("skies", "sky"),
        ("women", "woman"),
        ("churches", "church"),
        ("glasses", "glass"),
        ("fuller", "full"),
        ("leaves", "leaf"),
        ("unknown", None),
        ("s", None),
        ("", None),
    ],
)
def test_endings(word, entry):
    assert lexicon.base(word, TOY) == entry


def test_a_table_for_a_vocabulary_in_pieces():
    vocabulary = ["<pad>", "Ġhappy", "happy", "▁Skies", " run", "ning"]
    zero = (0.0, 0.0, 0.0)
    expected = [zero, TOY["happy"], TOY["happy"], TOY["sky"], TOY["run"], zero]
    np.testing.assert_allclose(lexicon.token_vad(vocabulary, TOY), expected, rtol=1e-6)


def test_files(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text(
        "Word\tValence\tArousal\tDominance\nhappy\t0.9\t0.4\t0.5\nill at ease\t-1\t0\t0\n"
    )
    assert lexicon.read(path) == {"happy": (0.9, 0.4, 0.5), "ill at ease": (-1, 0, 0)}
    for text, why in (
        ("happy\t0.9\t0.4\n", "line 1: .* between tabs"),
        ("happy\t7\t4\t5\n", r"outside \[-1, 1\]; take the file of the bipolar scale"),
        ("", "holds no words"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=why):
            lexicon.read(path)
