"""From the pictures of a batch to what an image model reads: on device, inside jit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from affectjax.data.ops import erase
from affectjax.models import clip, efficientnet, face_api
from affectjax.tasks.inputs import IMAGENET_MEAN, IMAGENET_STD

STATISTICS = {
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
    "clip": (clip.MEAN, clip.STD),
    "none": ((0.0,) * 3, (1.0,) * 3),
    "half": ((0.5,) * 3, (0.5,) * 3),  # [-1, 1]
    "efficientnet_lite": (efficientnet.MEAN, efficientnet.STD),
    "face_api": (face_api.MEAN, (1.0,) * 3),
    # Whole pictures and people of EMOTIC's training split, as its PyTorch port counted them.
    "emotic_scenes": ((0.4690646, 0.4407227, 0.40508908), (0.2514227, 0.24312855, 0.24266963)),
    "emotic_people": ((0.43832874, 0.3964344, 0.3706214), (0.24784276, 0.23621225, 0.2323653)),
}


@dataclass(frozen=True)
class Pictures:
    """Normalised pictures, one array a key, as the arguments of a model in the order of `keys`.

    Attributes:
      keys: of the batch, uint8 RGB, (b, h, w, 3) such as "image" and "face" or (b, t, h, w, 3)
        such as "frames" and "face_frames".
      norm: subtract and divide by the statistics of "imagenet", "clip", "emotic_scenes",
        "emotic_people", "efficientnet_lite" or "face_api"; "half" makes [-1, 1] of [0, 1], "none"
        leaves it. One name, or one a key.
      erase: probability in training that a rectangle of a picture becomes noise, its share of the
        area within `erase_area` (Zhong et al. 2017); the same in all frames of a clip.
    """

    keys: Sequence[str] = ("image",)
    norm: str | Sequence[str] = "imagenet"
    erase: float = 0.0
    erase_area: Sequence[float] = (0.02, 1 / 3)

    def __post_init__(self) -> None:
        names = [self.norm] if isinstance(self.norm, str) else self.norm
        if unknown := [name for name in names if name not in STATISTICS]:
            allowed = ", ".join(STATISTICS)
            raise ValueError(f"config.task.inputs.norm = {unknown[0]!r}; allowed: {allowed}")
        if not isinstance(self.norm, str) and len(self.norm) != len(self.keys):
            raise ValueError(
                f"config.task.inputs.norm has {len(self.norm)} names for {len(self.keys)} keys"
            )

    def __call__(
        self, batch: Mapping[str, Array], key: jax.Array | None = None
    ) -> tuple[Float[Array, "b ..."], ...]:
        """The arrays; erased at random with a key.

        Raises:
          ValueError: the batch lacks one of the keys.
        """
        absent = [k for k in self.keys if k not in batch]
        if absent:
            raise ValueError(
                f"config.task.inputs.keys names {absent}, the batch has {sorted(batch)}: make them "
                "by config.data.train_ops and eval_ops"
            )
        keys = jax.random.split(key, len(self.keys)) if key is not None else [None] * len(self.keys)
        norms = [self.norm] * len(keys) if isinstance(self.norm, str) else self.norm
        each = zip(self.keys, norms, keys, strict=True)
        return tuple(self._normalised(batch[name], norm, one) for name, norm, one in each)

    def shared(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """The batch as it is: nothing is worth computing once for all members of an ensemble."""
        return dict(batch)

    def _normalised(
        self, pictures: UInt8[Array, "b ..."], norm: str, key: jax.Array | None
    ) -> Float[Array, "b ..."]:
        mean, std = (jnp.asarray(x) for x in STATISTICS[norm])
        x = (pictures.astype(jnp.float32) / 255.0 - mean) / std
        if key is None or not self.erase:
            return x
        low, high = self.erase_area
        clips = x if x.ndim == 5 else x[:, None]
        erased = erase.random_erase(key, clips, prob=self.erase, area=(low, high))
        return erased if x.ndim == 5 else erased[:, 0]
