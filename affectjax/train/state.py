"""What a training run carries from step to step, as one pytree."""

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from affectjax.train import trainable

PyTree = Any


@flax.struct.dataclass
class State:
    """Step, parameters, optimiser state and, where asked for, an average of the parameters.

    The optimiser state and the average hold the trained parameters only (`train.trainable`).

    There is no random state: every key is `fold_in(key(seed), step)`, so a resumed run draws
    what the unbroken one would have drawn.
    """

    step: jax.Array
    params: PyTree
    opt_state: PyTree
    ema: PyTree | None = None

    @property
    def eval_params(self) -> PyTree:
        """The averaged parameters where they are kept, else the parameters."""
        return self.params if self.ema is None else trainable.join(self.params, self.ema)


def create(
    params: PyTree,
    tx: optax.GradientTransformation,
    ema_decay: float = 0.0,
    trained: frozenset[str] | None = None,
) -> State:
    """The state before the first step.

    `ema_decay` 0 keeps no average; `trained` are the paths of the trained parameters, None all.
    """
    part = params if trained is None else trainable.split(params, trained)[0]
    ema = jax.tree.map(jnp.copy, part) if ema_decay else None
    return State(jnp.zeros((), jnp.int32), params, tx.init(part), ema)


def update_ema(ema: PyTree | None, params: PyTree, decay: float, step: jax.Array) -> PyTree | None:
    """ema <- d ema + (1 - d) params, with d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the random initialisation out of the average of a short run (as in TensorFlow's
    `ExponentialMovingAverage(num_updates)`).
    """
    if ema is None:
        return None
    d = jnp.minimum(decay, (1.0 + step) / (10.0 + step))
    return jax.tree.map(lambda e, p: e * d + p * (1.0 - d), ema, params)
