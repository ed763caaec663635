"""HiCMAE for labelled clips: all encoder layers and the fused tokens feed the heads."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models import attention, heads, stack
from affectjax.models.hicmae import Encoder, Fusion, Tower, audio_patches, video_patches
from affectjax.models.stem import AudioStem

ACTIVATIONS = {
    "none": lambda x: x,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
}


class Finetune(nn.Module):
    """Feature = [video, audio, fused video, fused audio], LayerNorm, one linear map per head.

    A modality's own feature is the softmax-weighted sum, over all its layers, of the token mean
    of the normed layer. Without one of the towers its features, and the fusion, are absent
    (the paper's audio-only and video-only rows).

    Attributes:
      heads: outputs by name, {"logits": classes} and/or {"vad": 3}, beside it
        "vad_log_variance" or, twice as wide, "vad_quantiles" (`heads.quantiles`); the first is
        called `head` as in official checkpoints, the others `head_<name>`.
      stem_audio: convolutions whose outputs are the tokens, instead of patches (not HiCMAE's).
      activation: of the head "vad": none, sigmoid, relu or tanh.
      pool: over the tokens of a modality's own feature; "mean_std" puts their standard deviation
        beside the mean (statistics pooling, Snyder et al. 2018; not HiCMAE's).
      drop_path: last rate of a linear rise inside each encoder and inside the fusion.
      dropout: on the feature in front of the heads (0 as released).
      dtype, kernel, remat, scan: as `hicmae.Pretrain`.
    """

    heads: Mapping[str, int]
    video: Tower | None = None
    audio: Tower | None = None
    fusion_depth: int = 2
    fusion_heads: int = 8
    tubelet: int = 2
    patch: int = 16
    patch_audio: int | Sequence[int] = 16
    stem_audio: AudioStem | None = None
    mlp_ratio: float = 4.0
    drop_path: float = 0.0
    dropout: float = 0.0
    activation: Literal["none", "sigmoid", "relu", "tanh"] = "none"
    pool: Literal["mean", "mean_std"] = "mean"
    dtype: str = "float32"
    kernel: str = "plain"
    remat: str = "none"
    scan: bool = False

    @nn.compact
    def __call__(
        self,
        frames: Float[Array, "b t h w c"] | None,
        log_mel: Float[Array, "b n m"] | None,
        deterministic: bool = True,
    ) -> dict[str, Any]:
        """Outputs of the heads by name (float32), and "feature" (b, d)."""
        parts, tokens = [], {}
        for name, tower, patches in self._inputs(frames, log_mel, deterministic):
            mean, tokens[name] = self._unimodal(name, tower, patches, deterministic)
            parts.append(mean)
        if len(tokens) == 2:
            fusion = Fusion(
                self.fusion_depth,
                self.fusion_heads,
                self.mlp_ratio,
                self.drop_path,
                self.dtype,
                self.kernel,
                self.remat,
                name="encoder_fusion",
            )
            fused = fusion(tokens["video"], tokens["audio"], deterministic)
            self.sow("intermediates", "fused_video", fused[0])
            self.sow("intermediates", "fused_audio", fused[1])
            parts += [x.mean(axis=1, dtype=jnp.float32) for x in fused]
        feature = jnp.concatenate(parts, axis=-1)
        self.sow("intermediates", "feature_before_norm", feature)
        feature = attention.layer_norm("fc_norm")(feature.astype(jnp.float32))
        dropped = nn.Dropout(self.dropout)(feature, deterministic=deterministic)
        return {"feature": feature, **self._outputs(dropped)}

    def _inputs(
        self, frames: Any, log_mel: Any, deterministic: bool
    ) -> list[tuple[str, Tower, Any]]:
        stack.check_dtype(self.dtype)
        found = []
        if self.video is not None:
            if frames is None:
                raise ValueError("the model has a video tower, the batch has no frames")
            found.append(("video", self.video, video_patches(frames, self.tubelet, self.patch)))
        if self.audio is not None:
            if log_mel is None:
                raise ValueError("the model has an audio tower, the batch has no audio")
            if self.stem_audio is None:
                patches = audio_patches(log_mel, self.patch_audio)
            else:
                patches = self.stem_audio(log_mel, deterministic)
            found.append(("audio", self.audio, patches))
        if not found:
            raise ValueError("the model has neither a video nor an audio tower")
        return found

    def _unimodal(
        self, name: str, tower: Tower, patches: Any, deterministic: bool
    ) -> tuple[Float[Array, "b d"], Float[Array, "b n d"]]:
        encoder = Encoder(
            tower,
            self.mlp_ratio,
            self.drop_path,
            self.dtype,
            self.kernel,
            self.remat,
            self.scan,
            name="encoder" if name == "video" else "encoder_audio",
        )
        last, layers = encoder(patches, None, range(tower.depth), deterministic)
        uniform = nn.initializers.constant(1.0 / tower.depth)
        weights = jax.nn.softmax(self.param(f"{name}_layer_weights", uniform, (tower.depth,)))
        means = jnp.stack([x.mean(axis=1, dtype=jnp.float32) for x in layers], axis=1)
        self.sow("intermediates", f"{name}_layers", layers)
        feature = jnp.einsum("bld,l->bd", means, weights)
        if self.pool == "mean_std":
            wide = jnp.stack(layers).astype(jnp.float32)
            mixed = jnp.einsum("lbnd,l->bnd", wide, weights)
            feature = jnp.concatenate([feature, jnp.sqrt(mixed.var(axis=1) + 1e-5)], axis=-1)
        return feature, last

    def _outputs(self, feature: Float[Array, "b d"]) -> dict[str, Float[Array, "b k"]]:
        outputs = {}
        for i, (name, count) in enumerate(self.heads.items()):
            out = nn.Dense(count, name="head" if i == 0 else f"head_{name}")(feature)
            if name == "vad":
                out = ACTIVATIONS[self.activation](out)
            elif name == "vad_log_variance":
                out = heads.bounded_log_variance(out)
            outputs[name] = out
        if "vad_quantiles" in outputs:
            outputs |= heads.quantiles(outputs["vad"], outputs.pop("vad_quantiles"))
        return outputs
