"""From the tokens of a batch to what an encoder of texts reads."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


@dataclass(frozen=True)
class Texts:
    """Token ids, and where they are text, as the arguments of a model such as `models.text.Text`.

    Attributes:
      hide: share of the tokens, the first aside, that become `unknown` in training (word dropout).
      unknown: the id of [UNK] in the model's vocabulary.
    """

    hide: float = 0.0
    unknown: int = 100

    def __call__(
        self, batch: Mapping[str, Array], key: jax.Array | None = None
    ) -> tuple[Int[Array, "b n"], Bool[Array, "b n"]]:
        """The arrays; tokens hidden at random with a key.

        Raises:
          ValueError: the batch holds no tokens.
        """
        if "tokens" not in batch:
            raise ValueError(
                f"the batch holds no tokens, only {sorted(batch)}: make them by "
                "data.ops.text.Tokens in config.data.train_ops and eval_ops"
            )
        ids = batch["tokens"]
        place = jnp.arange(ids.shape[1])
        # At least one token is seen: the softmax over none would be no number.
        mask = place < jnp.maximum(batch["token_length"], 1)[:, None]
        if key is not None and self.hide:
            hidden = jax.random.bernoulli(key, self.hide, ids.shape) & (place > 0)
            ids = jnp.where(hidden, self.unknown, ids)
        return ids, mask

    def shared(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """The batch as it is: nothing is worth computing once for all members of an ensemble."""
        return dict(batch)
