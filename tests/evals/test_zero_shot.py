"""Zero-shot: sentences, ensembles, temperatures and priors that nobody labelled."""

import numpy as np
import pytest

from affectjax.affect import labels
from affectjax.data import clip_tokens, prompts
from affectjax.evals import calibrate, zero_shot
from affectjax.models import adapters

G = np.random.default_rng(0)


def test_every_space_of_pictures_and_voices_has_sentences_that_fit_the_text_tower():
    spaces = {
        "face": (labels.AFFECTNET8, labels.FERPLUS8, labels.RAFDB7, labels.MAFW11, labels.CAERS7),
        "person": (labels.EMOTIC26,),
        "evoked": (labels.MIKELS8, labels.EMOTION6, labels.EMOART12),
        "voice": (labels.RAVDESS8, labels.CREMAD6, labels.EMODB7),
    }
    for shows, some in spaces.items():
        for space in some:
            told = prompts.sentences(space.names, shows)
            assert {len(each) for each in told} == {len(prompts.TEMPLATES[shows])}
            assert len({text for each in told for text in each}) == sum(map(len, told))
            clip_tokens.tokenize([text for each in told for text in each])  # none is too long
    assert "an angry voice" in prompts.sentences(["anger"], "voice")[0][0]
    with pytest.raises(ValueError, match="no words for something else: give sentences"):
        prompts.sentences(labels.ARTEMIS9.names, "evoked")
    with pytest.raises(ValueError, match="shows='music'; allowed: face, person"):
        prompts.sentences(["anger"], "music")


def _world(seed, shares, noise, size=3000):
    """Images near their class, texts a noisy view of it: (images, labels, texts)."""
    g = np.random.default_rng(seed)
    classes = np.random.default_rng(5).normal(0, 1, (len(shares), 24))
    y = g.choice(len(shares), size, p=shares)
    images = classes[y] + g.normal(0, 2.0, (size, 24))
    texts = classes[:, None] + g.normal(0, noise, (len(shares), 8, 24))
    return images, y, texts


def test_the_ensemble_is_clips_and_better_than_one_text():
    images, y, texts = _world(1, np.full(4, 0.25), noise=2.0)
    ours = zero_shot.probabilities(images, texts, scale=20.0)
    theirs = adapters.cosine_logits(images, adapters.ensemble(texts), 20.0)
    np.testing.assert_allclose(np.log(ours / ours[:, :1]), theirs - theirs[:, :1], atol=1e-3)
    one = np.mean(
        [
            (zero_shot.probabilities(images, texts[:, i : i + 1]).argmax(1) == y).mean()
            for i in range(texts.shape[1])
        ]
    )
    for how in ("features", "probabilities"):
        assert (zero_shot.probabilities(images, texts, how=how).argmax(1) == y).mean() > one + 0.1
    with pytest.raises(ValueError, match="how='logits'; allowed: features, probabilities"):
        zero_shot.probabilities(images, texts, how="logits")


def test_a_temperature_of_few_labels_makes_it_honest():
    images, y, texts = _world(2, np.full(4, 0.25), noise=0.3)
    raw = zero_shot.probabilities(images, texts, scale=100.0)
    found = calibrate.fit_temperature(raw[:64], y[:64])
    honest = calibrate.scaled(raw, found)
    gap = [abs(p[64:].max(1).mean() - (p[64:].argmax(1) == y[64:]).mean()) for p in (raw, honest)]
    assert gap[1] < 0.05 < gap[0]


def test_a_bias_of_the_words_goes_without_a_label():
    images, y, texts = _world(3, np.full(4, 0.25), noise=0.3)
    towards = images.mean(0) + texts[0].mean(0)
    biased = np.concatenate([texts[:1] + 0.5 * towards, texts[1:]])
    p = calibrate.scaled(zero_shot.probabilities(images, biased, scale=20.0), 2.0)
    p[:, 0] *= 8
    p /= p.sum(1, keepdims=True)
    right = lambda q: (q.argmax(1) == y).mean()  # noqa: E731
    assert right(zero_shot.unbiased(p)) > right(p) + 0.05


def test_shares_of_a_population_are_found_and_used():
    """Gaussian classes, where Bayes' rule is exact: shares within 0.03, and fewer errors."""
    learnt, true = np.full(3, 1 / 3), np.array([0.8, 0.15, 0.05])
    g = np.random.default_rng(4)
    means = np.array([[0.0, 0], [1.5, 0], [0, 1.5]])
    y = g.choice(3, 4000, p=true)
    x = means[y] + g.normal(0, 1, (4000, 2))
    likelihood = np.exp(-0.5 * ((x[:, None] - means) ** 2).sum(-1))
    p = likelihood / likelihood.sum(1, keepdims=True)
    fixed, shares = zero_shot.shifted(p, learnt)
    np.testing.assert_allclose(shares, true, atol=0.03)
    exact = likelihood * shares / (likelihood * shares).sum(1, keepdims=True)
    np.testing.assert_allclose(fixed, exact, atol=1e-6)
    assert (fixed.argmax(1) == y).mean() > (p.argmax(1) == y).mean() + 0.05
    with pytest.raises(ValueError, match=r"classes learnt from nothing: \[1\]"):
        zero_shot.shifted(p, np.array([0.5, 0, 0.5]))
