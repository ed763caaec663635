"""Label spaces, scales, norms, mappings and priors against their sources."""

import csv

import numpy as np
import pytest

from affectjax.affect import action_units, labels, mapping, norms, prior, vad
from tests.conftest import REPO


def test_sizes_are_those_of_the_names_and_nothing_repeats():
    for space in labels.SPACES:
        assert len(set(space.names)) == len(space) == int("".join(filter(str.isdigit, space.name)))
        assert space.source


def test_orders_of_published_label_files():
    # HiCMAE's lists (RAVDESS code - 1; CREMA-D), AffectNet's expression codes.
    assert labels.RAVDESS8.index("surprised") == 7
    assert labels.CREMAD6.index("neutral") == 4
    assert labels.AFFECTNET8.index("contempt") == 7
    assert labels.EKMAN7.names == labels.AFFECTNET8.names[:7]
    assert labels.EMOTIC26.names == tuple(sorted(labels.EMOTIC26.names))


def test_an_unknown_label_is_an_error_with_the_names():
    with pytest.raises(ValueError, match=r"EKMAN6 has no 'joy'; it has anger, disgust"):
        labels.EKMAN6.index("joy")


@pytest.mark.parametrize("scale", vad.SCALES, ids=lambda s: s.name)
def test_scales_go_to_the_unit_and_back(scale):
    x = np.linspace(scale.low, scale.high, 7)
    unit = scale.to_unit(x)
    assert (unit[0], unit[3], unit[-1]) == (-1, 0, 1)
    np.testing.assert_allclose(scale.from_unit(unit), x, atol=1e-12)
    for bad in (scale.low - 0.1, scale.high + 0.1, np.nan):
        with pytest.raises(ValueError, match="lies outside"):
            scale.to_unit(np.array([bad]))


