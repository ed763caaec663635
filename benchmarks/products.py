"""This machine's rate of matrix products."""

import time

import jax
import jax.numpy as jnp
import numpy as np


def rate(rounds: int = 5) -> list[float]:
    """FLOP/s of XLA's float32 product of matrices of 2048 x 2048, once a round."""
    x = jnp.asarray(np.random.default_rng(0).standard_normal((2048, 2048), np.float32))
    product = jax.jit(lambda a: a @ a)
    jax.block_until_ready(product(x))
    found = []
    for _ in range(rounds):
        then = time.perf_counter()
        jax.block_until_ready(product(x))
        found.append(2 * 2048**3 / (time.perf_counter() - then))
    return found
