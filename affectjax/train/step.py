"""One training step and one prediction step as pure functions of (state, batch)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from affectjax.train import state as state_lib
from affectjax.train import trainable

Batch = dict[str, jax.Array]
Step = Callable[[state_lib.State, Batch], tuple[state_lib.State, dict[str, Any]]]


def train_step(
    task: Any,
    tx: optax.GradientTransformation,
    *,
    seed: int,
    accum: int = 1,
    ema_decay: float = 0.0,
    trained: frozenset[str] | None = None,
    place: Callable[[Any], Any] = lambda grads: grads,
    fetch: Callable[[state_lib.State], state_lib.State] = lambda state: state,
    uphill: Callable[[Any, Any], Any] | None = None,
) -> Step:
    """The step function: gradients of `task.loss` over `accum` micro-batches, update, average.

    Losses are means over examples, so the gradient of accum equal micro-batches is that of the
    whole batch, except where a loss couples examples (InfoNCE: negatives stay in a micro-batch).

    `trained` are the paths of the parameters that are trained, None all. For the others no gradient
    is computed; they change only where the task's outputs hold "moving", a tree of new values of
    parameters (`models.norm`).

    `place` constrains gradients to the sharding of their parameters, so that they are summed over
    the chips into parts (reduce-scatter) where parameters are split. `fetch` brings to the chips
    what of the state is kept elsewhere between steps.

    `uphill`, (parameters, gradients) -> parameters, says where the gradient of the step is taken
    instead (`optim.uphill`), of each micro-batch by itself, with the same key. Terms and batch
    statistics stay those of the parameters as they are.

    Returns a function (state, batch) -> (state, terms). `terms` holds every scalar of the task's
    outputs named loss or loss_*, `grad_norm`, and `finite`, a bool vector: whether each gradient
    and the parameter after the step are finite (the loop names the first that are not).
    """

    def step(state: state_lib.State, batch: Batch) -> tuple[state_lib.State, dict[str, Any]]:
        state = fetch(state)
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        part, rest = state.params, dict[str, Any]()
        if trained is not None:
            part, rest = trainable.split(state.params, trained)
        settings = (state.step, accum, place, uphill)
        grads, terms = _gradients(task, part, rest, batch, key, *settings)
        moving = terms.pop("moving")
        updates, opt_state = tx.update(grads, state.opt_state, part)
        part = optax.apply_updates(part, updates)
        if moving:
            inside, outside = trainable.split(moving, trained) if trained else (moving, {})
            part, rest = trainable.join(part, inside), trainable.join(rest, outside)
        params = trainable.join(part, rest) if rest else part
        finite = _finite(params, grads, moving)
        terms = {**terms, "grad_norm": optax.tree.norm(grads), "finite": finite}
        ema = state_lib.update_ema(state.ema, part, ema_decay, state.step)
        return state_lib.State(state.step + 1, params, opt_state, ema), terms

    return step


def predict_step(task: Any) -> Callable[[Any, Batch], dict[str, jax.Array]]:
    """The function (params, batch) -> the task's named outputs; no randomness."""

    def step(params: Any, batch: Batch) -> dict[str, jax.Array]:
        return task.predict({"params": params}, batch)

    return step


def first_bad(terms: dict[str, Any], params: Any) -> str | None:
    """Name of the first non-finite loss term or gradient in a step's terms, or None."""
    for name, value in terms.items():
        if name != "finite" and not bool(jnp.isfinite(value)):
            where = _bad_leaf(terms, params)
            return f"{name} = {float(value)}" + (
                f", gradient or update of {where}" if where else ""
            )
    where = _bad_leaf(terms, params)
    return f"gradient or update of {where}" if where else None


def _finite(params: Any, grads: Any, moving: Any) -> jax.Array:
    """For each parameter, whether it and its gradient are finite; True for what did not change."""
    gradients = dict(_named(grads))
    moved = dict(_named(moving))
    out = []
    for name, parameter in _named(params):
        changed = name in gradients or name in moved
        fine = jnp.isfinite(parameter).all() if changed else jnp.asarray(True)
        if name in gradients:
            fine &= jnp.isfinite(gradients[name]).all()
        out.append(fine)
    return jnp.stack(out)


def _named(tree: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(jax.tree_util.keystr(p, simple=True, separator="/"), leaf) for p, leaf in leaves]


def _bad_leaf(terms: dict[str, Any], params: Any) -> str | None:
    paths = [name for name, _ in _named(params)]
    bad = [p for p, ok in zip(paths, jax.device_get(terms["finite"]), strict=True) if not ok]
    return next((f"{p} ({len(bad)} of {len(paths)} parameters)" for p in bad), None)


def _gradients(
    task: Any,
    part: Any,
    rest: Any,
    batch: Batch,
    key: jax.Array,
    step: jax.Array,
    accum: int,
    place: Callable[[Any], Any],
    uphill: Callable[[Any, Any], Any] | None,
) -> tuple[Any, dict[str, Any]]:
    """Gradients of the trained `part` of the parameters, terms, and "moving" among the terms."""

    def loss(part: Any, micro: Batch, micro_key: jax.Array) -> tuple[jax.Array, dict]:
        params = trainable.join(part, rest) if rest else part
        value, outputs = task.loss({"params": params}, micro, micro_key, step)
        scalars = {k: v for k, v in outputs.items() if k.startswith("loss_")}
        return value, {"loss": value, **scalars, "moving": outputs.get("moving", {})}

    def grad(part: Any, *micro: Any) -> tuple[Any, dict[str, jax.Array]]:
        grads, terms = jax.grad(loss, has_aux=True)(part, *micro)
        grads = place(grads)
        if uphill:
            there = uphill(part, grads)
            grads = place(jax.grad(loss, has_aux=True)(there, *micro)[0])
        return grads, terms

    if accum == 1:
        return grad(part, batch, key)
    micros = jax.tree.map(lambda x: _split(x, accum), batch)
    keys = jax.random.split(key, accum)

    def add(total: Any, one: tuple[Batch, jax.Array]) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, grad(part, *one)), None

    shapes = jax.eval_shape(grad, part, jax.tree.map(lambda x: x[0], micros), keys[0])
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
    total, _ = jax.lax.scan(add, zeros, (micros, keys))
    return jax.tree.map(lambda x: x / accum, total)


def _split(x: jax.Array, accum: int) -> jax.Array:
    """(b, ...) -> (accum, b / accum, ...), strided so that each device keeps its own rows."""
    if x.shape[0] % accum:
        raise ValueError(f"config.train.accum = {accum} does not divide the batch of {x.shape[0]}")
    return x.reshape(x.shape[0] // accum, accum, *x.shape[1:]).swapaxes(0, 1)
