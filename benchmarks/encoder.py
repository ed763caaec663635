"""`make bench`: a HiCMAE-B encoder, forward and backward, as a ratio to PyTorch's own layers.

Both run in this process on the same threads, in float32, and take turns, so the ratio holds where
the milliseconds do not.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from affectjax.models import hicmae

BATCH, TOKENS, PATCH = 8, 80, 1536


def ours() -> Callable[[], Any]:
    """One gradient of the mean output of our encoder."""
    tower, _, _ = hicmae.size("B")
    model = hicmae.Encoder(tower)
    x = jnp.asarray(np.random.default_rng(0).standard_normal((BATCH, TOKENS, PATCH), np.float32))
    variables = model.init(jax.random.key(0), x)
    step = jax.jit(jax.grad(lambda v: model.apply(v, x)[0].mean()))
    return lambda: jax.block_until_ready(step(variables))


def peer() -> Callable[[], Any]:
    """The same with torch.nn.TransformerEncoder (pre-norm, GELU, no dropout)."""
    import torch

    tower, _, _ = hicmae.size("B")
    layer = torch.nn.TransformerEncoderLayer(
        tower.width,
        tower.heads,
        4 * tower.width,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
    )
    model = torch.nn.Sequential(
        torch.nn.Linear(PATCH, tower.width),
        torch.nn.TransformerEncoder(layer, tower.depth, enable_nested_tensor=False),
    )
    x = torch.randn(BATCH, TOKENS, PATCH)

    def step() -> None:
        model.zero_grad()
        model(x).mean().backward()

    return step


def main(rounds: int = 8) -> None:
    """Print the medians and the ratio."""
    steps = {"affectjax": ours(), "torch": peer()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():  # compile and warm up
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            then = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - then)
    medians = {name: statistics.median(t) for name, t in times.items()}
    for name, seconds in medians.items():
        print(f"{name:<10} {1000 * seconds:7.0f} ms a step (median of {rounds})")
    print(f"ratio affectjax / torch {medians['affectjax'] / medians['torch']:.2f}")


if __name__ == "__main__":
    main()
