"""The peer of the HiCMAE step: the same pre-training model and loss in PyTorch, as fast as it goes.

Fused attention (`F.scaled_dot_product_attention`), one matrix for q, k and v, fused AdamW. Weights
come from `affectjax.weights.hicmae.to_state_dict`, so `benchmarks.hicmae` can show that both
compute the same loss.
"""

import functools
from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional as F

from affectjax.models import hicmae as ours
from affectjax.models.attention import sincos
from affectjax.tasks import inputs

EPS = 1e-6


class Attention(torch.nn.Module):
    """Self-attention, or attention to a context of any width; biases for q and v only."""

    def __init__(self, width: int, heads: int, context: bool) -> None:
        super().__init__()
        self.heads, self.context = heads, context
        self.q_bias = torch.nn.Parameter(torch.zeros(width))
        self.v_bias = torch.nn.Parameter(torch.zeros(width))
        if context:
            self.q = torch.nn.Linear(width, width, bias=False)
            self.kv = torch.nn.Linear(width, 2 * width, bias=False)
        else:
            self.qkv = torch.nn.Linear(width, 3 * width, bias=False)
        self.proj = torch.nn.Linear(width, width)

    def forward(self, x: torch.Tensor, context: torch.Tensor | None = None) -> torch.Tensor:
        zero = torch.zeros_like(self.v_bias)
        if context is None:
            bias = torch.cat([self.q_bias, zero, self.v_bias])
            q, k, v = F.linear(x, self.qkv.weight, bias).chunk(3, dim=-1)
        else:
            q = F.linear(x, self.q.weight, self.q_bias)
            bias = torch.cat([zero, self.v_bias])
            k, v = F.linear(context, self.kv.weight, bias).chunk(2, dim=-1)
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).flatten(2))


class Mlp(torch.nn.Module):
    """Linear, exact GELU, linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(torch.nn.Module):
    """Pre-norm block, with cross-attention in front where `cross`."""

    def __init__(self, width: int, heads: int, cross: bool = False) -> None:
        super().__init__()
        if cross:
            self.cross_norm1, self.cross_norm2 = _norm(width), _norm(width)
            self.cross_attn = Attention(width, heads, True)
        self.norm1, self.norm2 = _norm(width), _norm(width)
        self.attn, self.mlp = Attention(width, heads, False), Mlp(width)

    def forward(self, x: torch.Tensor, context: torch.Tensor | None = None) -> torch.Tensor:
        if context is not None:
            x = x + self.cross_attn(self.cross_norm1(x), self.cross_norm2(context))
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(torch.nn.Module):
    """Linear map of flat patches in the official order (channel, frame, row, column)."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = torch.nn.Linear(patch, width)


