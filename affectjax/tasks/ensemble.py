"""Several members of one task, trained side by side in one run and asked as one.

Deep ensembles (Lakshminarayanan et al. 2017, arXiv 1612.01474): members differ by their initial
parameters, dropout and augmentation, and with `held_out` by the people they learn from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from jaxtyping import Array, Bool, Float, Int

from affectjax.models import norm

Batch = Mapping[str, jax.Array]
FLOOR = 1e-30


@dataclass(frozen=True)
class Ensemble:
    """`members` sets of parameters of `task`; every parameter has a leading axis of members.

    Member i starts from the key fold_in(key, i) and trains with fold_in(key, i), as a run of its
    own with these keys would. The loss is the sum of the members' losses, so the gradient of one
    does not depend on the others; let the optimiser clip each member by its own norm
    (`optim.adamw(members=...)`), the rest of AdamW works on each number alone.

    Attributes:
      task: of categories, VAD or both (`Classify`, `Regress`).
      held_out: for each member the subjects that it never learns from; empty: all learn from all.
        In training it sees other rows of the batch in their place. A clip of a held-out subject is
        predicted by the members that hold it out alone, so scores and calibration on subjects of
        the training split are those of people unseen; any other clip, and one without `subject`,
        by all members.
    """

    task: Any
    members: int
    held_out: Sequence[Sequence[int]] = ()

    def __post_init__(self) -> None:
        if self.members < 1:
            raise ValueError(f"config.task.members = {self.members}: an ensemble needs at least 1")
        if self.held_out and len(self.held_out) != self.members:
            raise ValueError(
                f"config.task.held_out has {len(self.held_out)} groups of subjects for "
                f"{self.members} members; give one to each, or none"
            )

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        keys = [jax.random.fold_in(key, i) for i in range(self.members)]
        each = [self.task.init(k, spec) for k in keys]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The sum of the members' losses; terms are their means.

        Raises:
          ValueError: members hold subjects out and the batch has no `subject`.
        """
        shared = _shared(self.task, batch)
        losses, terms = [], []
        # Written out, member by member: on a CPU XLA runs the convolutions of lax.map's loop four
        # times as slowly, and those of vmap are grouped; experiments/hicmae/README.md has figures.
        for i in range(self.members):
            (rows, learns), own = self._own_rows(shared, i), _member(variables, i)
            value, outputs = self.task.loss(own, rows, jax.random.fold_in(key, i), step)
            losses.append(jnp.where(learns, value, 0.0))
            terms.append(outputs)
        moving = [outputs.pop(norm.MOVING) for outputs in terms if norm.MOVING in outputs]
        mean = jax.tree.map(lambda *x: sum(x) / len(x), *terms)
        if moving:  # a member's batch statistics are its own
            mean[norm.MOVING] = jax.tree.map(lambda *x: jnp.stack(x), *moving)
        return sum(losses[1:], losses[0]), mean

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """The mean of the members' probabilities, with logits its log, and of their VAD.

        `vad_sd` is that of the mixture of the members (of their means, where they have none);
        of quantiles the means of the members' own.

        Raises:
          ValueError: the task predicts neither.
        """
        shared = _shared(self.task, batch)
        said = [self.task.predict(_member(variables, i), shared) for i in range(self.members)]
        out = dict(said[0])
        named = ("probabilities", "vad_pred", "vad_sd", "vad_low", "vad_high")
        each = {k: jnp.stack([one[k] for one in said]) for k in named if k in out}
        if not each:
            raise ValueError(f"an ensemble averages probabilities and VAD, not {sorted(out)}")
        weights = self._weights(batch, next(iter(each.values())).shape[1])
        if "probabilities" in each:
            out["probabilities"] = _mean(each["probabilities"], weights)
            out["logits"] = jnp.log(jnp.maximum(out["probabilities"], FLOOR))
        out |= {k: _mean(each[k], weights) for k in ("vad_low", "vad_high") if k in each}
        if "vad_pred" in each:
            out["vad_pred"] = _mean(each["vad_pred"], weights)
            second = each["vad_pred"] ** 2 + each.get("vad_sd", jnp.zeros(())) ** 2
            out["vad_sd"] = jnp.sqrt(
                jnp.maximum(_mean(second, weights) - out["vad_pred"] ** 2, 0.0)
            )
        return out

    def metrics(self) -> type[clu_metrics.Collection]:
        return self.task.metrics()

    def _held(self, subject: Int[Array, " b"], member: int) -> Bool[Array, " b"]:
        """Which rows a member holds out."""
        group = jnp.asarray(list(self.held_out[member]), subject.dtype)
        return (subject[:, None] == group).any(1)

    def _own_rows(self, batch: Batch, member: int) -> tuple[Batch, Any]:
        """The batch as a member sees it, and whether it has any row to learn from.

        Kept rows stand in order, again from the first where they are too few.
        """
        if not self.held_out:
            return batch, True
        if "subject" not in batch:
            raise ValueError(
                f"config.task.held_out needs the key subject, the batch has {sorted(batch)}"
            )
        held = self._held(batch["subject"], member)
        kept = len(held) - held.sum()
        places = jnp.arange(len(held)) % jnp.maximum(kept, 1)
        order = jnp.argsort(held, stable=True)[places]
        return {k: v[order] for k, v in batch.items()}, kept > 0

    def _weights(self, batch: Batch, rows: int) -> Float[Array, "e b"]:
        """Each member's share in the prediction of each row; columns sum to 1."""
        equal = jnp.full((self.members, rows), 1.0 / self.members)
        if not self.held_out or "subject" not in batch:
            return equal
        held = jnp.stack([self._held(batch["subject"], i) for i in range(self.members)])
        count = held.sum(0)
        return jnp.where(count > 0, held / jnp.maximum(count, 1), equal)


def _shared(task: Any, batch: Batch) -> Batch:
    """The batch with what is the same for all members computed once."""
    inputs = getattr(task, "inputs", None)
    return batch if inputs is None else inputs.shared(batch)


def _member(tree: Any, i: int) -> Any:
    return jax.tree.map(lambda x: x[i], tree)


def _mean(each: Float[Array, "e b k"], weights: Float[Array, "e b"]) -> Float[Array, "b k"]:
    return jnp.einsum("ebk,eb->bk", each, weights)
