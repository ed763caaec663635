"""Audit: copies found, leaks found, raters' agreement against a published example."""

import io

import numpy as np
import pytest
from PIL import Image

from affectjax.data import audit, schema


def _jpeg(seed, size=(64, 48), quality=92, brighter=0):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(20, 230, (6, 8, 3), np.uint8))
    pixels = np.asarray(small.resize((256, 192), Image.Resampling.BICUBIC), np.int16) + brighter
    out = io.BytesIO()
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).resize(size)
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _sound(seed, seconds=1.0):
    rng = np.random.default_rng(seed)
    pitch = np.cumsum(rng.uniform(0.02, 0.5, 40)).repeat(int(seconds * 16_000 / 40))
    return (9000 * np.sin(np.cumsum(pitch % 1.0)) + 300 * rng.standard_normal(len(pitch))).round()


def test_pictures_of_another_size_and_quality_are_near_copies_and_others_are_not():
    marks = [audit.picture_bits(_jpeg(s)) for s in range(30)]
    assert len(audit._near(np.array(marks, np.uint64))) == 0
    again = audit.picture_bits(_jpeg(7, (200, 150), 60, brighter=10))
    assert audit._near(np.array([*marks, again], np.uint64)) == [(7, 30)]


def test_sounds_of_another_loudness_are_near_copies_and_others_are_not():
    marks = [audit.sound_bits(_sound(s)) for s in range(40)]
    assert len(audit._near(np.array(marks, np.uint64))) == 0
    again = audit.sound_bits((_sound(5) * 0.3).round())
    assert audit._near(np.array([*marks, again], np.uint64)) == [(5, 40)]


def test_near_pairs_are_those_of_counting_all_bits():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 1 << 63, 50, np.uint64)
    flipped = bits[:20] ^ np.uint64(1) ^ np.uint64(1 << 40) ^ np.uint64(1 << 63)
    far = bits[:20] ^ np.uint64(0b1111)
    everything = np.concatenate([bits, flipped, far])
    expected = [
        (i, j)
        for i in range(len(everything))
        for j in range(i + 1, len(everything))
        if int(everything[i] ^ everything[j]).bit_count() <= audit.NEAR
    ]
    assert audit._near(everything) == expected
    assert len(expected) >= 20


def test_content_is_what_examples_hold_in_order():
    one = {"text": b"ab", "frames": np.array([b"x", b"yz"], object), "vad": np.zeros(3, np.float32)}
    two = {**one, "frames": np.array([b"xy", b"z"], object)}
    same = dict(reversed([(k, v.copy() if k != "text" else v) for k, v in one.items()]))
    assert audit.content([one, two]) == audit.content([same, two])
    others = [[two, one], [one], [one, one], [{**one, "text": b"ac"}, two], [{**one, "id": 1}, two]]
    assert len({audit.content(found) for found in [[one, two], *others]}) == 6


def test_fleiss_kappa_is_that_of_the_textbook():
    # Fleiss 1971's kind of table as printed in the encyclopaedia: 10 subjects, 14 raters, 0.210.
    table = np.array(
        [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
    )
    assert audit.disagreement(table)["fleiss_kappa"] == pytest.approx(0.210, abs=5e-4)
    assert np.isnan(audit.disagreement(np.array([[1, 0]]))["fleiss_kappa"])


def test_an_audit_names_what_two_splits_share():
    said = schema.metadata(names={"emotion": ("calm", "angry"), "votes": ("calm", "angry")})

    def item(name, subject, emotion, text, picture):
        votes = np.array([3, 1], np.int32)
        return {
            "clip_id": name.encode(),
            "subject": subject,
            "emotion": emotion,
            "text": text.encode(),
            "image": _jpeg(picture),
            "votes": votes,
        }

    train = [item("a", 1, 0, "Well, no.", 1), item("b", 2, 1, "yes", 2), item("c", 2, 1, "yes", 3)]
    test = [item("d", 2, 1, "well NO", 4), item("e", 3, 1, "maybe", 2)]
    told = audit.audit({"train": train, "test": test}, said)
    assert told["shared_subjects"] == {"train & test": [2]}
    assert told["copies_between_splits"] == [
        ("image", "train", "b", "test", "e"),
        ("text", "train", "a", "test", "d"),
    ]
    assert told["splits"]["train"]["emotion"] == {"calm": 1, "angry": 2}
    assert told["disagreement"]["votes"]["winner_share"] == 0.75
    words = "\n".join(audit.lines(told))
    assert "train & test share 1 subjects: [2]" in words
    assert "2 items are copies" in words
