"""EmoSet's attributes in words, CLIP's ids of them, and where the person is."""

import numpy as np
import pytest

from affectjax.affect.labels import MIKELS8
from affectjax.data import clip_tokens, prompts
from affectjax.data.ops import labels, people, picture, text

SAID = {"brightness": 0.3, "colorfulness": 1.0, "scene": "beach"}
SAID |= {"facial_expression": "happy", "human_action": "surfing water"}
WHOLE = (
    "The scene type of this photo is beach. {}The image has a brightness of 0.3 and color "
    "saturation of 1.0. Human facial expression is happy. The action being performed is surfing "
    "water. The overall emotion conveyed is awe."
)


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ((), ""),
        (("Dog",), "The main subjects are Dog. "),
        (("Dog", "Ball"), "The main subjects are Dog and Ball. "),
        (("Dog", "Ball", "Human face"), "The main subjects are Dog, Ball and Human face. "),
    ],
)
def test_the_text_of_all_attributes_and_none_to_three_objects(objects, said):
    assert prompts.described(SAID, objects, "awe") == WHOLE.format(said)


def test_what_is_unknown_is_left_out_and_the_sentence_stays_whole():
    none = {"brightness": -1.0, "colorfulness": -1.0, "scene": "", "human_action": ""}
    assert prompts.described(none, (), "fear") == "The overall emotion conveyed is fear."
    assert prompts.described(none) == ""
    lit = prompts.described({**none, "brightness": 0.0})
    assert lit == "The image has a brightness of 0.0."
    coloured = prompts.described({**none, "colorfulness": 0.5, "scene": "bar"})
    assert (
        coloured == "The scene type of this photo is bar. The image has a color saturation of 0.5."
    )


def test_ops_from_what_is_stored_to_ids_and_a_cut():
    g = np.random.default_rng(0)
    stored = {"brightness": np.float32(0.3), "colorfulness": np.float32(1), "scene": b"beach"}
    stored |= {"facial_expression": b"happy", "human_action": b"surfing water", "emotion": 1}
    stored |= {"objects": np.array([b"Dog"], object), "clip_id": b"awe_1"}
    stored["image"] = g.integers(0, 256, (10, 20, 3), np.uint8)
    out = labels.Described(MIKELS8.names).map(stored)
    assert out["text"] == WHOLE.format("The main subjects are Dog. ")
    silent = labels.Described().map(stored)["text"]
    assert silent == out["text"].removesuffix(" The overall emotion conveyed is awe.")
    ids = text.ClipTokens().map(out)["tokens"]
    np.testing.assert_array_equal(ids, clip_tokens.tokenize([out["text"]])[0])
    many = {**out, "text": "word " * 100}
    assert text.ClipTokens().map(many)["tokens"].shape == (clip_tokens.CONTEXT,)
    with pytest.raises(ValueError, match="the data has no 'text' to read"):
        text.ClipTokens().map(stored)


def test_a_person_is_cut_by_the_table_and_otherwise_the_picture_is_whole(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("clip_id,left,top,right,bottom\nawe_1,0.5,0.25,1.5,0.75\n")
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    cut = picture.CutBox(key="image", to="person")
    for name, part in ((b"awe_1", image[2:6, 6:12]), (b"awe_2", image)):
        element = people.Boxes(str(table)).map({"clip_id": name, "image": image})
        np.testing.assert_array_equal(cut.map(element)["person"], part)
    assert people.Boxes().map({"clip_id": "any"})["box"].tolist() == [0, 0, 1, 1]
    for wrong, why in (
        ("clip_id,left\nawe_1,0.5\n", "people.csv is no table of clip_id, left, top"),
        ("clip_id,left,top,right,bottom\na,0.5,0,0.5,1\n", "the box of a has no area"),
    ):
        table.write_text(wrong)
        with pytest.raises(ValueError, match=why):
            people.Boxes(str(table)).map({"clip_id": "a"})
