"""What maps between label spaces lose: closed forms, planted data, and the real votes and norms."""

import numpy as np
import pytest
from scipy import stats

from affectjax.affect import labels, mapping, norms
from affectjax.affect.labels import EKMAN7, EMOTIC26, GOEMOTIONS28
from affectjax.data import agreement, schema
from tfds_builders.crema_d import names, votes


def test_a_map_that_merges_loses_the_entropy_within_its_groups():
    # Half calm, half neutral: both become neutral, one bit of the source is gone.
    space = labels.RAVDESS8
    p = np.zeros((2, len(space)))
    p[0, [space.index("calm"), space.index("neutral")]] = 0.5
    p[1, space.index("angry")] = 1
    told = agreement.through(mapping.RAVDESS8_TO_EKMAN7, p)
    assert told == pytest.approx({"dropped": 0, "without": 0, "bits": 0.5})
    # Neutral has no place among Ekman's six: a quarter of the mass, and no item is without one.
    q = np.array([[0.25, 0.5, 0, 0, 0, 0.25, 0], [0.25, 0, 0.75, 0, 0, 0, 0]])
    told = agreement.through(mapping.EKMAN7_TO_EKMAN6, q)
    assert told == pytest.approx({"dropped": 0.25, "without": 0, "bits": 0}, abs=1e-12)
    told = agreement.through(mapping.EKMAN7_TO_EKMAN6, np.eye(7)[:1])
    assert (told["without"], np.isnan(told["bits"])) == (1, True)


def test_fits_reach_what_was_planted_and_norms_fall_short_of_it():
    rng = np.random.default_rng(0)
    emotion = rng.integers(0, 7, 4000)
    centres = rng.uniform(-0.8, 0.8, (7, 3))
    rated = centres[emotion] + 0.1 * rng.standard_normal((4000, 3))
    p = np.eye(7)[emotion]
    fitted = agreement.between_vad(agreement.fitted_vad(p, rated), rated)
    # r^2 is the share of the variance between the categories.
    for i, name in enumerate(("valence", "arousal", "dominance")):
        share = 1 - 0.01 / rated[:, i].var()
        assert fitted[f"{name}_r"] == pytest.approx(np.sqrt(share), abs=0.01)
        assert fitted[f"{name}_rmse"] == pytest.approx(0.1, abs=0.005)
    back = agreement.between_shares(agreement.fitted_posterior(p, rated), p)
    by_norms = agreement.between_shares(agreement.norm_posterior(rated, EKMAN7), p)
    assert by_norms["same"] < 0.6 < 0.9 < back["same"]


def test_norms_find_their_own_categories():
    means, _ = norms.of_space(EKMAN7)
    found = agreement.norm_posterior(means, EKMAN7)
    np.testing.assert_array_equal(found.argmax(1), np.arange(7))
    # A dimension that nobody rated does not count, and nothing becomes NaN.
    means[:, 2] = np.nan
    assert np.isfinite(agreement.norm_posterior(means, EKMAN7)).all()


def test_measure_compares_what_the_keys_allow():
    rng = np.random.default_rng(1)
    said = schema.metadata(names={"emotion": EKMAN7.names, "votes": EKMAN7.names})
    items = []
    for _ in range(60):
        ballot = rng.multinomial(9, np.ones(7) / 7).astype(np.int32)
        vad = rng.uniform(-1, 1, 3).astype(np.float32)
        items.append({"clip_id": b"x", "emotion": ballot.argmax(), "votes": ballot, "vad": vad})
    told = agreement.measure(items, said)
    assert {
        "votes -> winner",
        "emotion -> votes",
        "emotion -> votes, fitted",
        "votes -> vad, norms",
        "votes -> vad, fitted",
        "vad -> votes, norms",
        "vad -> emotion, fitted",
        "emotion -> EKMAN6",
    } <= told.keys()
    assert all(" nan" not in line for line in agreement.lines(told))
    with pytest.raises(ValueError, match="hold no two label spaces"):
        agreement.measure([{"clip_id": b"x"}], said)
    with pytest.raises(ValueError, match="not every example holds the same keys"):
        agreement.measure([{"emotion": 1}, {"emotion": 1, "vad": np.zeros(3)}], said)


def test_goemotions_go_where_their_authors_put_them():
    # ekman_mapping.json of the authors: 3, 1, 2, 12, 5 and 4 names, and neutral.
    groups = mapping.GOEMOTIONS28_TO_EKMAN7.merged
    sizes = {name: len(group) for name, group in groups.items()}
    assert sizes == {"anger": 3, "fear": 2, "happiness": 12, "sadness": 5, "surprise": 4}
    assert mapping.GOEMOTIONS28_TO_EKMAN7.dropped == ()
    assert len(GOEMOTIONS28) == 1 + 1 + 3 + 2 + 12 + 5 + 4
    assert mapping.EMOTIC26_TO_EKMAN6.source is EMOTIC26


def test_the_real_votes_of_crema_d(data_dir):
    counts = votes.read(data_dir("crema_d_annotations"))
    ballots = np.stack(list(counts.values()))
    intended = np.array([names.EMOTIONS.index(names.parse(clip).emotion) for clip in counts])
    p = np.eye(6)[intended]
    for m, modality in enumerate(votes.MODALITIES):
        q = ballots[:, m] / ballots[:, m].sum(1, keepdims=True)
        told = agreement.between_shares(p, q)
        fitted = agreement.between_shares(agreement.fitted_shares(p, q), q)
        single = votes.majority_is_intended(counts)[modality]  # without clips that are tied
        ties = agreement.winner_keeps(ballots[:, m])["ties"]
        assert single <= told["same"] <= single + ties / 2
        # The usual votes of an emotion tell more than the emotion alone.
        assert fitted["js"] < told["js"]
        assert fitted["same"] > told["same"]
        js = [
            stats.entropy(a, (a + b) / 2, 2) / 2 + stats.entropy(b, (a + b) / 2, 2) / 2
            for a, b in zip(p[:50], q[:50], strict=True)
        ]
        np.testing.assert_allclose(agreement.between_shares(p[:50], q[:50])["js"], np.mean(js))


def test_the_norms_of_1977_agree_with_votes_of_2014_on_valence(data_dir):
    path = data_dir("vader") / "vader_lexicon.txt"
    cells = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    told = {row[0]: float(row[1]) / 4 for row in cells}  # -4..4
    words = sorted(set(told) & set(norms.table()))
    nan = np.full((len(words), 3), np.nan)
    other, own = nan.copy(), nan.copy()
    other[:, 0] = [told[w] for w in words]
    own[:, 0] = [norms.table()[w].mean[0] for w in words]
    scores = agreement.between_vad(own, other)
    assert len(words) == 102
    np.testing.assert_allclose(scores["valence_r"], stats.pearsonr(own[:, 0], other[:, 0])[0])
    assert scores["valence_r"] > 0.9
