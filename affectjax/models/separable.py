"""A convolution depth by depth, then one across depths (Chollet 2017, arXiv 1610.02357)."""

from flax import linen as nn
from jaxtyping import Array, Float


class Separable(nn.Module):
    """3 x 3 in each channel, then 1 x 1 over channels; padded as TensorFlow's "same"."""

    width: int
    stride: int = 1
    use_bias: bool = False

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b i j d"]:
        depth = x.shape[-1]
        own = nn.Conv(
            depth,
            (3, 3),
            self.stride,
            feature_group_count=depth,
            use_bias=False,
            name="depthwise",
        )
        return nn.Conv(self.width, (1, 1), use_bias=self.use_bias, name="pointwise")(own(x))
