"""Which tokens a masked auto-encoder does not see: True is masked, counts are static."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool


def masked_count(ratio: float, tokens: int) -> int:
    """int(ratio x tokens), truncated as in the official code.

    >>> masked_count(0.8, 128), masked_count(0.9, 100)
    (102, 90)
    """
    return int(ratio * tokens)


def random_mask(key: jax.Array, batch: int, tokens: int, ratio: float) -> Bool[Array, "b n"]:
    """A random subset of exactly `masked_count` tokens of each example."""
    return random_subset(key, batch, tokens, masked_count(ratio, tokens))


def random_subset(key: jax.Array, batch: int, tokens: int, count: int) -> Bool[Array, "b n"]:
    """A random subset of `count` tokens of each example."""
    noise = jax.random.uniform(key, (batch, tokens))
    rank = jnp.argsort(jnp.argsort(noise, axis=1), axis=1)
    return rank < count


def tube_mask(
    key: jax.Array, batch: int, slots: int, places: int, ratio: float
) -> Bool[Array, "b n"]:
    """The same random places masked in all time slots, tokens ordered (slot, place)."""
    return jnp.tile(random_mask(key, batch, places, ratio), (1, slots))
