"""SEVLM: who sees whom, the cache, the losses' alignment by hand."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import sevlm as losses
from affectjax.models import caption, generate, sevlm
from affectjax.models.transformer import Tower

V, PREFIX, LENGTH = 13, 2, 9
WORDS = caption.Words((1, 5, 6, 7), because=8, emotion=2, explanation=3, placeholder=4)
MODEL = sevlm.SEVLM(sevlm.Size(V, 20, Tower(8, 2, 2), PREFIX))
ENCODERS = {c: sevlm.VADEncoder(depth=2, hidden=5, positions=20, causal=c) for c in (True, False)}


@pytest.fixture(scope="module")
def given():
    """Parameters large enough that what is seen shows, a table of VAD, a batch of pictures."""
    g = np.random.default_rng(0)
    patches, summary = g.normal(size=(2, 3, 8)), g.normal(size=(2, 5))
    ids = jnp.asarray(g.integers(0, V, (2, PREFIX + 10)))
    vad = g.uniform(-1, 1, (2, PREFIX + 10, 3)).astype(np.float32)
    make = lambda m, *a: jax.tree.map(  # noqa: E731
        lambda s: g.normal(0, 0.5, s.shape).astype(np.float32),
        jax.eval_shape(m.init, jax.random.key(0), *a),
    )
    variables = make(MODEL, ids, ids, patches, summary, vad)
    encoder = make(ENCODERS[True], vad)
    table = jnp.asarray(g.uniform(-1, 1, (V, 3)).astype(np.float32))
    arrays = [x.astype(np.float32) for x in (patches, summary)]
    return {"variables": variables, "encoder": encoder, "table": table, "arrays": arrays}


@pytest.mark.parametrize("causal", [True, False])
def test_a_later_word_leaks_into_earlier_logits_unless_the_encoder_is_causal(given, causal):
    """Without the flag, as published, the features of words see those that follow."""
    patches, summary = given["arrays"]
    ids = jnp.arange(24).reshape(2, 12) % V
    other = ids.at[:, -1].set((ids[:, -1] + 1) % V)

    @jax.jit
    def logits(ids):
        vad = ENCODERS[causal].apply(given["encoder"], given["table"][ids])
        out = MODEL.apply(given["variables"], ids, ids, patches, summary, vad)
        return out["logits"][:, :-1]

    change = np.abs(logits(ids) - logits(other)).max()
    assert (change < 1e-6) == causal
    assert causal or change > 1e-3


def _lexicon(given, causal):
    return caption.Lexicon(given["table"], ENCODERS[causal], given["encoder"])


def _said(given, lexicon, cache, how):
    @jax.jit
    def say(patches, summary):
        wanted = {"length": LENGTH, "lexicon": lexicon, "cache": cache}
        begun = caption.start(MODEL, given["variables"], WORDS, patches, summary, **wanted)
        return how(*begun, length=LENGTH, end=0, pad=4)

    return say(*given["arrays"])


KEYS = generate.row_keys(jax.random.key(0), jnp.arange(2))
GREEDY = functools.partial(generate.sample, keys=KEYS, temperature=0)
BEAM = functools.partial(generate.beam, beams=3, alpha=1.0)


@pytest.mark.parametrize(("vad", "how"), [(True, BEAM), (False, GREEDY)], ids=["beam", "no vad"])
def test_captions_with_and_without_the_cache_are_the_same(given, vad, how):
    lexicon = _lexicon(given, True) if vad else None
    plain, cached = (_said(given, lexicon, c, how) for c in (False, True))
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-4), plain, cached)


def test_the_published_encoder_is_run_on_what_is_written_so_far(given):
    """Steps by themselves on exactly the tokens so far, as the official loop does."""
    told = np.asarray(_said(given, _lexicon(given, False), None, GREEDY))
    ids = np.concatenate([np.tile([4] * PREFIX + list(WORDS.prompt), (2, 1)), told], axis=1)
    explains = np.cumsum(ids[:, PREFIX:] == WORDS.because, axis=1) > 0
    types = np.concatenate([np.full((2, PREFIX), 4), np.where(explains, 3, 2)], axis=1)

    @jax.jit
    def following(ids, types):
        vad = ENCODERS[False].apply(given["encoder"], given["table"][ids])
        return MODEL.apply(given["variables"], ids, types, *given["arrays"], vad)["logits"][:, -1]

    for n in (1, LENGTH - 1):
        going = ~(told[:, :n] == 0).any(axis=1)
        assert going.any()
        upto = PREFIX + len(WORDS.prompt) + n
        best = following(ids[:, :upto], types[:, :upto]).argmax(-1)
        np.testing.assert_array_equal(best[going], told[going, n])
    with pytest.raises(ValueError, match="set causal=True in the encoder"):
        _said(given, _lexicon(given, False), True, GREEDY)


def test_a_text_that_does_not_fit_is_refused(given):
    with pytest.raises(ValueError, match="are 106, the model has 20 places"):
        caption.start(MODEL, None, WORDS, *given["arrays"], length=100)
    with pytest.raises(ValueError, match="a prefix of 2 tokens is made of a summary"):
        caption.start(MODEL, given["variables"], WORDS, given["arrays"][0], length=3)


def test_losses_by_hand():
    logits = jnp.log(jnp.array([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [1.0, 1.0, 1.0]]]))
    labels = jnp.array([[1, 0, losses.IGNORED]])
    assert losses.next_token(logits, labels) == pytest.approx(-np.log(0.5))
    vad = jnp.array([[[0.3, 0.3, 0.3], [0.0, 0.0, 0.0], [0.5, 0.0, 0.0]]])
    told = jnp.zeros((1, 3, 3)).at[0, 1].set(jnp.array([0.2, 0.3, 0.0]))  # says of the third word
    assert losses.next_vad(told, vad) == pytest.approx((0.3**2 + 0.3**2) / 3)
    assert losses.next_vad(told, jnp.zeros_like(vad)) == 0


@pytest.mark.parametrize("pairs", [2, 5])
def test_negatives_are_of_the_other_emotion_and_of_another_picture(pairs):
    draw = jax.jit(jax.vmap(lambda k: losses.negatives(k, pairs)))
    drawn = draw(jax.random.split(jax.random.key(0), 40))
    own = np.arange(2 * pairs)
    swapped, other = np.asarray(drawn[:, 0]), np.asarray(drawn[:, 1])
    assert (swapped == own ^ 1).all()
    assert (other // 2 != own // 2).all()
    assert (other % 2 == own % 2).all()
    assert (np.sort(other, axis=1) == own).all()
    assert len({tuple(r) for r in other.tolist()}) > 1 or pairs == 2
    with pytest.raises(ValueError, match="holds no other picture"):
        losses.negatives(jax.random.key(0), 1)
