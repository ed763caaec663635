"""The schema: what it lets through and what it refuses, by key and value."""

import numpy as np
import pytest

from affectjax import batch
from affectjax.affect import vad
from affectjax.data import schema

SAID = schema.metadata(
    names={
        "emotion": ("calm", "angry"),
        "votes": ("calm", "angry"),
        "votes_face": ("calm", "angry"),
        "multilabel": ("a", "b", "c"),
        "distribution": ("calm", "angry"),
        "action_units": ("AU1", "AU2"),
    },
    scale=vad.SAM7,
    rated=("valence", "arousal"),
    own={"level": "how loud it was asked for"},
)
GOOD = {
    "clip_id": b"one",
    "image": b"\xff\xd8\xff\xe0 and so on",
    "frames": np.array([b"\x89PNG\r\n\x1a\n...", b"\xff\xd8\xff..."], object),
    "audio": np.zeros(3, np.int16),
    "text": "größer".encode(),
    "emotion": np.int64(1),
    "votes": np.array([0, 3], np.int32),
    "votes_face": np.array([1, 3], np.int32),
    "distribution": np.array([0.25, 0.75], np.float32),
    "multilabel": np.array([0, 1, 1], np.float32),
    "vad": np.array([-1, 1, np.nan], np.float32),
    "vad_raters": np.array([5, 4, 0], np.int32),
    "vad_trace": np.array([[0, 0.5, np.nan]] * 4, np.float32),
    "action_units": np.array([0, 1], np.float32),
    "box": np.array([0.1, 0.2, 0.3, 0.4], np.float32),
    "landmarks": np.zeros((5, 2), np.float32),
    "subject": np.int64(3),
    "start": np.float32(1.5),
    "level": b"anything",
}


def test_a_good_example_passes():
    schema.check_features(GOOD, SAID)
    schema.check(GOOD, SAID)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("image", b"GIF89a", "JPEG or PNG"),
        ("image", "path.jpg", "str, the schema says bytes"),
        ("frames", np.array([], object), "not empty"),
        ("audio", np.zeros(3, np.float32), "schema says int16"),
        ("audio", np.zeros(0, np.int16), "is empty"),
        ("text", b"\xff\xfe", "not UTF-8"),
        ("emotion", np.int64(2), "there are 2 categories"),
        ("emotion", np.int64(-1), "there are 2 categories"),
        ("votes", np.array([0, 0], np.int32), "no vote"),
        ("votes_face", np.array([-1, 2], np.int32), "outside 0"),
        ("votes", np.array([1, 2, 3], np.int32), "3 entries"),
        ("distribution", np.array([0.5, 0.6], np.float32), "not to 1"),
        ("multilabel", np.array([0, 0.5, 1], np.float32), "not only 0 and 1"),
        ("vad", np.array([3, 4, np.nan], np.float32), r"holds 3.0, outside -1"),
        ("vad", np.array([0, 0, 0], np.float32), "only .'valence', 'arousal'. are rated"),
        ("vad", np.array([0, np.nan, np.nan], np.float32), "holds nan"),
        ("vad_trace", np.zeros(3, np.float32), "schema says float32 .t 3."),
        ("action_units", np.array([0, 5], np.float32), "holds 5.0"),
        ("box", np.array([0.3, 0.2, 0.1, 0.4], np.float32), "no area"),
        ("landmarks", np.zeros((5, 3), np.float32), "has shape"),
        ("subject", np.int64(-2), "outside 0"),
    ],
)
def test_a_broken_value_is_named_with_item_and_key(key, value, why):
    with pytest.raises(ValueError, match=why) as error:
        schema.check({**GOOD, key: value}, SAID)
    assert "b'one'" in str(error.value)
    assert repr(key) in str(error.value)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("image emotion", "no key clip_id"),
        ("clip_id mood", "neither in affectjax/data/schema.py nor explained"),
        ("clip_id votes_voice", "'votes_voice' has no names"),
        ("clip_id age", "who people are"),
    ],
)
def test_keys_are_known_explained_and_named(keys, why):
    with pytest.raises(ValueError, match=why):
        schema.check_features(keys.split(), SAID)
    schema.check_features(["clip_id", "age"], SAID, sensitive=True)
    with pytest.raises(ValueError, match="no native scale"):
        schema.check_features(["clip_id", "vad"], schema.metadata())


def test_an_item_without_a_single_category_needs_the_builder_to_say_so():
    said = schema.metadata(names={"emotion": ("calm", "angry")}, unlabelled=True)
    schema.check({"clip_id": b"x", "emotion": np.int64(-1)}, said)


def test_no_clip_is_in_two_splits():
    with pytest.raises(ValueError, match="in split train and in split test"):
        schema.check_ids({"train": [{"clip_id": b"x"}], "test": [{"clip_id": b"x"}]})


def test_what_both_tables_hold_means_the_same():
    for name, field in schema.FIELDS.items():
        if name in batch.KEYS and name not in ("audio", "clip_id"):
            assert field.meaning == batch.KEYS[name].meaning