class Encoder(torch.nn.Module):
    """Blocks over visible tokens; the chosen layers and the last, normed."""

    def __init__(self, tower: ours.Tower, patch: int) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(patch, tower.width)
        self.blocks = torch.nn.ModuleList(
            Block(tower.width, tower.heads) for _ in range(tower.depth)
        )
        self.norm = _norm(tower.width)

    def forward(
        self, patches: torch.Tensor, positions: torch.Tensor, layers: tuple[int, ...]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        x, chosen = self.patch_embed.proj(patches) + positions, []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in layers:
                chosen.append(self.norm(x))
        return self.norm(x), chosen


class Fusion(torch.nn.Module):
    """Pairs of cross blocks."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        make = lambda: torch.nn.ModuleList(Block(width, heads, True) for _ in range(depth))  # noqa: E731
        self.blocks, self.blocks_audio = make(), make()
        self.norm, self.norm_audio = _norm(width), _norm(width)

    def forward(self, video: torch.Tensor, audio: torch.Tensor) -> tuple[torch.Tensor, ...]:
        for a, b in zip(self.blocks, self.blocks_audio, strict=True):
            video, audio = a(video, audio), b(audio, video)
        return self.norm(video), self.norm_audio(audio)


class Decoder(torch.nn.Module):
    """A plain block, then a cross block for each tap, deepest first."""

    def __init__(self, tower: ours.Tower, outputs: int) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(
            Block(tower.width, tower.heads, i > 0) for i in range(tower.depth)
        )
        self.norm = _norm(tower.width)
        self.head = torch.nn.Linear(tower.width, outputs)

    def forward(self, x: torch.Tensor, contexts: list[torch.Tensor], masked: int) -> torch.Tensor:
        x = self.blocks[0](x)
        for block, context in zip(self.blocks[1:], reversed(contexts), strict=True):
            x = block(x, context)
        return self.head(self.norm(x[:, -masked:]))


class Pretrain(torch.nn.Module):
    """The model of `affectjax.models.hicmae.Pretrain`, on patches already cut."""

    def __init__(self, model: ours.Pretrain, patch: int, patch_audio: int) -> None:
        super().__init__()
        self.layers = tuple(model.layers)
        width = model.video.width
        self.encoder = Encoder(model.video, patch)
        self.encoder_audio = Encoder(model.audio, patch_audio)
        self.encoder_fusion = Fusion(width, model.fusion_heads, model.fusion_depth)
        decoders = ((model.decoder_video, "", patch), (model.decoder_audio, "_audio", patch_audio))
        for tower, suffix, outputs in decoders:
            project = torch.nn.Linear(width, tower.width, bias=False)
            setattr(self, f"encoder_to_decoder{suffix}", project)
            setattr(self, f"decoder{suffix}", Decoder(tower, outputs))
            token = torch.nn.Parameter(torch.zeros(1, 1, tower.width))
            setattr(self, f"mask_token{suffix}", token)

    def loss(
        self,
        frames: torch.Tensor,
        log_mel: torch.Tensor,
        orders: tuple[torch.Tensor, torch.Tensor],
        seen: tuple[int, int],
        temperature: float = 0.07,
        weight: float = 0.0025,
    ) -> torch.Tensor:
        """Errors on hidden patches of frames (b, t, h, w, 3) and log_mel (b, n, m), and InfoNCE.

        `orders` are permutations of each clip's tokens, of which the first `seen` are visible.
        """
        patches = _video_patches(frames), _audio_patches(log_mel)
        targets = _frame_differences(_video_patches(_pixels(frames))), _normalised(patches[1])
        encoders = self.encoder, self.encoder_audio
        encoded = [
            self._encode(*args) for args in zip(encoders, patches, orders, seen, strict=True)
        ]
        fused = self.encoder_fusion(encoded[0][0], encoded[1][0])
        total = torch.zeros(())
        for i, suffix in enumerate(("", "_audio")):
            prediction = self._decode(suffix, fused[i], encoded[i][1], orders[i])
            target = _rows(targets[i], orders[i][:, seen[i] :])
            total = total + F.mse_loss(prediction, target)
        for a, b in zip(encoded[0][1], encoded[1][1], strict=True):
            a, b = (F.normalize(t.mean(1), dim=-1, eps=0) for t in (a, b))
            logits, pairs = a @ b.T / temperature, torch.arange(len(a))
            both = F.cross_entropy(logits, pairs) + F.cross_entropy(logits.T, pairs)
            total = total + weight * both / 2
        return total

    def _encode(
        self, encoder: Encoder, patches: torch.Tensor, order: torch.Tensor, seen: int
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        visible = order[:, :seen]
        positions = _positions(order.shape[1], encoder.norm.weight.shape[0])[visible]
        return encoder(_rows(patches, visible), positions, self.layers)

    def _decode(
        self, suffix: str, fused: torch.Tensor, taps: list[torch.Tensor], order: torch.Tensor
    ) -> torch.Tensor:
        project = getattr(self, f"encoder_to_decoder{suffix}")
        token, decoder = getattr(self, f"mask_token{suffix}"), getattr(self, f"decoder{suffix}")
        positions = _positions(order.shape[1], token.shape[-1])[order]
        seen = fused.shape[1]
        at_visible, at_hidden = positions[:, :seen], positions[:, seen:]
        tokens = torch.cat([project(fused) + at_visible, token + at_hidden], dim=1)
        contexts = [project(tap) + at_visible for tap in taps]
        return decoder(tokens, contexts, at_hidden.shape[1])


def load(model: Pretrain, state_dict: Mapping[str, np.ndarray]) -> None:
    """Fill the model from an official state dict.

    A convolution of the embedding, (out, channels, [frame,] row, column), becomes a matrix on
    patches whose channel comes last.
    """
    flat = {}
    for name, array in state_dict.items():
        if array.ndim > 3:
            array = np.moveaxis(array, 1, -1).reshape(array.shape[0], -1)
        flat[name] = torch.from_numpy(np.ascontiguousarray(array))
    model.load_state_dict(flat)


def _norm(width: int) -> torch.nn.LayerNorm:
    return torch.nn.LayerNorm(width, eps=EPS)


def _rows(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return torch.gather(x, 1, index[..., None].expand(-1, -1, x.shape[-1]))


@functools.cache
def _positions(tokens: int, width: int) -> torch.Tensor:
    return torch.from_numpy(sincos(tokens, width))


def _video_patches(frames: torch.Tensor, tubelet: int = 2, side: int = 16) -> torch.Tensor:
    b, t, h, w, c = frames.shape
    grid = frames.view(b, t // tubelet, tubelet, h // side, side, w // side, side, c)
    return grid.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(b, -1, tubelet * side * side * c)


def _audio_patches(log_mel: torch.Tensor, side: int = 16) -> torch.Tensor:
    b, n, m = log_mel.shape
    grid = log_mel.view(b, n // side, side, m // side, side)
    return grid.transpose(2, 3).reshape(b, -1, side * side)


def _pixels(frames: torch.Tensor) -> torch.Tensor:
    return frames * torch.tensor(inputs.IMAGENET_STD) + torch.tensor(inputs.IMAGENET_MEAN)


def _normalised(patches: torch.Tensor, axis: int = -1) -> torch.Tensor:
    std, mean = torch.std_mean(patches, dim=axis, keepdim=True)
    return (patches - mean) / (std + EPS)


def _frame_differences(patches: torch.Tensor, tubelet: int = 2) -> torch.Tensor:
    """Normalised per patch and channel; the second frame of a tubelet less the first."""
    b, n, size = patches.shape
    plain = _normalised(patches.view(b, n, size // 3, 3), axis=2).view(b, n, tubelet, -1)
    return torch.cat([plain[:, :, :1], plain[:, :, 1:] - plain[:, :, :1]], dim=2).flatten(2)