def test_norms_are_the_table_of_russell_and_mehrabian():
    with (REPO / "affectjax/affect/russell_mehrabian_1977.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(norms.table()) == 151
    assert norms.norm("joyful").mean == (0.76, 0.48, 0.35)
    assert norms.norm("fear").sd == (0.20, 0.32, 0.30)
    with pytest.raises(ValueError, match="no VAD norm of 'xyzzy'"):
        norms.norm("xyzzy")


def test_a_category_is_the_most_probable_one_at_its_own_norm():
    # calm and contentment share a norm, so spaces with both are left out
    for space in (labels.CREMAD6, labels.EKMAN6, labels.EKMAN7):
        means, _ = norms.of_space(space)
        p = prior.posterior(means, space)
        np.testing.assert_allclose(p.sum(-1), 1)
        assert (p.argmax(-1) == np.arange(len(space))).all()


def test_temperature_softens_and_priors_win_in_the_limit():
    at = np.array([0.7, 0.5, 0.3])
    sharp, soft = (prior.posterior(at, labels.EKMAN7, temperature=t).max() for t in (1.0, 5.0))
    assert soft < sharp
    only_fear = np.full(7, 1e-300)
    only_fear[labels.EKMAN7.index("fear")] = 1.0
    assert prior.posterior(at, labels.EKMAN7, prior=only_fear).argmax() == 4


def test_mappings_say_what_they_lose():
    m = mapping.between(labels.AFFECTNET8, labels.EKMAN6)
    assert m.dropped == ("neutral", "contempt")
    assert m.unreached == ()
    m = mapping.between(labels.EKMAN6, labels.PLUTCHIK8)
    assert m.unreached == ("trust", "anticipation")
    p = mapping.between(labels.AFFECTNET8, labels.EKMAN7).distribution(np.full(8, 1 / 8))
    np.testing.assert_allclose(p, np.full(7, 1 / 7))
    with pytest.raises(ValueError, match="no image in EKMAN6"):
        mapping.between(labels.AFFECTNET8, labels.EKMAN6).distribution(np.eye(8)[7])


def test_votes_become_shares():
    np.testing.assert_allclose(prior.from_votes(np.array([[2, 6], [1, 0]])), [[0.25, 0.75], [1, 0]])
    with pytest.raises(ValueError, match="at least one"):
        prior.from_votes(np.zeros((1, 3)))


def test_prototypes_use_known_units():
    for units in action_units.PROTOTYPES.values():
        assert set(units) <= set(action_units.NAMES)
    assert set(action_units.PROTOTYPES) == set(labels.EKMAN7.names)


def test_posterior_is_the_published_recipes_at_three_points():
    # Values computed from the table with diagonal Gaussians, flat prior, and neutral at (.1, .05),
    # in the order of the labels of "Revisiting Emotions Representation" (arXiv 2602.06778).
    names = ["happy", "contempt", "surprised", "angry", "disgusted", "fearful", "sad"]
    each = [norms.norm(n) for n in names]
    means = np.array([n.mean for n in each] + [(0.1,) * 3])
    sds = np.array([n.sd for n in each] + [(0.05,) * 3])
    space = labels.LabelSpace("eight", (*names, "neutral"), "test")
    at = np.array([means[3], np.zeros(3), (-0.64, 0.60, -0.43)])
    p = prior.posterior(at, space, gaussians=(means, sds))
    angry = [0.0, 0.1723, 0.0023, 0.4770, 0.3080, 0.0396, 0.0008, 0.0]
    origin = [0.0001, 0.3597, 0.0175, 0.0075, 0.0079, 0.0006, 0.0097, 0.5971]
    np.testing.assert_allclose(p[:2], [angry, origin], atol=6e-5)
    np.testing.assert_allclose(p[2, 5], 0.7397, atol=6e-5)


def test_gaussian_of_a_distribution_is_the_mixtures_by_sampling():
    g = np.random.default_rng(0)
    p = g.dirichlet(np.ones(7))
    mean, sd = prior.gaussian(p, labels.EKMAN7)
    means, sds = norms.of_space(labels.EKMAN7)
    which = g.choice(7, 400_000, p=p)
    x = g.normal(means[which], sds[which])
    np.testing.assert_allclose(x.mean(0), mean, atol=4e-3)
    np.testing.assert_allclose(x.std(0), sd, atol=4e-3)


def test_neutral_has_the_median_spread_of_the_table():
    sds = np.array([n.sd for n in norms.table().values()])
    np.testing.assert_allclose(norms.NEUTRAL.sd, np.median(sds, axis=0), atol=1e-9)


def test_every_space_has_norms_but_for_a_few_and_three_words_of_emotic():
    names = "EMOTIC26 GOEMOTIONS28 MAFW11 AFFWILD8 SEED3 BAH2 EMPATHETIC32 ARTEMIS9 EMOART12"
    names += " RAER5 MER6 AVCAFFE_AROUSAL5 AVCAFFE_VALENCE5 MAHNOB13"
    without = [getattr(labels, name) for name in names.split()]
    for space in labels.SPACES:
        if space not in without:
            norms.of_space(space)
        else:
            with pytest.raises(ValueError, match="no VAD norm of"):
                norms.of_space(space)
    missing = []
    for name in labels.EMOTIC26.names:
        try:
            norms.norm(name)
        except ValueError:
            missing.append(name)
    assert missing == ["sensitivity", "sympathy", "yearning"]


def test_every_map_says_what_it_loses_and_loses_nothing_else():
    for m in mapping.MAPS:
        moved = m.matrix()
        assert moved.sum() == len(m.source) - len(m.dropped)
        assert bool(m.lost) == bool(m.dropped or m.merged)
    assert mapping.RAVDESS8_TO_EKMAN7.lost == ("neutral and calm become neutral",)
    assert mapping.CREMAD6_TO_EKMAN7.lost == ()


def test_circumplex_quadrants():
    angle, intensity = vad.circumplex(np.array([1.0, -1.0, 0.0]), np.array([0.0, 0.0, -0.5]))
    np.testing.assert_allclose(angle, [0, 180, 270])
    np.testing.assert_allclose(intensity, [1, 1, 0.5])


def test_units_are_keyed_by_their_number_and_have_a_muscle():
    assert all(number == unit.number and unit.muscle for number, unit in action_units.UNITS.items())
