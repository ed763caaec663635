"""AdamW and SGD whose learning rate and weight decay follow rules on parameter paths."""

import re
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import traverse_util

from affectjax import config as config_lib

PyTree = Any
Rule = tuple[str, float]


def build(config: Any, params: PyTree) -> optax.GradientTransformation:
    """The optimiser of `config.optimizer`, a recorded call of `adamw` or one like it."""
    return config_lib.build(config.optimizer, "config.optimizer", params=params)


def adamw(
    params: PyTree,
    schedule: Any,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.05,
    no_decay: Sequence[str] = (),
    lr_scale: Sequence[Rule] = (),
    clip: float = 0.0,
    members: bool = False,
) -> optax.GradientTransformation:
    """AdamW (Loshchilov & Hutter 2019): p <- p - lr s (m / (sqrt(v) + eps) + wd p).

    Args:
      params: the parameters or their shapes; only paths and ranks are read.
      schedule: step -> learning rate.
      no_decay: regular expressions of paths without weight decay, besides all arrays of rank
        0 and 1 (biases, norm scales), as in the official code of HiCMAE.
      lr_scale: ordered (regular expression, s); the first match scales the learning rate of a
        path, no match means 1. Layer-wise decay is such a table.
      clip: largest global gradient norm; 0 leaves gradients as they are.
      members: every array has a leading axis of members (`tasks.ensemble`): each member is clipped
        by its own norm, and the axis does not count as a rank.

    Raises:
      ValueError: a pattern that matches no parameter.
    """
    scales = path_values(params, lr_scale, 1.0, "lr_scale")
    return optax.chain(
        _clip(clip, members),
        optax.scale_by_adam(b1, b2, eps),
        optax.add_decayed_weights(weight_decay, decay_mask(params, no_decay, members)),
        _scale_by(scales),
        optax.scale_by_learning_rate(schedule),
    )


def sgd(
    params: PyTree,
    schedule: Any,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    lr_scale: Sequence[Rule] = (),
    clip: float = 0.0,
    members: bool = False,
) -> optax.GradientTransformation:
    """Momentum: m <- momentum m + (g + wd p), p <- p - lr s m; as torch, which decays every array.

    Arguments as `adamw`; `lr_scale` stands for torch's groups of parameters.
    """
    scales = path_values(params, lr_scale, 1.0, "lr_scale")
    return optax.chain(
        _clip(clip, members),
        optax.add_decayed_weights(weight_decay),
        optax.trace(momentum),
        _scale_by(scales),
        optax.scale_by_learning_rate(schedule),
    )


def decay_mask(params: PyTree, no_decay: Sequence[str] = (), members: bool = False) -> PyTree:
    """True for the arrays that weight decay shrinks: of rank 2 and more, in none of `no_decay`.

    A leading axis does not count where it is the layer of a stack that a scan runs ("blocks" in
    the path), nor, with `members`, that of the members.
    """
    off = path_values(params, [(p, 1.0) for p in no_decay], 0.0, "no_decay")

    def decays(path: Any, p: Any, x: float) -> bool:
        stacked = "blocks" in jax.tree_util.keystr(path, simple=True, separator="/").split("/")
        return len(p.shape) > 1 + members + stacked and not x

    return jax.tree_util.tree_map_with_path(decays, params, off)


def path_values(params: PyTree, rules: Sequence[Rule], default: float, name: str) -> PyTree:
    """A number for each parameter: that of the first rule found in its path "a/b/kernel".

    Raises:
      ValueError: a rule that is the first match of no parameter.
    """
    flat = traverse_util.flatten_dict(params, sep="/")
    used: set[str] = set()

    def value(path: str) -> float:
        for pattern, number in rules:
            if re.search(pattern, path):
                used.add(pattern)
                return float(number)
        return default

    values = {path: value(path) for path in flat}
    idle = [pattern for pattern, _ in rules if pattern not in used]
    if idle:
        raise ValueError(f"config.optimizer.{name}: no parameter matches {idle}; see the overview")
    return traverse_util.unflatten_dict(values, sep="/")


def uphill(params: PyTree, grads: PyTree, radius: float, members: bool = False) -> PyTree:
    """p + radius g / |g|, where sharpness-aware minimisation takes its gradient.

    Foret et al. 2021 (arXiv 2010.01412), equation 2; |g| is over all parameters, with `members` of
    each member alone. Parameters stay where the gradient is 0.

    >>> import jax.numpy as jnp
    >>> uphill({"w": jnp.zeros(2)}, {"w": jnp.array([3.0, 4.0])}, 0.5)["w"].round(6).tolist()
    [0.3..., 0.4...]
    """
    norm = _norm(grads, members)
    scale = radius / jnp.where(norm > 0, norm, 1.0)
    return jax.tree.map(lambda p, g: p + _along(scale, g), params, grads)


def _norm(tree: PyTree, members: bool) -> jax.Array:
    """The norm over all arrays, or (members,) of each member's."""
    if not members:
        return optax.tree.norm(tree)
    each = [(x**2).reshape(x.shape[0], -1).sum(1) for x in jax.tree.leaves(tree)]
    return jnp.sqrt(sum(each[1:], each[0]))


def _along(scale: jax.Array, x: jax.Array) -> jax.Array:
    """x times a number, or each member's part times its own."""
    return x * (scale.reshape(-1, *[1] * (x.ndim - 1)) if scale.ndim else scale)


def _clip(largest: float, members: bool) -> optax.GradientTransformation:
    if not largest:
        return optax.identity()
    if not members:
        return optax.clip_by_global_norm(largest)

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        scale = largest / jnp.maximum(_norm(updates, members), largest)
        return jax.tree.map(lambda u: _along(scale, u), updates), state

    return optax.GradientTransformation(lambda _: optax.EmptyState(), update)


def _scale_by(scales: PyTree) -> optax.GradientTransformation:
    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        return jax.tree.map(lambda u, s: u * s, updates, scales), state

    return optax.GradientTransformation(lambda _: optax.EmptyState(), update)
