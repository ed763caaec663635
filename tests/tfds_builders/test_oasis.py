"""OASIS: norms, folds by theme, absent and damaged photographs, the real table and pictures."""

import collections
import re

import numpy as np
import pytest

from tests.tfds_builders import opened
from tfds_builders.oasis import oasis_dataset_builder as oasis

pytestmark = pytest.mark.xdist_group("tf")


def test_absent_and_damaged_photographs_are_listed_unless_allowed(tmp_path):
    raw = opened.dummy("oasis", tmp_path / "raw")
    files = sorted((raw / "Images").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-60])
    with pytest.raises(ValueError, match="2 damaged files") as error:
        opened.builder("oasis", raw, tmp_path).download_and_prepare()
    assert "is not there" in str(error.value)
    assert "damaged or no picture" in str(error.value)
    options = {"allow_damaged": [p.stem for p in files[:2]]}
    found = opened.examples(opened.builder("oasis", raw, tmp_path, **options))
    assert sum(map(len, found.values())) == 898


def test_a_table_of_another_length_is_refused(tmp_path):
    raw = opened.dummy("oasis", tmp_path / "raw")
    table = raw / "OASIS.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-1]))
    with pytest.raises(ValueError, match="899 images, OASIS has 900"):
        opened.builder("oasis", raw, tmp_path, "norms").download_and_prepare()


def test_the_real_norms(data_dir, tmp_path):
    folds = opened.examples(opened.builder("oasis", data_dir("oasis"), tmp_path, "norms"))
    found = [e for examples in folds.values() for e in examples]
    # Kurdi et al. 2017: 900 images in four categories; the counts are those of OASIS.csv.
    assert collections.Counter(oasis.CATEGORIES[e["category"]] for e in found) == {
        "Animal": 134,
        "Object": 200,
        "Person": 346,
        "Scene": 220,
    }
    native = 4 + 3 * np.array([e["vad"][:2] for e in found])
    # On 1..7, by the csv module and NumPy alone, not by our reader.
    np.testing.assert_allclose(native.mean(0), [4.331249, 3.668098], atol=1e-5)
    np.testing.assert_allclose(native.min(0), [1.107843, 1.693069], atol=1e-5)
    np.testing.assert_allclose(native.max(0), [6.490196, 5.722772], atol=1e-5)
    raters = np.array([e["vad_raters"][:2] for e in found])
    assert (raters.min(), raters.max()) == (100, 108)
    assert [len(examples) for examples in folds.values()] == [180] * 5
    themes = [{re.sub(rb" \d+$", b"", e["theme"]) for e in examples} for examples in folds.values()]
    assert sum(map(len, themes)) == len(set.union(*themes)) == 248


def test_the_real_photographs(data_dir, tmp_path):
    folder = data_dir("oasis")
    folds = opened.examples(opened.builder("oasis", folder, tmp_path, "images_present"))
    assert sum(map(len, folds.values())) == len(list((folder / "images").iterdir()))
    with pytest.raises(ValueError, match="is not there"):
        opened.builder("oasis", folder, tmp_path).download_and_prepare()
