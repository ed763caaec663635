"""EMOTIC's baseline (Kosti et al. 2019, arXiv 2003.13401): a person and the scene, seen apart.

One network looks at the box around the person, one at the whole picture; both features side by
side go through one hidden layer to 26 categories, which may hold together, and to VAD.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.attention import Dense
from affectjax.models.norm import BatchNorm

EPS = 1e-5


class Fusion(nn.Module):
    """Features side by side -> linear, batch norm, ReLU, dropout -> "categories" and "vad".

    "categories" (b, k) are scores that are regressed on 0 and 1, no logits; "vad" (b, 3) are the
    ratings from 1 to 10 over ten; both read "feature" (b, hidden). All are float32.

    Attributes:
      plain: without norm and ReLU, as the authors' released Torch code; their trained network and
        the PyTorch port have both.
    """

    hidden: int = 256
    categories: int = 26
    dimensions: int = 3
    dropout: float = 0.5
    plain: bool = False
    dtype: Any = None

    @nn.compact
    def __call__(
        self, *features: Float[Array, "b _"], deterministic: bool = True
    ) -> dict[str, Float[Array, "b _"]]:
        """The order of features is that of the published weights: context, then body."""
        x = jnp.concatenate(features, axis=-1)
        x = Dense(self.hidden, dtype=self.dtype, name="hidden")(x)
        if not self.plain:
            x = nn.relu(BatchNorm(EPS, dtype=self.dtype, name="norm")(x, deterministic))
        x = nn.Dropout(self.dropout)(x, deterministic=deterministic).astype(jnp.float32)
        return {
            "categories": Dense(self.categories, name="categories")(x),
            "vad": Dense(self.dimensions, name="vad")(x),
            "feature": x,
        }


@dataclass(frozen=True)
class Pair:
    """A k x 1 and a 1 x k convolution: widths after each, k, stride and padding of both."""

    middle: int
    width: int
    side: int = 3
    stride: int = 1
    pad: int = 1


@dataclass(frozen=True)
class Decomposition:
    """Pairs of convolutions and the last average pool: side of its window, and its stride.

    `late_norm` are the pairs that have ReLU before their batch norm.
    """

    pairs: Sequence[Pair]
    pool: tuple[int, int]
    late_norm: Sequence[int] = ()


# The printed network of the authors (`emotic_cnn_model_structure.txt` of rkosti/emotic): scenes of
# 224 give 640 features, people of 128 give 128. The pool of the body has a window of 3 on a map of
# 16, so it sees one corner: kept, since published weights are for that.
DECOMPOSED: Mapping[str, Decomposition] = {
    "context": Decomposition(
        (
            Pair(32, 64, 11, 4, 2),
            Pair(128, 256, 5, 2, 2),
            Pair(384, 512, stride=2),
            Pair(384, 384),
            Pair(640, 640, stride=2),
            Pair(640, 640),
            Pair(640, 640, stride=2),
            Pair(640, 640),
        ),
        pool=(4, 1),
    ),
    "body": Decomposition(
        (Pair(32, 64, stride=2), Pair(128, 128, stride=2), Pair(128, 128, stride=2)),
        pool=(3, 16),
        late_norm=(1,),
    ),
}


class Decomposed(nn.Module):
    """Images to "feature" by separable convolutions (Alvarez & Petersson 2016, arXiv 1606.05426).

    Each pair: k x 1, ReLU, 1 x k, batch norm, ReLU.
    """

    plan: Decomposition
    dtype: Any = None

    @nn.compact
    def __call__(
        self, images: Float[Array, "b h w 3"], deterministic: bool = True
    ) -> dict[str, Array]:
        x = images
        for i, p in enumerate(self.plan.pairs):
            norm = BatchNorm(EPS, dtype=self.dtype, name=f"norm_{i}")
            x = nn.relu(self._conv(f"rows_{i}", p.middle, p, (1, 0))(x))
            x = self._conv(f"columns_{i}", p.width, p, (0, 1))(x)
            if i in self.plan.late_norm:
                x = norm(nn.relu(x), deterministic)
            else:
                x = nn.relu(norm(x, deterministic))
        window, stride = self.plan.pool
        x = nn.avg_pool(x, (window, window), (stride, stride))
        if x.shape[1:3] != (1, 1):
            raise ValueError(f"images of {images.shape[1:3]} leave a map of {x.shape[1:3]}, not 1")
        return {"feature": x[:, 0, 0]}

    def _conv(self, name: str, width: int, p: Pair, along: tuple[int, int]) -> nn.Conv:
        sides, strides, pads = (
            tuple(value if on else plain for on in along)
            for value, plain in ((p.side, 1), (p.stride, 1), (p.pad, 0))
        )
        return nn.Conv(
            width,
            sides,
            strides,
            padding=[(pad, pad) for pad in pads],
            kernel_init=nn.initializers.variance_scaling(2.0, "fan_in", "normal"),
            dtype=self.dtype,
            name=name,
        )


def decomposed(branch: str) -> Decomposed:
    """The authors' network of a branch: "context" or "body"."""
    if branch not in DECOMPOSED:
        raise ValueError(f"no branch {branch!r}; there are {', '.join(DECOMPOSED)}")
    return Decomposed(DECOMPOSED[branch])


class Emotic(nn.Module):
    """A scene and a person in it to what `Fusion` returns.

    Attributes:
      context, body: networks (images, deterministic) -> {"feature": (b, d)}, such as
        `resnet.ResNet` or `Decomposed`.
      sees: "both", or one branch alone: the ablations B (body) and I (whole image) of the paper.
    """

    context: nn.Module
    body: nn.Module
    fusion: Fusion
    sees: Literal["both", "context", "body"] = "both"

    @nn.compact
    def __call__(
        self,
        scenes: Float[Array, "b h w 3"],
        people: Float[Array, "b i j 3"],
        deterministic: bool = True,
    ) -> dict[str, Array]:
        if self.sees not in ("both", "context", "body"):
            raise ValueError(f"sees={self.sees!r}; allowed: 'both', 'context', 'body'")
        features = []
        if self.sees != "body":
            features.append(self.context(scenes, deterministic)["feature"])
        if self.sees != "context":
            features.append(self.body(people, deterministic)["feature"])
        return self.fusion(*features, deterministic=deterministic)
