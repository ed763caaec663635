"""Sampling and beams against every text that a tiny vocabulary allows, in NumPy."""

import functools
import itertools
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.models import generate

V, LENGTH, END, PAD = 3, 3, 0, 2
ROWS = 2
# Logits of each row after each history: every token so far counts, so mixed-up rows show.
TABLE = np.random.default_rng(0).normal(0, 1.5, (ROWS, (V + 1) ** LENGTH, V)).astype(np.float32)


def _step(state, tokens, at):
    code = jnp.where(at == 0, 0, state["code"] * (V + 1) + tokens + 1)
    return jnp.asarray(TABLE)[state["row"], code], {**state, "code": code}


def _state():
    return {"row": jnp.arange(ROWS), "code": jnp.zeros(ROWS, int)}


FIRST = jnp.zeros(ROWS, int)
KEYS = generate.row_keys(jax.random.key(0), jnp.arange(ROWS))


def _log_p(row, text, change=lambda x: x):
    total, code = 0.0, 0
    for token in text:
        logits = change(TABLE[row, code].astype(np.float64))
        total += logits[token] - np.log(np.exp(logits).sum())
        code = code * (V + 1) + token + 1
    return total


def _texts():
    """All that end, or are cut at LENGTH."""
    for n in range(1, LENGTH + 1):
        for text in itertools.product(range(V), repeat=n):
            if END not in text[:-1] and (text[-1] == END or n == LENGTH):
                yield text


def _padded(text):
    return (*text, *[PAD] * (LENGTH - len(text)))


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_wide_beams_find_the_best_of_all_texts(alpha):
    beams = V**LENGTH
    run = functools.partial(generate.beam, beams=beams, length=LENGTH, end=END, pad=PAD)
    tokens, scores = jax.jit(lambda s, f: run(_step, s, f, alpha=alpha))(_state(), FIRST)
    texts = list(_texts())
    for row in range(ROWS):
        wanted = {_padded(t): _log_p(row, t) / len(t) ** alpha for t in texts}
        found = {
            tuple(t): s
            for t, s in zip(tokens[row].tolist(), scores[row], strict=True)
            if np.isfinite(s)
        }
        assert list(found) == sorted(wanted, key=wanted.get, reverse=True)
        np.testing.assert_allclose(list(found.values()), sorted(wanted.values())[::-1], rtol=1e-5)


def _narrow(row, beams, alpha):
    """Beam search with lists."""
    open_, done = [((), 0.0)], []
    for _ in range(LENGTH):
        done += [((*t, END), _log_p(row, (*t, END))) for t, _ in open_]
        grown = [(*t, v) for t, _ in open_ for v in range(V) if v != END]
        open_ = sorted(((t, _log_p(row, t)) for t in grown), key=lambda x: -x[1])[:beams]
    scored = [(t, s / len(t) ** alpha) for t, s in [*done, *open_]]
    return sorted(scored, key=lambda x: -x[1])[:beams]


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_narrow_beams_are_those_of_a_search_with_lists(beams, alpha):
    how = {"beams": beams, "length": LENGTH, "end": END, "pad": PAD, "alpha": alpha}
    tokens, scores = generate.beam(_step, _state(), FIRST, **how)
    for row in range(ROWS):
        expected = _narrow(row, beams, alpha)
        assert tokens[row].tolist() == [list(_padded(t)) for t, _ in expected]
        np.testing.assert_allclose(scores[row], [s for _, s in expected], rtol=1e-5)


def _smallest(logits, mass):
    """Of all sets of tokens that reach the mass, the smallest and, of these, the likeliest."""
    p = np.exp(logits) / np.exp(logits).sum()
    sets = (s for n in range(1, V + 1) for s in itertools.combinations(range(V), n))
    reach = [s for s in sets if p[list(s)].sum() >= mass]
    return min(reach, key=lambda s: (len(s), -p[list(s)].sum()))


def _cut(mass):
    def change(logits):
        kept = list(_smallest(logits, mass))
        return np.where(np.isin(np.arange(V), kept), logits, -np.inf)

    return change


