"""One score of a picture or text: its quality, how well it is remembered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.losses import ccc, regression
from affectjax.metrics import states
from affectjax.tasks import classify
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures
from affectjax.tasks.texts import Texts

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Rate:
    """A model with the head "score" (b,) and its loss towards the batch's `score`.

    Attributes:
      model: a Flax module, (*inputs, deterministic) -> {"score": (b,)}.
      criterion: "mse", or "pearson": (1 - r) / 2 over the batch, 0 where the scores are on a line.
    """

    model: nn.Module
    inputs: Inputs | Pictures | Texts
    criterion: Literal["mse", "pearson"] = "mse"

    def __post_init__(self) -> None:
        if self.criterion not in ("mse", "pearson"):
            raise ValueError(f"config.task.criterion = {self.criterion!r}; allowed: mse, pearson")

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys = jax.random.split(key)
        out = classify.in_training(self.model, variables, self.inputs(batch, keys[0]), keys[1])
        pair = out["score"][:, None], batch["score"][:, None]
        value = regression.mse(*pair) if self.criterion == "mse" else ccc.pcc_loss(*pair) / 2
        return value, classify.moved(out)

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`score_pred` (b,), with the truth beside it."""
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        return {"score_pred": out["score"], **classify.passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.RatingScores
