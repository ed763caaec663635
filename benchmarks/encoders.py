"""Picture encoding by ViT-B/16 and ViT-L/14, ours and PyTorch's with fused attention."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from affectjax.models import transformer, vit

SIZES = {"B/16": (vit.size("B/16").tower, 16), "L/14": (transformer.Tower(1024, 24, 16), 14)}


def pair(name: str, batch: int) -> tuple[Callable[[], Any], Callable[[], Any], float]:
    """Ours and the peer's encoding of the same pictures, and our matrix products in FLOPs."""
    from affectjax.compile import flops

    tower, patch = SIZES[name]
    model = vit.ViT(tower, 224, patch)
    images = jnp.asarray(np.random.default_rng(0).random((batch, 224, 224, 3), np.float32))
    variables = jax.jit(model.init)(jax.random.key(0), images)
    apply = lambda v, x: model.apply(v, x)["feature"]  # noqa: E731
    run = jax.jit(apply)
    return (
        lambda: jax.block_until_ready(run(variables, images)),
        _peer(tower, patch, batch),
        flops.count(apply, variables, images),
    )


def _peer(tower: transformer.Tower, patch: int, batch: int) -> Callable[[], Any]:
    import torch

    from benchmarks import torch_hicmae

    class Picture(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = torch.nn.Conv2d(3, tower.width, patch, patch)
            tokens = (224 // patch) ** 2 + 1
            self.token = torch.nn.Parameter(torch.zeros(1, 1, tower.width))
            self.positions = torch.nn.Parameter(torch.zeros(1, tokens, tower.width))
            self.blocks = torch.nn.Sequential(
                *(torch_hicmae.Block(tower.width, tower.heads) for _ in range(tower.depth))
            )
            self.norm = torch.nn.LayerNorm(tower.width)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            x = self.embed(images).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.positions
            return self.norm(self.blocks(x))[:, 0]

    model, images = Picture().eval(), torch.rand(batch, 3, 224, 224)

    def run() -> torch.Tensor:
        with torch.inference_mode():
            return model(images)

    return run
