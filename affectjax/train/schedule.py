"""Learning rates over steps."""

from collections.abc import Sequence

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


def cosine_annealing(peak: float, period: int, final: float = 0.0) -> optax.Schedule:
    """final + (peak - final) (1 + cos(pi step / period)) / 2, up again after `period` steps.

    torch's CosineAnnealingLR stepped past its T_max.

    >>> rate = cosine_annealing(2.0, 10)
    >>> [round(float(rate(step)), 6) for step in (0, 5, 10, 20)]
    [2.0, 1.0, 0.0, 2.0]
    """
    if period < 1:
        raise ValueError(f"config.optimizer.schedule.period = {period}: at least 1")

    def rate(step: int) -> jnp.ndarray:
        return final + 0.5 * (peak - final) * (1 + jnp.cos(jnp.pi * step / period))

    return rate


def milestones(peak: float, steps: Sequence[int], factor: float = 0.1) -> optax.Schedule:
    """`peak`, times `factor` from each of `steps` on (torch's MultiStepLR).

    >>> rate = milestones(1.0, [10, 15])
    >>> [round(float(rate(step)), 4) for step in (9, 10, 15)]
    [1.0, 0.1, 0.01]
    """
    return optax.piecewise_constant_schedule(peak, dict.fromkeys(steps, factor))


def scaled(peak_per_256: float, batch: int) -> float:
    """The linear scaling rule, rate x batch / 256 (Goyal et al. 2017).

    >>> scaled(1e-3, 512)
    0.002
    """
    return peak_per_256 * batch / 256
