"""EmoBank: the published splits, scales and both perspectives on the real tables."""

import numpy as np
import pytest

from tests.tfds_builders import opened

pytestmark = pytest.mark.xdist_group("tf")


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("emobank.csv", "train,1.00", "train,0.50", "V 0.50 is not between 1 and 5"),
        ("emobank.csv", "made_0,train", "made_0,dev2", "split 'dev2' is not one of train, dev"),
        ("emobank.csv", "made_0,", "made_1,", "'made_1' is already in line 2"),
        ("emobank.csv", "id,split", "id,fold", "another version"),
        ("reader.csv", "made_0", "made_x", "the table reader lacks made_0"),
        ("meta.tsv", "document\tcategory", "document\tgenre", "another version"),
    ],
)
def test_broken_tables_are_named(tmp_path, file, before, after, why):
    raw = opened.dummy("emobank", tmp_path / "raw")
    text = (raw / file).read_text()
    assert before in text
    (raw / file).write_text(text.replace(before, after, 1))
    with pytest.raises(ValueError, match=why):
        opened.builder("emobank", raw, tmp_path).download_and_prepare()


def test_an_absent_table_is_named(tmp_path):
    raw = opened.dummy("emobank", tmp_path / "raw")
    (raw / "writer.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks writer\.csv\. Put emobank\.csv"):
        opened.builder("emobank", raw, tmp_path).download_and_prepare()


def test_the_real_sentences(data_dir, tmp_path):
    splits = opened.examples(opened.builder("emobank", data_dir("emobank"), tmp_path))
    # Buechel & Hahn's repository: 10,062 sentences, 8,062 / 1,000 / 1,000.
    assert {k: len(v) for k, v in splits.items()} == {
        "train": 8062,
        "validation": 1000,
        "test": 1000,
    }
    found = [e for examples in splits.values() for e in examples]
    vad = np.array([e["vad"] for e in found])
    # Means on 1..5, by the csv module and NumPy alone, not by our reader.
    np.testing.assert_allclose(3 + 2 * vad.mean(0), [2.976690, 3.041785, 3.062763], atol=1e-5)
    reader, writer = (np.array([e[f"vad_{p}"] for e in found]) for p in ("reader", "writer"))
    # The combined rating lies between the two perspectives (a weighted mean; 2 decimals kept).
    low, high = np.minimum(reader, writer) - 0.006, np.maximum(reader, writer) + 0.006
    assert ((vad >= low) & (vad <= high)).all()
    assert {int(e["vad_raters_reader"][0]) for e in found} <= set(range(2, 8))
