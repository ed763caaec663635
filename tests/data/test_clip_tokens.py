"""Token ids against those of OpenCLIP 3.3's SimpleTokenizer, which is OpenAI's code."""

import pytest

from affectjax.data import clip_tokens

REFERENCE = {
    "a photo of a happy face.": [320, 1125, 539, 320, 900, 1710, 269],
    "Don't   stop!!  it's 2024, naïve café": [
        *(847, 713, 1691, 748, 585, 568, 273, 271, 273, 275, 267, 1097, 35689, 563, 15304)
    ],
    "😀😭 mood ≥ 3.5": [12832, 3915, 5394, 22684, 354, 274, 269, 276],
    "a &amp; b &lt;tag&gt;": [320, 261, 321, 283, 3640, 285],
    "日本語 テスト": [39121, 44353, 34002, 508, 2429, 228, 32421, 486],
    "   ": [],
}


def test_ids_are_those_of_openai():
    rows = clip_tokens.tokenize(list(REFERENCE))
    assert rows.shape == (len(REFERENCE), 77)
    assert rows.dtype == "int32"
    for row, ids in zip(rows.tolist(), REFERENCE.values(), strict=True):
        assert row == [49406, *ids, 49407] + [0] * (75 - len(ids))


def test_a_long_text_is_an_error_unless_its_end_may_be_dropped():
    with pytest.raises(ValueError, match=r"has 102 tokens, CLIP reads 77.*truncate=True"):
        clip_tokens.tokenize(["word " * 100])
    row = clip_tokens.tokenize(["word " * 100], truncate=True)[0].tolist()
    assert row == [49406, *[2653] * 75, 49407]


def test_one_string_is_not_a_list_of_letters():
    with pytest.raises(ValueError, match="give a list"):
        clip_tokens.tokenize("happy")