@pytest.mark.parametrize("mass", [0.05, 0.5, 0.8, 0.97, 1.0])
def test_the_nucleus_is_the_smallest_set_that_reaches_the_mass(mass):
    ours = np.isfinite(generate.nucleus(jnp.asarray(TABLE[0]), mass))
    for row, logits in zip(ours, TABLE[0].astype(np.float64), strict=True):
        expected = range(V) if mass == 1 else _smallest(logits, mass)
        assert np.flatnonzero(row).tolist() == sorted(expected)


@pytest.mark.parametrize(("temperature", "mass"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.8)])
def test_samples_are_as_frequent_as_they_are_likely(temperature, mass):
    draws = 4000
    state = jax.tree.map(lambda x: jnp.repeat(x, draws), _state())
    how = {"length": LENGTH, "end": END, "pad": PAD, "temperature": temperature, "mass": mass}
    keys = generate.row_keys(jax.random.key(0), jnp.arange(draws * ROWS))
    run = jax.jit(lambda s: generate.sample(_step, s, jnp.repeat(FIRST, draws), keys, **how))
    drawn = np.asarray(run(state)).reshape(ROWS, draws, LENGTH)
    change = (lambda x: x / temperature) if mass == 1 else _cut(mass)
    for row in range(ROWS):
        with np.errstate(divide="ignore", invalid="ignore"):
            likely = {_padded(t): np.exp(_log_p(row, t, change)) for t in _texts()}
        counts = dict.fromkeys(likely, 0)
        for text in drawn[row].tolist():
            counts[tuple(text)] += 1
        for text, p in likely.items():
            p = np.nan_to_num(p)
            spread = 4.5 * np.sqrt(draws * p * (1 - p))
            assert abs(counts[text] - draws * p) <= spread, (text, p)


def test_what_is_drawn_for_a_row_does_not_hang_on_the_others():
    many = 20
    keys = generate.row_keys(jax.random.key(0), jnp.arange(ROWS * many))
    state = jax.tree.map(lambda x: jnp.repeat(x, many), _state())
    run = jax.jit(
        lambda s, k: generate.sample(
            _step, s, jnp.zeros(len(k), int), k, length=LENGTH, end=END, pad=PAD
        )
    )
    whole = np.asarray(run(state, keys))
    assert len(np.unique(whole[:many], axis=0)) > 3
    for part in (slice(0, 7), slice(7, ROWS * many)):
        own = run(jax.tree.map(operator.itemgetter(part), state), keys[part])
        np.testing.assert_array_equal(own, whole[part])


def test_greedy_takes_the_likeliest_and_top_keeps_so_many():
    how = {"length": LENGTH, "end": END, "pad": PAD}
    greedy = generate.sample(_step, _state(), FIRST, KEYS, temperature=0, **how)
    one = generate.sample(_step, _state(), FIRST, KEYS, count=1, **how)
    for row in range(ROWS):
        text = ()
        while len(text) < LENGTH and END not in text:
            code = functools.reduce(lambda c, t: c * (V + 1) + t + 1, text, 0)
            text = (*text, int(TABLE[row, code].argmax()))
        assert tuple(greedy[row].tolist()) == tuple(one[row].tolist()) == _padded(text)


def test_settings_that_cannot_be_are_refused():
    how = {"length": 1, "end": END, "pad": PAD}
    for bad in ({"temperature": -1.0}, {"mass": 0.0}, {"mass": 1.5}):
        with pytest.raises(ValueError, match="allowed: >= 0 and"):
            generate.sample(_step, _state(), FIRST, KEYS, **bad, **how)
    with pytest.raises(ValueError, match=r"keys of shape \(\) for 2 rows: see row_keys"):
        generate.sample(_step, _state(), FIRST, jax.random.key(0), **how)
    with pytest.raises(ValueError, match="at least 0 and at least 1"):
        generate.beam(_step, _state(), FIRST, beams=2, alpha=-1.0, **how)
