"""Order, hosts, restarts and padding of the pipeline."""

import cv2
import numpy as np
import pytest
import tensorflow_datasets as tfds

from affectjax import batch as batch_lib
from affectjax.data import fake, order, pipeline
from affectjax.data.ops import image, randaugment, video, waveform

FEATURES = {
    "frames": tfds.features.Tensor(shape=(None,), dtype=np.object_),
    "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="bytes"),
    "emotion": tfds.features.ClassLabel(num_classes=7),
    "votes": tfds.features.Tensor(shape=(7,), dtype=np.int32),
    "subject": tfds.features.Scalar(np.int64),
    "clip_id": tfds.features.Tensor(shape=(), dtype=np.object_),
}
SOURCE = fake.Fake(FEATURES, 10, frames=6, side=24, samples=12_000)
OPS = (
    waveform.Gain(),
    video.SampleClip(count=2, stride=2, samples=2000),
    image.RandomResizedCrop(side=16),
    image.Flip(),
    randaugment.RandAugment(),
)


def _batches(hosts=1, host=0, start=0, stop=4, batch=8, threads=2):
    kwargs = {"seed": 3, "batch": batch, "start": start, "stop": stop, "threads": threads}
    return list(pipeline.train_batches(SOURCE, OPS, host=host, hosts=hosts, **kwargs))


def _assert_equal(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


@pytest.mark.parametrize("hosts", [2, 4])
def test_the_hosts_rows_together_are_the_batch_of_one_host(hosts):
    parts = [_batches(hosts, host) for host in range(hosts)]
    for step, whole in enumerate(_batches()):
        joined = {k: np.concatenate([part[step][k] for part in parts]) for k in whole}
        _assert_equal(joined, whole)


def test_a_run_that_starts_at_a_step_goes_on_as_the_unbroken_one():
    for resumed, whole in zip(_batches(start=2), _batches()[2:], strict=True):
        _assert_equal(resumed, whole)


def test_threads_do_not_change_a_batch():
    for one, many in zip(_batches(threads=1), _batches(threads=4), strict=True):
        _assert_equal(one, many)


def test_an_epoch_holds_every_example_once_and_the_next_is_shuffled_anew():
    first = [order.example_at(0, p, 10) for p in range(10)]
    second = [order.example_at(0, p, 10) for p in range(10, 20)]
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_batches_follow_the_table_of_keys():
    for batch in _batches():
        batch_lib.check(batch)
        np.testing.assert_allclose(batch["distribution"].sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("batch", [3, 4, 16])
def test_evaluation_gives_every_view_once_whatever_the_batch(batch):
    ops = (video.SampleClip(count=2, stride=1, how="segments", views=2, samples=2000),)
    rows = list(pipeline.eval_batches(SOURCE, ops, batch=batch, views=2))
    assert {len(b["valid"]) for b in rows} == {batch}
    valid = np.concatenate([b["valid"] for b in rows])
    ids = np.concatenate([b["clip_id"] for b in rows])[valid]
    views = np.concatenate([b["view"] for b in rows])[valid]
    expected = [pipeline.hash_id(SOURCE[i]["clip_id"]) for i in range(10) for _ in range(2)]
    assert ids.tolist() == expected
    assert views.tolist() == [0, 1] * 10


def test_hosts_that_do_not_divide_the_batch_are_an_error():
    with pytest.raises(ValueError, match=r"config\.train\.batch = 8 is not divisible by 3 hosts"):
        order.host_positions(0, 8, 0, 3)


def test_an_error_in_an_op_names_the_op_and_the_clip():
    with pytest.raises(KeyError) as error:
        pipeline.apply([image.Flip(prob=1.0)], {"clip_id": b"x"}, np.random.default_rng(0))
    assert "Flip" in error.value.__notes__[0]
    assert "x" in error.value.__notes__[0]


def test_a_frame_that_does_not_decode_is_an_error_with_its_number():
    with pytest.raises(ValueError, match="frame 1 is not an image"):
        video.decode_frames([SOURCE[0]["frames"][0], b"nothing"])


def test_frames_are_red_green_blue_and_of_one_size():
    pictures = np.zeros((2, 8, 8, 3), np.uint8)
    pictures[0, ..., 0], pictures[1, ..., 2] = 200, 100
    coded = [cv2.imencode(".png", p[..., ::-1])[1].tobytes() for p in pictures]
    np.testing.assert_array_equal(video.decode_frames(coded), pictures)
    small = cv2.imencode(".png", pictures[0, :4])[1].tobytes()
    with pytest.raises(ValueError, match=r"frame 1 is \(4, 8\), frame 0 \(8, 8\)"):
        video.decode_frames([coded[0], small])


def test_window_indices_are_the_official_ones():
    rng = np.random.default_rng(0)
    # 16 frames of stride 4 from 20: linspace(0, 20, 5) and the last frame (HiCMAE's loader)
    assert video.window_indices(20, 16, 4, rng).tolist() == [0, 5, 10, 15] + [19] * 12
    long = video.window_indices(100, 4, 4, rng)
    assert len(long) == 4
    assert long[-1] - long[0] == 15


def test_strided_indices_repeat_the_last_frame_reached():
    # HiCMAE's loader: the next place, counted from 1, must stay below the number of frames.
    assert video.strided_indices(7, 4, 3, np.random.default_rng(0)).tolist() == [0, 3, 3, 3]
    long = video.strided_indices(40, 4, 3, np.random.default_rng(0))
    assert np.diff(long).tolist() == [3, 3, 3]


def test_trimming_keeps_the_loud_part_and_a_margin():
    audio = np.concatenate([np.zeros(16000), np.ones(8000) * 0.5, np.zeros(16000)])
    cut = waveform.TrimSilence(keep=0.1).map({"audio": audio.astype(np.float32)})["audio"]
    assert abs(len(cut) - (8000 + 2 * 1600)) <= 800
    assert cut.sum() == 4000
