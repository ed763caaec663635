"""LoRA (Hu et al. 2021, arXiv 2106.09685) over any Flax model: y = x W + b + scale x A B.

The model's own code stays as it is: while it is traced, the outputs of the linear layers that
`Lora.targets` name gain a low-rank branch. `merge` folds the branches into the matrices.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import traverse_util
from jaxtyping import Array, Float

PyTree = Any


@dataclass(frozen=True)
class Lora:
    """Which layers get a branch, and of which kind.

    Attributes:
      targets: patterns found in paths of layers, "attn/(q|k|v)$".
      rank, alpha: scale = alpha / rank.
      rslora: scale = alpha / sqrt(rank) (Kalajdzievski 2023, arXiv 2312.03732).
      dropout: of the input of the branches, in training. Drawn for each call of a layer: a token
        that a block computes by itself gets chances of its own.
    """

    targets: Sequence[str]
    rank: int = 16
    alpha: float = 16.0
    rslora: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.rank < 1 or not 0 <= self.dropout < 1:
            raise ValueError(
                f"rank={self.rank} must be 1 or more, dropout={self.dropout} in [0, 1)"
            )

    @property
    def scale(self) -> float:
        """The factor of the branches.

        >>> Lora(["q$"], 4, 8).scale, Lora(["q$"], 4, 8, rslora=True).scale
        (2.0, 4.0)
        """
        return self.alpha / (self.rank**0.5 if self.rslora else self.rank)


def init(key: jax.Array, params: PyTree, lora: Lora) -> PyTree:
    """A tree of {"a": (in, rank), "b": (rank, out)} at the path of each target.

    A is uniform in +-1/sqrt(in) and B zero, as in peft: the model does not change at first.

    Raises:
      ValueError: a pattern that names no layer with a matrix.
    """
    kernels = {
        k.removesuffix("/kernel"): v
        for k, v in traverse_util.flatten_dict(params, sep="/").items()
        if k.endswith("/kernel") and len(v.shape) == 2
    }
    idle = [t for t in lora.targets if not any(re.search(t, path) for path in kernels)]
    if idle:
        raise ValueError(
            f"LoRA's targets {idle} name no layer; there are {', '.join(sorted(kernels)[:6])}, ..."
        )
    chosen = [path for path in kernels if any(re.search(t, path) for t in lora.targets)]
    adapters = {}
    for path, one in zip(sorted(chosen), jax.random.split(key, len(chosen)), strict=True):
        inner, outer = kernels[path].shape
        draw = jax.random.uniform(one, (inner, lora.rank), jnp.float32, -1.0, 1.0)
        adapters[f"{path}/a"] = draw * inner**-0.5
        adapters[f"{path}/b"] = jnp.zeros((lora.rank, outer), jnp.float32)
    return traverse_util.unflatten_dict(adapters, sep="/")


def merge(params: PyTree, adapters: PyTree, lora: Lora) -> PyTree:
    """Parameters with scale A B added to the matrices: no cost when the model runs."""
    return _add(params, adapters, lora.scale)


def unmerge(params: PyTree, adapters: PyTree, lora: Lora) -> PyTree:
    """The inverse of `merge`, up to rounding."""
    return _add(params, adapters, -lora.scale)


def branches(
    adapters: PyTree, lora: Lora, key: jax.Array | None = None, prefix: Sequence[str] = ()
) -> Callable[..., Any]:
    """An interceptor for `nn.intercept_methods`: adds the branches to the targets' outputs.

    Without a key there is no dropout. `prefix` is the model's place inside another module.
    """
    flat = traverse_util.flatten_dict(adapters, sep="/")
    order = {path: i for i, path in enumerate(sorted(flat))}

    def intercept(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        y = call(*args, **kwargs)
        names = context.module.path
        path = "/".join(names[len(prefix) :])
        if context.method_name != "__call__" or f"{path}/a" not in flat:
            return y
        x = args[0]
        if key is not None and lora.dropout:
            one = jax.random.fold_in(key, order[f"{path}/a"])
            keep = jax.random.bernoulli(one, 1 - lora.dropout, x.shape)
            x = jnp.where(keep, x / (1 - lora.dropout), 0.0)
        return y + lora.scale * _low_rank(x.astype(y.dtype), flat[f"{path}/a"], flat[f"{path}/b"])

    return intercept


def apply(
    model: nn.Module,
    params: PyTree,
    adapters: PyTree,
    lora: Lora,
    *args: Any,
    key: jax.Array | None = None,
    **kwargs: Any,
) -> Any:
    """`model.apply({"params": params}, *args, **kwargs)` with the branches."""
    with nn.intercept_methods(branches(adapters, lora, key)):
        return model.apply({"params": params}, *args, **kwargs)


class Adapted(nn.Module):
    """A model with LoRA as one module, for tasks: parameters "model/..." and "lora/...".

    With `config.train.trained = ["lora/", ...]` the model's own parameters stay frozen. Dropout of
    the branches is on when the model is called with deterministic=False.
    """

    model: nn.Module
    lora: Lora

    @nn.compact
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_initializing():
            self.model(*args, **kwargs)  # makes the matrices whose shapes the branches follow
        given = self.variables["params"]["model"]
        adapters = self.param("lora", lambda key: init(key, given, self.lora))
        noisy = self.lora.dropout and not kwargs.get("deterministic", True)
        key = self.make_rng("dropout") if noisy else None
        with nn.intercept_methods(branches(adapters, self.lora, key, self.model.path)):
            return self.model(*args, **kwargs)


def _low_rank(
    x: Float[Array, "*b d"], a: Float[Array, "d r"], b: Float[Array, "r e"]
) -> Float[Array, "*b e"]:
    flat = x.reshape(-1, x.shape[-1])
    y = (flat @ a.astype(x.dtype)) @ b.astype(x.dtype)
    return y.reshape(*x.shape[:-1], y.shape[-1])


def _add(params: PyTree, adapters: PyTree, scale: float) -> PyTree:
    flat: Mapping[str, Any] = traverse_util.flatten_dict(params, sep="/")
    parts = traverse_util.flatten_dict(adapters, sep="/")
    new = dict(flat)
    for name in parts:
        path, _, part = name.rpartition("/")
        if part == "a":
            kernel = flat[f"{path}/kernel"]
            change = scale * (parts[name] @ parts[f"{path}/b"])
            new[f"{path}/kernel"] = (kernel + change).astype(kernel.dtype)
    return traverse_util.unflatten_dict(new, sep="/")
