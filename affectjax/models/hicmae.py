"""HiCMAE (arXiv 2401.05698): encoders, fusion and the pre-training model.

Follows the official code where it and the paper differ; see `experiments/hicmae/README.md`.
Parameter names are those of the official state dict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float, Int

from affectjax.models import attention, stack
from affectjax.models.tokens import audio_patches, gather, split_mask, video_patches


@dataclass(frozen=True)
class Tower:
    """Width d, number of blocks and heads of one stack."""

    width: int
    depth: int
    heads: int

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by {self.heads} heads")


# Section 4.2 and table 9 of the paper; head width 64. The decoder of T was not released: ours.
SIZES: Mapping[str, tuple[Tower, int, Tower]] = {
    "T": (Tower(256, 10, 4), 2, Tower(128, 4, 2)),
    "S": (Tower(384, 10, 6), 2, Tower(192, 4, 3)),
    "B": (Tower(512, 10, 8), 2, Tower(384, 4, 6)),
    "mini": (Tower(96, 4, 3), 1, Tower(48, 3, 2)),
    "micro": (Tower(64, 3, 2), 1, Tower(48, 3, 2)),
    "test": (Tower(16, 2, 2), 1, Tower(16, 2, 2)),
}


def size(name: str) -> tuple[Tower, int, Tower]:
    """(encoder of each modality, fusion depth, decoder of each modality) of a named size."""
    if name not in SIZES:
        raise ValueError(f"no size {name!r} of HiCMAE; there are {', '.join(SIZES)}")
    return SIZES[name]


def taps(encoder_depth: int, decoder_depth: int) -> tuple[int, ...]:
    """0-based encoder blocks whose outputs are contrasted and skip to the decoder's blocks.

    Evenly spaced up to the last: 3, 6, 9 of ten blocks for a decoder of four, as released.

    >>> taps(10, 4), taps(4, 3)
    ((3, 6, 9), (1, 3))
    """
    count = decoder_depth - 1
    stride = encoder_depth // count
    return tuple(encoder_depth - 1 - stride * (count - 1 - i) for i in range(count))


class PatchEmbed(nn.Module):
    """The patch convolution as a matrix on cut patches."""

    width: int
    dtype: Any = None

    @nn.compact
    def __call__(self, patches: Float[Array, "b n p"]) -> Float[Array, "b n d"]:
        return attention.Dense(self.width, dtype=self.dtype, name="proj")(patches)


class Encoder(nn.Module):
    """Embed patches, add fixed positions, run the blocks; every output goes through `norm`."""

    tower: Tower
    mlp_ratio: float = 4.0
    drop_path: float = 0.0
    dtype: Any = None
    kernel: str = "plain"
    remat: str = "none"
    scan: bool = False

    @nn.compact
    def __call__(
        self,
        patches: Float[Array, "b n p"],
        index: Int[Array, "b v"] | None = None,
        layers: Sequence[int] = (),
        deterministic: bool = True,
    ) -> tuple[Float[Array, "b v d"], list[Float[Array, "b v d"]]]:
        """The last layer and the chosen `layers` (0-based), all normed; only tokens `index`."""
        positions = jnp.asarray(attention.sincos(patches.shape[1], self.tower.width))[None]
        if index is not None:  # embedding is per token, so dropping first saves its cost
            patches, positions = gather(patches, index), gather(positions, index)
        x = PatchEmbed(self.tower.width, self.dtype, name="patch_embed")(patches)
        x = x + positions.astype(x.dtype)
        norm = attention.layer_norm("norm", self.dtype)
        x, chosen = stack.run(
            x,
            self.tower.heads,
            self.tower.depth,
            mlp_ratio=self.mlp_ratio,
            drop_path=self.drop_path,
            dtype=self.dtype,
            kernel=self.kernel,
            remat_policy=self.remat,
            scan=self.scan,
            layers=layers,
            deterministic=deterministic,
        )
        return norm(x), [norm(layer) for layer in chosen]


class Fusion(nn.Module):
    """Pairs of cross blocks; both modalities read the other's tokens from before the pair."""

    depth: int
    heads: int
    mlp_ratio: float = 4.0
    drop_path: float = 0.0
    dtype: Any = None
    kernel: str = "plain"
    remat: str = "none"

    @nn.compact
    def __call__(
        self,
        video: Float[Array, "b n d"],
        audio: Float[Array, "b m d"],
        deterministic: bool = True,
    ) -> tuple[Float[Array, "b n d"], Float[Array, "b m d"]]:
        block = stack.remat(attention.CrossBlock, self.remat)
        for i, rate in enumerate(attention.drop_path_rates(self.drop_path, self.depth)):
            settings = (self.heads, self.mlp_ratio, rate, self.dtype, self.kernel)
            for_video = block(*settings, name=f"blocks_{i}")
            for_audio = block(*settings, name=f"blocks_audio_{i}")
            video, audio = (
                for_video(video, audio, deterministic),
                for_audio(audio, video, deterministic),
            )
            self.sow("intermediates", f"block{i}_video", video)
            self.sow("intermediates", f"block{i}_audio", audio)
        norm, norm_audio = (attention.layer_norm(n, self.dtype) for n in ("norm", "norm_audio"))
        return norm(video), norm_audio(audio)


