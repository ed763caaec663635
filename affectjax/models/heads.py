"""What turns a feature into affect: categories, labels that hold together, shares, dimensions.

Each is called with a feature (b, d) and returns its outputs by name, in float32 whatever the
dtype of the feature; probabilities are the softmax or sigmoid of logits.
"""

from typing import Literal

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

Outputs = dict[str, Float[Array, "b k"]]


class Categorical(nn.Module):
    """One of `classes` categories: "logits" (b, k).

    `std` is the standard deviation of the first weights; 0: Flax's, 1 / sqrt(d).
    """

    classes: int
    std: float = 0.0

    @nn.compact
    def __call__(self, feature: Float[Array, "b d"]) -> Outputs:
        return {"logits": _linear(self.classes, "logits", feature, self.std)}


class MultiLabel(nn.Module):
    """Each of `labels` on its own: "multilabel_logits" (b, k), of sigmoids."""

    labels: int

    @nn.compact
    def __call__(self, feature: Float[Array, "b d"]) -> Outputs:
        return {"multilabel_logits": _linear(self.labels, "multilabel", feature)}


class Distribution(nn.Module):
    """Shares of the raters over `classes`: "distribution_logits" (b, k), of a softmax."""

    classes: int

    @nn.compact
    def __call__(self, feature: Float[Array, "b d"]) -> Outputs:
        return {"distribution_logits": _linear(self.classes, "distribution", feature)}


class VAD(nn.Module):
    """Valence, arousal, dominance: "vad" (b, dimensions), and "vad_log_variance" where wanted.

    Attributes:
      bound: "tanh" keeps "vad" in (-1, 1); "none" leaves it linear.
      variance: also predict the log-variance, for `losses.regression.gaussian_nll`, kept within
        `log_variance_range` by `bounded_log_variance`.
    """

    dimensions: int = 3
    bound: Literal["tanh", "none"] = "tanh"
    variance: bool = False
    log_variance_range: tuple[float, float] = (-7.0, 2.0)

    @nn.compact
    def __call__(self, feature: Float[Array, "b d"]) -> Outputs:
        if self.bound not in ("tanh", "none"):
            raise ValueError(f"bound={self.bound!r}; allowed: 'tanh', 'none'")
        vad = _linear(self.dimensions, "vad", feature)
        out = {"vad": jnp.tanh(vad) if self.bound == "tanh" else vad}
        if self.variance:
            low, high = self.log_variance_range
            free = _linear(self.dimensions, "vad_log_variance", feature)
            out["vad_log_variance"] = bounded_log_variance(free, low, high)
        return out


def bounded_log_variance(
    free: Float[Array, "b d"], low: float = -7.0, high: float = 2.0
) -> Float[Array, "b d"]:
    """A free value to a log-variance in (low, high) by tanh: no example weighs without bound."""
    return low + (high - low) * (jnp.tanh(free) + 1) / 2


def quantiles(vad: Float[Array, "b d"], free: Float[Array, "b e"]) -> Outputs:
    """ "vad_low" and "vad_high" (b, d) around "vad", from 2 d free values: they never cross.

    vad - softplus of the first d, vad + softplus of the others; for `losses.regression.pinballs`.

    Raises:
      ValueError: e is not 2 d.
    """
    if free.shape[1] != 2 * vad.shape[1]:
        raise ValueError(
            f"config.task.model.heads: vad_quantiles = {free.shape[1]} beside vad = "
            f"{vad.shape[1]}; it must be twice that"
        )
    below, above = jnp.split(nn.softplus(free), 2, axis=1)
    return {"vad_low": vad - below, "vad_high": vad + above}


def _linear(
    width: int, name: str, feature: Float[Array, "b d"], std: float = 0.0
) -> Float[Array, "b k"]:
    init = nn.initializers.normal(std) if std else nn.initializers.lecun_normal()
    return nn.Dense(width, kernel_init=init, name=name)(feature.astype(jnp.float32))
