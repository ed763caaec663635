"""Mixtures: shares, order, hosts and restarts; labels that a part lacks."""

import collections

import numpy as np
import pytest
import tensorflow_datasets as tfds

from affectjax import batch as batch_lib
from affectjax.affect import labels
from affectjax.data import fake, mix, order, pipeline, unify
from affectjax.data.ops import video, waveform

NAMES = unify.union([labels.CREMAD6.names, labels.EMODB7.names])
OPS = (waveform.AudioWindow(samples=600, random=True), video.Drop(keys=["frames"]))


def _features(names, **more):
    return {
        "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="bytes"),
        "emotion": tfds.features.ClassLabel(names=names),
        "clip_id": tfds.features.Tensor(shape=(), dtype=np.object_),
        **more,
    }


RATED = _features(
    labels.CREMAD6.names,
    vad=tfds.features.Tensor(shape=(3,), dtype=np.float32),
    votes=tfds.features.Tensor(shape=(6,), dtype=np.int32),
    subject=tfds.features.Scalar(np.int64),
)


def _part(name, number, features, size, names, **fields):
    to = unify.label_map(name, names, NAMES, None)
    votes = to if "votes" in features else None
    examples = fake.Fake(features, size, samples=800)
    return mix.Opened(name, number, examples, emotion=to, votes=votes, **fields)


def _mixture(temperature=1.0, weight=1.0, only=("large", "small")):
    parts = {
        "large": _part("large", 0, RATED, 60, labels.CREMAD6.names),
        "small": _part(
            "small", 1, _features(labels.EMODB7.names), 20, labels.EMODB7.names, weight=weight
        ),
    }
    kept = [parts[name] for name in only]
    return mix.Mixture(kept, NAMES, rated=True, voted=True, temperature=temperature)


def _batches(hosts=1, host=0, start=0, stop=4):
    kwargs = {"seed": 5, "batch": 8, "start": start, "stop": stop, "threads": 2}
    return list(pipeline.train_batches(_mixture(), OPS, host=host, hosts=hosts, **kwargs))


def _joined(parts):
    return [{k: np.concatenate([b[k] for b in step]) for k in step[0]} for step in zip(*parts)]  # noqa: B905


def test_batches_are_the_same_on_one_two_and_four_hosts_and_after_a_restart():
    whole = _batches()
    for other in (
        *(_joined([_batches(hosts, h) for h in range(hosts)]) for hosts in (2, 4)),
        [*_batches(stop=1), *_batches(start=1)],
    ):
        for a, b in zip(whole, other, strict=True):
            assert a.keys() == b.keys()
            for key in a:
                np.testing.assert_array_equal(a[key], b[key], err_msg=key)
    for batch in whole:
        batch_lib.check(batch)


@pytest.mark.parametrize(
    ("temperature", "weight", "small"),
    [(1.0, 1.0, 0.25), (1.0, 3.0, 0.5), (2.0, 1.0, 0.366), (np.inf, 1.0, 0.5), (1.0, 0.0, 0.0)],
)
def test_a_parts_share_is_its_weight_times_its_size_to_one_over_the_temperature(
    temperature, weight, small
):
    mixture = _mixture(temperature, weight)
    picked = [mixture.index_at(0, p) for p in range(order.BLOCK, 3 * order.BLOCK)]
    share = np.mean([i >= 60 for i in picked])
    assert share == pytest.approx(small, abs=1e-9)  # 20^.5 / (20^.5 + 60^.5) is 0.366


def test_each_part_goes_through_its_own_epochs_in_an_order_that_other_parts_do_not_change():
    both, alone = _mixture(), _mixture(only=("small",))
    picked = [mixed for p in range(4000) if (mixed := both.index_at(7, p)) >= 60]
    for epoch in range(0, 40):
        assert sorted(picked[20 * epoch : 20 * epoch + 20]) == list(range(60, 80))
    assert [i - 60 for i in picked[:200]] == [alone.index_at(7, p) for p in range(200)]
    assert picked[:20] != picked[20:40]


def test_what_a_part_does_not_know_is_unknown_in_its_elements():
    mixture = _mixture()
    rated, other = mixture[4], mixture[61]
    assert NAMES[rated["emotion"]] == labels.CREMAD6.names[4]
    assert rated["distribution"].sum() == pytest.approx(1)
    assert np.isfinite(rated["vad"]).all()
    assert NAMES[other["emotion"]] == labels.EMODB7.names[1] == "boredom"
    assert not other["distribution"].any()
    assert np.isnan(other["vad"]).all()
    assert NAMES[int(rated["possible"].argmin())] == "boredom"
    assert other["possible"].all()
    assert (rated["dataset"], other["dataset"]) == (0, 1)
    ids = collections.Counter(mixture[i]["clip_id"] for i in range(len(mixture)))
    assert max(ids.values()) == 1
    assert rated["subject"] < mix.PEOPLE <= other["subject"]


def test_faults_of_a_mixture_say_what_to_change():
    with pytest.raises(ValueError, match=r"parts \[1\] of sizes \[1\] would be under 1 in 1000"):
        order.quotas([100_000, 1], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"config\.data\.temperature = 0"):
        order.quotas([1], [1.0], 0.0)
    with pytest.raises(ValueError, match="none of happy, sad is in config"):
        unify.label_map("toy", ("happy", "sad"), ("absent", "present"), None)
    with pytest.raises(ValueError, match="no examples in the split of a"):
        mix.Mixture([mix.Opened("a", 0, fake.Fake({}, 0))], NAMES, rated=False, voted=False)
    silent = {k: v for k, v in RATED.items() if k != "audio"}
    parts = [*_mixture().parts[:1], _part("mute", 1, silent, 4, labels.CREMAD6.names)]
    mixture = mix.Mixture(parts, NAMES, rated=True, voted=True)
    with pytest.raises(ValueError, match=r"large and mute differ in \{'audio'"):
        mix.check_alike(mixture, (video.Drop(keys=["frames"]),))


def test_a_mixture_without_categories_has_vad_alone():
    mixture = mix.Mixture(_mixture().parts, (), rated=True, voted=True)
    element = mixture[61]
    assert not {"emotion", "possible", "distribution"} & set(element)
    assert np.isnan(element["vad"]).all()


def test_units_are_told_by_number_and_a_part_teaches_what_it_is_to():
    features = _features(
        labels.CREMAD6.names,
        action_units=tfds.features.Tensor(shape=(3,), dtype=np.float32),
        vad=tfds.features.Tensor(shape=(3,), dtype=np.float32),
    )
    parts = [
        _part("coded", 0, features, 4, labels.CREMAD6.names, units=(12, 1, 4)),
        _part("named", 1, features, 4, labels.CREMAD6.names, teaches=("emotion",)),
    ]
    units = (1, 6, 12)
    mixed = mix.Mixture(parts, NAMES, rated=True, voted=False, units=units)
    first, other = mixed[0], mixed[4]
    own = parts[0].examples[0]["action_units"]
    np.testing.assert_array_equal(first["action_units"], [own[1], np.nan, own[0]])
    assert np.isnan(other["action_units"]).all()
    assert np.isnan(other["vad"]).all()
    assert not np.isnan(first["vad"]).any()
    assert first["emotion"] == other["emotion"] == 0
