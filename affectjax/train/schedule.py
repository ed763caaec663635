"""Learning rates over steps."""

import jax.numpy as jnp
import optax


def warmup_cosine(
    peak: float,
    steps: int,
    warmup: int,
    final: float = 0.0,
    start: float = 0.0,
) -> optax.Schedule:
    """Linear warm-up to `peak`, then cosine to `final`, as HiCMAE's `cosine_scheduler`.

    Quirks kept: the warm-up ends on its peak (linspace with both ends), and the cosine divides
    by its length, so the first step after it repeats the peak and `final` is never reached.

    Raises:
      ValueError: the warm-up is not shorter than the run.
    """
    if not 0 <= warmup < steps:
        raise ValueError(f"config.optimizer.schedule: warmup {warmup} of {steps} steps")

    def rate(step: int) -> jnp.ndarray:
        rising = start + (peak - start) * step / max(warmup - 1, 1)
        progress = jnp.minimum(step - warmup, steps - warmup) / (steps - warmup)
        falling = final + 0.5 * (peak - final) * (1 + jnp.cos(jnp.pi * progress))
        return jnp.where(step < warmup, rising, falling)

    return rate


def scaled(peak_per_256: float, batch: int) -> float:
    """The linear scaling rule, rate x batch / 256 (Goyal et al. 2017).

    >>> scaled(1e-3, 512)
    0.002
    """
    return peak_per_256 * batch / 256
