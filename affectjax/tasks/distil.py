"""Expressions learnt with a teacher, with prototypes of valence and arousal, and a geometry.

After NeuroGaze-Distill's student (arXiv 2509.11916), which needs no brain signals any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.affect import norms
from affectjax.affect.labels import LabelSpace
from affectjax.losses import classification, prototypes
from affectjax.metrics import states
from affectjax.tasks import classify
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Distil:
    """A model of "logits" and "projected" (`models.taught`), and the loss of the student.

    loss = CE + teacher_weight distillation + prototype_weight towards + geometry_weight ramp(step)
    geometry, all of `losses.prototypes`. A face belongs to the prototypes around its category's
    mean valence and arousal (`affect.norms`).

    Attributes:
      names: the k categories in order.
      prototypes: rows (m, width), in the order of `losses.prototypes.cells`; `of_file` reads them.
      contracted: categories that are kept tight.
      ramp: steps at which the geometry begins to count, and counts whole.
    """

    model: nn.Module
    inputs: Inputs | Pictures
    names: Sequence[str]
    prototypes: Sequence[Sequence[float]]
    smoothing: float = 0.055
    teacher_weight: float = 0.0
    teacher_temperature: float = 5.0
    prototype_weight: float = 0.12
    prototype_temperature: float = 0.9
    spread: float = 0.3
    geometry_weight: float = 0.012
    contracted: Sequence[str] = ("happiness", "surprise")
    ramp: Sequence[int] = (0, 1)

    def __post_init__(self) -> None:
        side = round(len(self.prototypes) ** 0.5)
        if side**2 != len(self.prototypes):
            raise ValueError(
                f"config.task.prototypes has {len(self.prototypes)} rows, not one for each cell of "
                "a square grid"
            )
        if odd := [name for name in self.contracted if name not in self.names]:
            raise ValueError(f"config.task.contracted names {odd}, not among {list(self.names)}")

    @property
    def classes(self) -> int:
        return len(self.names)

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return classify.initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        keys = jax.random.split(key)
        out = classify.in_training(self.model, variables, self.inputs(batch, keys[0]), keys[1])
        emotion, projected = batch["emotion"], out["projected"]
        rows = jnp.asarray(self.prototypes, jnp.float32)
        terms = {
            "loss_emotion": classification.cross_entropy(out["logits"], emotion, self.smoothing),
            "loss_prototypes": prototypes.towards(
                projected, rows, self._shares()[emotion], self.prototype_temperature
            ),
            "loss_geometry": prototypes.geometry(
                out["feature"], emotion, self.classes, [*map(self.names.index, self.contracted)]
            ),
        }
        total = terms["loss_emotion"] + self.prototype_weight * terms["loss_prototypes"]
        begin, end = self.ramp
        risen = self.geometry_weight * prototypes.ramp(step, begin, end)
        total += risen * terms["loss_geometry"]
        if self.teacher_weight:
            if "teacher_logits" not in out:
                raise ValueError("config.task.teacher_weight needs config.task.model.teacher")
            terms["loss_teacher"] = prototypes.distillation(
                out["logits"], out["teacher_logits"], self.teacher_temperature
            )
            total += self.teacher_weight * terms["loss_teacher"]
        return total, {**terms, **classify.moved(out)}

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        named = {"logits": out["logits"], "probabilities": jax.nn.softmax(out["logits"])}
        return {**named, **classify.passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        return states.CategoryScores

    def _shares(self) -> jax.Array:
        """To which prototypes each category belongs, (k, m)."""
        space = LabelSpace("config.task.names", tuple(self.names), "the config")
        points = norms.of_space(space)[0][:, :2]
        side = round(len(self.prototypes) ** 0.5)
        return prototypes.nearness(points, prototypes.cells(side), self.spread)


def of_file(path: str) -> list[list[float]]:
    """Prototypes (m, d) of an .npz with one array of two axes; of "" the cells' own middles.

    The middles are valence and arousal themselves: a stand-in where no teacher's file is at hand.

    Raises:
      ValueError: no such array, or one that is not finite.
    """
    if not path:
        return prototypes.cells().tolist()
    with np.load(path, allow_pickle=False) as file:
        found = [file[k] for k in file.files if file[k].ndim == 2]
    if len(found) != 1 or not np.isfinite(found[0]).all():
        raise ValueError(f"{path} holds {len(found)} arrays (m, d), expected one, finite")
    return found[0].astype(float).tolist()
