"""The HiCMAE pre-training step of sizes S and B, ours and PyTorch's, on the same weights."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from affectjax.compile import flops
from affectjax.losses import hicmae as hicmae_loss
from affectjax.losses import masked
from affectjax.models import hicmae
from affectjax.tasks.inputs import denormalise
from affectjax.weights import hicmae as names

# The paper's clip: 16 frames of 160 x 160 and 256 x 128 log-mel; 80 and 26 tokens are seen.
FRAMES, MEL, HIDDEN = (16, 160, 160, 3), (256, 128), (720, 102)
RATE, DECAY, B1, B2 = 3e-4, 0.05, 0.9, 0.95

Step = Callable[[], Any]


def model_of(size: str) -> hicmae.Pretrain:
    """The released model of a size."""
    tower, fusion_depth, decoder = hicmae.size(size)
    layers = hicmae.taps(tower.depth, decoder.depth)
    heads = tower.heads
    return hicmae.Pretrain(tower, tower, decoder, decoder, fusion_depth, heads, layers)


def batch_of(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Frames, log-mel and the masks (True: hidden) of a batch of noise."""
    rng = np.random.default_rng(0)
    places = np.stack([rng.permutation(100) < 90 for _ in range(batch)])
    audio = np.stack([rng.permutation(128) < HIDDEN[1] for _ in range(batch)])
    frames = rng.standard_normal((batch, *FRAMES), np.float32)
    mel = rng.standard_normal((batch, *MEL), np.float32)
    return frames, mel, np.tile(places, (1, 8)), audio


def loss_of(model: hicmae.Pretrain, frames: Any, mel: Any, *hidden: Any) -> Callable[[Any], Any]:
    """The loss as a function of the variables, as `tasks.masked` computes it."""

    def loss(variables: Any) -> Any:
        out = model.apply(variables, frames, mel, *hidden, HIDDEN)
        pixels = hicmae.video_patches(denormalise(frames), 2, 16)
        parts = hicmae_loss.terms(
            out,
            masked.video_target(pixels, frames=FRAMES[0], tubelet=2),
            masked.audio_target(hicmae.audio_patches(mel, 16)),
            *(hicmae.split_mask(m, n)[1] for m, n in zip(hidden, HIDDEN, strict=True)),
        )
        return hicmae_loss.total({k: v.mean() for k, v in parts.items()})

    return loss


def pair(size: str, batch: int) -> tuple[Step, Step, float, float, float]:
    """Our step and the peer's (loss, gradient, AdamW), the first loss of each, and our FLOPs."""
    model, data = model_of(size), batch_of(batch)
    variables = jax.jit(lambda: model.init(jax.random.key(0), *(x[:1] for x in data), HIDDEN))()
    count = flops.count(jax.value_and_grad(loss_of(model, *data)), variables)
    peer, peer_loss = _peer(model, jax.device_get(variables["params"]), data)
    step, loss = _ours(model, variables, data)
    return step, peer, loss, peer_loss, count


def _ours(model: hicmae.Pretrain, variables: Any, data: Any) -> tuple[Step, float]:
    tx = optax.adamw(RATE, B1, B2, weight_decay=DECAY)
    data = [jnp.asarray(x) for x in data]

    def step(state: Any, data: Any) -> Any:
        variables, opt_state = state
        loss, grads = jax.value_and_grad(loss_of(model, *data))(variables)
        updates, opt_state = tx.update(grads, opt_state, variables)
        return (optax.apply_updates(variables, updates), opt_state), loss

    run = jax.jit(step, donate_argnums=0)
    state = [(variables, tx.init(variables))]

    def once() -> float:
        state[0], loss = run(state[0], data)
        return float(jax.block_until_ready(loss))

    return once, once()


def _peer(model: hicmae.Pretrain, params: Any, data: Any) -> tuple[Step, float]:
    import torch

    from benchmarks import torch_hicmae

    peer = torch_hicmae.Pretrain(model, 2 * 16 * 16 * 3, 16 * 16)
    torch_hicmae.load(peer, names.to_state_dict(params, 2))
    optimizer = torch.optim.AdamW(peer.parameters(), RATE, (B1, B2), weight_decay=DECAY, fused=True)
    frames, mel = (torch.from_numpy(x) for x in data[:2])
    orders = tuple(torch.from_numpy(np.argsort(m, axis=1, kind="stable")) for m in data[2:])
    seen = tuple(m.shape[1] - n for m, n in zip(data[2:], HIDDEN, strict=True))

    def once() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = peer.loss(frames, mel, orders, seen)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return once, once()
