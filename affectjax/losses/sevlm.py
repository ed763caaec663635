"""Losses of captions that tell a feeling and its reason, as SEVLM's official code has them."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affectjax.losses.weighting import Given

IGNORED = -100  # a label that no loss counts
_EPS = 1e-8


def next_token(
    logits: Float[Given, "b n v"], labels: Int[Given, "b n"], ignored: int = IGNORED
) -> Float[Array, ""]:
    """Cross-entropy of each label with the logits before it, mean over all labels that count.

    >>> import jax.numpy as jnp
    >>> float(next_token(jnp.zeros((1, 3, 4)), jnp.array([[0, 2, -100]])))  # log 4
    1.386...
    """
    wanted = labels[:, 1:]
    counts = wanted != ignored
    log_p = jax.nn.log_softmax(logits[:, :-1].astype(jnp.float32))
    place = jnp.where(counts, wanted, 0)[..., None]
    each = -jnp.take_along_axis(log_p, place, axis=-1)[..., 0]
    return (each * counts).sum() / jnp.maximum(counts.sum(), 1)


def next_vad(prediction: Float[Given, "b n 3"], vad: Float[Given, "b n 3"]) -> Float[Array, ""]:
    """Mean squared error of each word's VAD with the prediction before it.

    Words that the dictionary lacks are all 0 and do not count; without any that counts, 0 (the
    official code: NaN).
    """
    wanted = vad[:, 1:]
    counts = (wanted != 0).any(-1, keepdims=True)
    error = jnp.where(counts, (prediction[:, :-1] - wanted) ** 2, 0.0)
    return error.sum() / jnp.maximum(counts.sum() * vad.shape[-1], 1)


def belong(scores: Float[Given, "b q"]) -> Float[Array, ""]:
    """-log(1e-8 + e^s0 / (1e-8 + sum_i e^si)), mean over the batch; column 0 is the true triple.

    >>> import jax.numpy as jnp
    >>> float(belong(jnp.zeros((2, 3))))  # log 3
    1.098...
    """
    s = jnp.asarray(scores, jnp.float32)
    others = jnp.logaddexp(jax.nn.logsumexp(s[:, 1:], axis=-1), jnp.log(_EPS))
    return -jnp.log(_EPS + jax.nn.sigmoid(s[:, 0] - others)).mean()


def negatives(key: jax.Array, pairs: int) -> Int[Array, "2 b"]:
    """For a batch of pairs of one picture with two emotions: whose explanations to swap in.

    First row: the other of the pair. Second: one of another picture at random, no row's own.

    Raises:
      ValueError: fewer than two pairs.

    >>> import jax
    >>> negatives(jax.random.key(0), 2).tolist()
    [[1, 0, 3, 2], [2, 3, 0, 1]]
    """
    if pairs < 2:
        raise ValueError(f"{pairs} pair of captions holds no other picture; the batch needs two")
    rows = jnp.arange(2 * pairs)
    pictures = jnp.stack([_elsewhere(k, pairs) for k in jax.random.split(key)], axis=1)
    return jnp.stack([rows ^ 1, (2 * pictures + jnp.arange(2)).reshape(-1)])


def _elsewhere(key: jax.Array, n: int) -> Int[Array, " n"]:
    """A permutation that leaves nothing in place: one random cycle through all."""
    order = jax.random.permutation(key, n)
    return jnp.zeros(n, int).at[order].set(jnp.roll(order, -1))
