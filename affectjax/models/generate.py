"""Token by token: greedy, by chance within a nucleus, or with beams. Pure functions, any model.

A model is a step (state, tokens (r,), at) -> (logits (r, v), state): it reads the last token of
each row and returns the logits of the next, which is number `at` (from 0) of those generated. All
leaves of the state have a leading axis of rows; `at` is the same for all.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

State = Any
Step = Callable[[State, Int[Array, " r"], Int[Array, ""]], tuple[Float[Array, "r v"], State]]
_NEVER = -jnp.inf


def nucleus(logits: Float[Array, "*r v"], mass: float) -> Float[Array, "*r v"]:
    """-inf for all but the fewest tokens whose probabilities sum to `mass` (Holtzman et al. 2020).

    The likeliest token always stays; `mass` 1 keeps all. Of equal tokens the first are kept.

    >>> import jax.numpy as jnp
    >>> jnp.exp(nucleus(jnp.log(jnp.array([0.125, 0.625, 0.25])), 0.8)).round(3).tolist()
    [0.0, 0.625, 0.25]
    """
    if mass >= 1:
        return logits
    order = jnp.argsort(-logits, axis=-1, stable=True)
    p = jnp.take_along_axis(jax.nn.softmax(logits.astype(jnp.float32)), order, axis=-1)
    before = jnp.cumsum(p, axis=-1) - p
    rank = jnp.argsort(order, axis=-1)
    kept = jnp.take_along_axis(before < mass, rank, axis=-1)
    kept |= rank == 0
    return jnp.where(kept, logits, _NEVER)


def top(logits: Float[Array, "*r v"], count: int) -> Float[Array, "*r v"]:
    """-inf for all but the `count` likeliest tokens and those equal to the last of them."""
    least = jax.lax.top_k(logits, count)[0][..., -1:]
    return jnp.where(logits >= least, logits, _NEVER)


def sample(
    step: Step,
    state: State,
    first: Int[Array, " r"],
    keys: Key[Array, " r"],
    *,
    length: int,
    end: int,
    pad: int,
    temperature: float = 1.0,
    mass: float = 1.0,
    count: int = 0,
) -> Int[Array, "r length"]:
    """One continuation of each row, `pad` after `end`; done when all rows have ended.

    Args:
      first: the last token of each prompt; the state holds those before it.
      keys: one a row, so that no row's chances hang on which others are with it (`row_keys`).
      length: most tokens to generate.
      temperature: logits are divided by it first; 0 takes the likeliest token (greedy).
      mass, count: of `nucleus` and `top`; the latter acts first, 0 leaves it out.

    Raises:
      ValueError: a temperature below 0, a mass outside (0, 1], or not one key a row.
    """
    if keys.shape != first.shape:
        raise ValueError(f"keys of shape {keys.shape} for {first.shape[0]} rows: see row_keys")
    if temperature < 0 or not 0 < mass <= 1:
        raise ValueError(f"temperature {temperature} and mass {mass}; allowed: >= 0 and (0, 1]")

    def choose(logits: Array, at: Array) -> Array:
        logits = logits.astype(jnp.float32)
        if not temperature:
            return logits.argmax(-1)
        logits = logits / temperature
        logits = nucleus(top(logits, count) if count else logits, mass)
        own = jax.vmap(jax.random.fold_in, (0, None))(keys, at)
        return jax.vmap(jax.random.categorical)(own, logits)

    def body(carry: Any) -> Any:
        at, tokens, last, over, state = carry
        logits, state = step(state, last, at)
        token = jnp.where(over, pad, choose(logits, at)).astype(tokens.dtype)
        return at + 1, tokens.at[:, at].set(token), token, over | (token == end), state

    rows = first.shape[0]  # symbolic in an export
    tokens = jnp.full((rows, length), pad, first.dtype)
    start = (jnp.array(0), tokens, first, jnp.zeros((rows,), bool), state)
    more = lambda carry: (carry[0] < length) & ~carry[3].all()  # noqa: E731
    return jax.lax.while_loop(more, body, start)[1]


def row_keys(key: jax.Array, numbers: Int[Array, " r"]) -> Key[Array, " r"]:
    """A key for each row, by its number among all rows of a file, a split or a request."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, numbers)


def beam(
    step: Step,
    state: State,
    first: Int[Array, " b"],
    *,
    beams: int,
    length: int,
    end: int,
    pad: int,
    alpha: float = 0.0,
) -> tuple[Int[Array, "b k length"], Float[Array, "b k"]]:
    """The k = `beams` best continuations found of each prompt, best first, and their scores.

    score = log p(tokens) / n^alpha over the n tokens with `end`; what has not ended after `length`
    tokens counts as it is. Texts that ended are kept apart and take no beam from those that go on.
    Stops when no open text can still beat the worst kept. Where fewer than k texts exist, the rest
    have score -inf.

    Args:
      state: with one row for each prompt; it is repeated for the beams here.
      alpha: 0 prefers short texts, 1 the mean per token; at least 0.

    Raises:
      ValueError: alpha below 0, or no beam.
    """
    if alpha < 0 or beams < 1:
        raise ValueError(f"alpha {alpha} and {beams} beams; allowed: at least 0 and at least 1")
    b = first.shape[0]
    tokens = jnp.full((b, beams, length), pad, first.dtype)
    open_ = (tokens, jnp.full((b, beams), _NEVER).at[:, 0].set(0.0))
    done = (tokens, jnp.full((b, beams), _NEVER))
    state = jax.tree.map(lambda x: jnp.repeat(x, beams, axis=0), state)
    last = jnp.repeat(first, beams)

    def body(carry: Any) -> Any:
        at, (tokens, scores), done, last, state = carry
        logits, state = step(state, last, at)
        log_p = jax.nn.log_softmax(logits.astype(jnp.float32)).reshape(b, beams, -1)
        ended = (scores + log_p[..., end]) / (at + 1.0) ** alpha
        done = _best(done, (tokens.at[:, :, at].set(end), ended), beams)
        on = (scores[..., None] + log_p.at[..., end].set(_NEVER)).reshape(b, -1)
        scores, place = jax.lax.top_k(on, beams)
        parent, token = jnp.divmod(place, log_p.shape[-1])
        token = token.astype(tokens.dtype)
        tokens = _rows(tokens, parent).at[:, :, at].set(token)
        row = (jnp.arange(b)[:, None] * beams + parent).reshape(-1)
        state = jax.tree.map(lambda x: x[row], state)
        return at + 1, (tokens, scores), done, token.reshape(-1), state

    def more(carry: Any) -> Array:
        at, (_, scores), (_, kept), *_ = carry
        hope = scores.max(1) / length**alpha  # scores only fall, and this divisor is the largest
        return (at < length) & (hope > kept.min(1)).any()

    out = jax.lax.while_loop(more, body, (jnp.array(0), open_, done, last, state))
    at, (tokens, scores), done = out[:3]
    unfinished = jnp.where(at == length, scores / length**alpha, _NEVER)
    return _best(done, (tokens, unfinished), beams)


def _best(a: Any, b: Any, count: int) -> Any:
    """The best of two sets of (texts, scores), best first."""
    tokens, scores = (jnp.concatenate(pair, axis=1) for pair in zip(a, b, strict=True))
    scores, place = jax.lax.top_k(scores, count)
    return _rows(tokens, place), scores


def _rows(tokens: Int[Array, "b m l"], place: Int[Array, "b k"]) -> Int[Array, "b k l"]:
    return jnp.take_along_axis(tokens, place[..., None], axis=1)