class Decoder(nn.Module):
    """One plain block, then a cross block for each tap, deepest first; predicts masked patches."""

    tower: Tower
    outputs: int
    mlp_ratio: float = 4.0
    dtype: Any = None
    kernel: str = "plain"
    remat: str = "none"

    @nn.compact
    def __call__(
        self,
        tokens: Float[Array, "b n e"],
        contexts: Sequence[Float[Array, "b v e"]],
        masked: int,
    ) -> Float[Array, "b k p"]:
        """Predictions for the last `masked` tokens; `contexts` are ordered shallow to deep."""
        settings = (self.tower.heads, self.mlp_ratio, 0.0, self.dtype, self.kernel)
        plain, cross = (stack.remat(b, self.remat) for b in (attention.Block, attention.CrossBlock))
        x = plain(*settings, name="blocks_0")(tokens, True)
        self.sow("intermediates", "block0", x)
        for i in range(1, self.tower.depth):
            x = cross(*settings, name=f"blocks_{i}")(x, contexts[-i], True)
            self.sow("intermediates", f"block{i}", x)
        x = attention.layer_norm("norm", self.dtype)(x[:, -masked:])
        return attention.Dense(self.outputs, dtype=self.dtype, name="head")(x)


class Pretrain(nn.Module):
    """Masked reconstruction of both modalities with skip connections, and tapped features.

    Attributes:
      layers: taps of the encoders (0-based); the decoders need one block more than taps.
      tubelet, patch, patch_audio: tokens of 2x16x16 pixels and 16x16 log-mel cells as released.
      dtype: of products and of what flows between layers ("bfloat16"); parameters, the statistics
        of norms, softmax and losses stay in float32.
      kernel: of attention, `attend.KERNELS`. remat: what is kept for the gradient, `stack.REMAT`.
      scan: run each encoder's blocks as a scan, with stacked parameters (`weights.stacked`).
    """

    video: Tower
    audio: Tower
    decoder_video: Tower
    decoder_audio: Tower
    fusion_depth: int
    fusion_heads: int
    layers: Sequence[int]
    tubelet: int = 2
    patch: int = 16
    patch_audio: int = 16
    mlp_ratio: float = 4.0
    dtype: str = "float32"
    kernel: str = "plain"
    remat: str = "none"
    scan: bool = False

    @nn.compact
    def __call__(
        self,
        frames: Float[Array, "b t h w c"],
        log_mel: Float[Array, "b n m"],
        mask_video: Bool[Array, "b nv"],
        mask_audio: Bool[Array, "b na"],
        masked: tuple[int, int],
    ) -> dict[str, Any]:
        """Predictions of masked patches, tapped features of both encoders, fused tokens.

        `masked` is the (static) number of masked tokens of video and audio.
        """
        self._check()
        patches = video_patches(frames, self.tubelet, self.patch)
        patches_audio = audio_patches(log_mel, self.patch_audio)
        settings = self._settings()
        index_v, index_a = split_mask(mask_video, masked[0]), split_mask(mask_audio, masked[1])
        encoder = Encoder(self.video, **settings, scan=self.scan, name="encoder")
        encoder_audio = Encoder(self.audio, **settings, scan=self.scan, name="encoder_audio")
        video, taps_v = encoder(patches, index_v[0], self.layers)
        audio, taps_a = encoder_audio(patches_audio, index_a[0], self.layers)
        fusion = Fusion(self.fusion_depth, self.fusion_heads, **settings, name="encoder_fusion")
        fused_v, fused_a = fusion(video, audio)
        pred_v = self._decode("", self.decoder_video, fused_v, taps_v, index_v, patches)
        pred_a = self._decode("_audio", self.decoder_audio, fused_a, taps_a, index_a, patches_audio)
        return {
            "pred_video": pred_v,
            "pred_audio": pred_a,
            "encoder_video": video,
            "encoder_audio": audio,
            "taps_video": taps_v,
            "taps_audio": taps_a,
            "fusion_video": fused_v,
            "fusion_audio": fused_a,
        }

    def _decode(
        self, suffix: str, tower: Tower, fused: Any, tapped: Any, index: Any, patches: Any
    ) -> Float[Array, "b k p"]:
        visible, hidden = index
        project = attention.Dense(
            tower.width, use_bias=False, dtype=self.dtype, name=f"encoder_to_decoder{suffix}"
        )
        token = self.param(f"mask_token{suffix}", nn.initializers.normal(0.02), (1, 1, tower.width))
        positions = jnp.asarray(attention.sincos(patches.shape[1], tower.width))[None]
        positions = positions.astype(self.dtype)
        at_visible, at_hidden = gather(positions, visible), gather(positions, hidden)
        hidden_tokens = token.astype(positions.dtype) + at_hidden
        tokens = jnp.concatenate([project(fused) + at_visible, hidden_tokens], axis=1)
        contexts = [project(tap) + at_visible for tap in tapped]
        decoder = Decoder(tower, patches.shape[-1], **self._settings(), name=f"decoder{suffix}")
        return decoder(tokens, contexts, hidden.shape[1])

    def _settings(self) -> dict[str, Any]:
        names = ("mlp_ratio", "dtype", "kernel", "remat")
        return {name: getattr(self, name) for name in names}

    def _check(self) -> None:
        stack.check_dtype(self.dtype)
        if self.video.width != self.audio.width:
            raise ValueError("video and audio encoders must share a width to be contrasted")
        for tower in (self.decoder_video, self.decoder_audio):
            if tower.depth != len(self.layers) + 1:
                raise ValueError(
                    f"a decoder of {tower.depth} blocks needs {tower.depth - 1} taps, "
                    f"config.task.model.layers = {tuple(self.layers)}"
                )
