"""Constraints on activations at the batch border and at block boundaries, from outside the model.

Models carry no axis names: while a task is traced, the outputs of modules whose path matches a rule
are constrained to the rule's axes. Between two blocks that is enough for XLA to keep rows on the
chips of their batch rows, and to split tokens over the sequence axis.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
from clu import metrics as clu_metrics
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding

from affectjax.train import partition, shard

Batch = Mapping[str, jax.Array]
Rule = tuple[str, Sequence[Any]]
# Every stack of this codebase names its blocks blocks_<i>, or blocks where a scan runs them.
BLOCKS: Rule = (r"(^|/)blocks[^/]*$", (shard.BATCH_AXES, "sequence", None))


@dataclass(frozen=True)
class Placed:
    """A task whose batches and blocks stay where the mesh has them; the same numbers.

    Attributes:
      rules: ordered (pattern on a module's path "encoder/blocks_0", axes of the first dimensions of
        its output); the first match decides. An axis that does not divide is dropped.
    """

    task: Any
    mesh: Mesh
    rules: Sequence[Rule] = ()

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The task's loss.

        Raises:
          ValueError: one of `rules` decides about no module that the loss runs.
        """
        seen: set[str] = set()
        with nn.intercept_methods(self._constrain(seen)):
            out = self.task.loss(variables, self._rows(batch), key, step)
        self._check(seen)
        return out

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """The task's prediction."""
        with nn.intercept_methods(self._constrain(set())):
            return self.task.predict(variables, self._rows(batch))

    def metrics(self) -> type[clu_metrics.Collection]:
        """The task's metrics."""
        return self.task.metrics()

    def _rows(self, batch: Batch) -> dict[str, jax.Array]:
        return {k: self._place(v, [shard.BATCH_AXES]) for k, v in batch.items()}

    def _constrain(self, seen: set[str]) -> Callable[..., Any]:
        def intercept(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
            out = call(*args, **kwargs)
            if context.method_name != "__call__":
                return out
            path = "/".join(context.module.path)
            seen.add(path)
            for pattern, axes in [*self.rules, BLOCKS]:
                if re.search(pattern, path):
                    return jax.tree.map(partial(self._place, axes=axes), out)
            return out

        return intercept

    def _place(self, x: Any, axes: Sequence[Any]) -> Any:
        if not isinstance(x, jax.Array) or x.ndim < len(axes):
            return x
        spec = partition.fitted([*axes, *[None] * (x.ndim - len(axes))], x.shape, self.mesh)
        return jax.lax.with_sharding_constraint(x, NamedSharding(self.mesh, spec))

    def _check(self, seen: set[str]) -> None:
        decided = {
            next((i for i, (p, _) in enumerate(self.rules) if re.search(p, path)), -1)
            for path in seen
        }
        idle = [p for i, (p, _) in enumerate(self.rules) if i not in decided]
        if idle:
            raise ValueError(
                f"config.sharding.activations: {idle} decide about no module; near: "
                f"{', '.join(partition.near(idle[0], sorted(seen)))}. Remove or mend the rule"
            )
