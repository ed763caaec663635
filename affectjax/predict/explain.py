"""What of its input a model's answer hangs on: maps over pictures, spectrograms and words.

A map tells where the answer would change, not why a person feels something.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from affectjax.models.transformer import SelfAttention
from affectjax.tasks.inputs import Inputs
from affectjax.tasks.pictures import Pictures
from affectjax.tasks.texts import Texts

DRAWS = 8  # of noise
NOISE = 0.1  # standard deviations of the input
Maps = dict[str, jax.Array]


def explain(task: Any, variables: Any, batch: Mapping[str, jax.Array], key: jax.Array) -> Maps:
    """Maps, 0 or more, of what each row's answer (`answer`) hangs on, by what the model reads.

    "tokens" (b, n), by attention; a picture or frames under its key of the batch, (b, [t,] h, w),
    and "log_mel" (b, n, m), by gradients. Each row's map sums to 1, unless it is 0 throughout.

    Raises:
      ValueError: an ensemble, or another task without one model and its inputs.
    """
    if not hasattr(task, "model") or not hasattr(task, "inputs"):
        raise ValueError(f"--explain is of one model, not of {type(task).__name__}")
    names = reads(task.inputs)
    if isinstance(task.inputs, Texts):
        ids, mask = task.inputs(batch)
        ahead = attention(task, variables, batch)
        seen = mask.astype(jnp.float32)
        rows = jnp.einsum("bi,bij->bj", seen / seen.sum(1, keepdims=True), ahead)
        return {"tokens": _shares(rows * seen).reshape(ids.shape)}
    given = task.inputs(batch)
    found = gradients(task, variables, given, key)
    return {k: _shares(x) for k, x in zip(names, found, strict=True) if x is not None}


def reads(inputs: Any) -> Sequence[str]:
    """Names of the arrays that `inputs` makes of a batch, in their order."""
    if isinstance(inputs, Pictures):
        return tuple(inputs.keys)
    return ("frames", "log_mel") if isinstance(inputs, Inputs) else ("tokens",)


def answer(out: Mapping[str, Array]) -> Float[Array, " b"]:
    """The number that a map is of: log p of the category said, the label most present, valence, or
    the score.

    Raises:
      ValueError: the model says none of these.
    """
    if "logits" in out:
        return jax.nn.log_softmax(out["logits"]).max(-1)
    if "multilabel_logits" in out:
        return jax.nn.log_sigmoid(out["multilabel_logits"]).max(-1)
    if "vad" in out:
        return out["vad"][:, 0]
    if "score" in out:
        return out["score"]
    raise ValueError(f"no answer to explain among the outputs {sorted(out)}")


def gradients(
    task: Any, variables: Any, given: Sequence[Any], key: jax.Array
) -> list[Float[Array, "b ..."] | None]:
    """|x dS/dx| of each input, summed over the colours of pictures, mean over noisy copies.

    Input times gradient (Shrikumar et al. 2016, arXiv 1605.01713), smoothed as SmoothGrad (Smilkov
    et al. 2017, arXiv 1706.03825): DRAWS copies with noise of NOISE of the input's spread.
    """

    def said(given: Sequence[Any]) -> jax.Array:
        if hasattr(task, "answer"):  # a task whose model answers more than one question
            return answer(task.answer(variables, *given)).sum()
        return answer(task.model.apply(variables, *given, deterministic=True)).sum()

    slope = jax.grad(said)

    def one(key: jax.Array) -> Any:
        keys = jax.random.split(key, len(given))
        noisy = tuple(
            None if x is None else x + NOISE * x.std() * jax.random.normal(k, x.shape)
            for x, k in zip(given, keys, strict=True)
        )
        return jax.tree.map(lambda x, g: jnp.abs(x * g), noisy, slope(noisy))

    every = jax.lax.map(one, jax.random.split(key, DRAWS))
    return [None if x is None else x.mean(0).sum(-1) if x.ndim > 4 else x.mean(0) for x in every]


def attention(task: Any, variables: Any, batch: Mapping[str, jax.Array]) -> Float[Array, "b n n"]:
    """How much each token took from each: gradient-weighted attention, rolled out over the blocks.

    R = I; for every block, from the first: R += mean over heads of max(dS/dA * A, 0) R, with A the
    attention weights (Chefer, Gur & Wolf 2021, arXiv 2103.15679, equations 5 and 6); less I at the
    end. Of the blocks that are `transformer.SelfAttention`.

    Raises:
      ValueError: the model has no such block, or computes a token by itself beside the others.
    """
    given = task.inputs(batch)

    def run(offsets: Sequence[Array] | None) -> tuple[Array, list[Array]]:
        seen: list[Array] = []

        def instead(next_function: Any, args: Any, kwargs: Any, context: Any) -> Any:
            module = context.module
            if not isinstance(module, SelfAttention) or context.method_name != "__call__":
                return next_function(*args, **kwargs)
            if len(args) > 2:  # `transformer.Block` with `at`
                name = type(task.model).__name__
                raise ValueError(f"{name} reads one token by itself: no rollout of attention")
            offset = None if offsets is None else offsets[len(seen)]
            out, weights = _opened(module, *args, offset=offset)
            seen.append(weights)
            return out

        with nn.intercept_methods(instead):
            out = task.model.apply(variables, *given, deterministic=True)
        return answer(out).sum(), seen

    shapes = jax.eval_shape(lambda: run(None)[1])
    if not shapes:
        raise ValueError(f"{type(task.model).__name__} has no self-attention to look into")
    zeros = [jnp.zeros(s.shape, s.dtype) for s in shapes]
    slopes, weights = jax.grad(run, has_aux=True)(zeros)
    eye = jnp.eye(shapes[0].shape[-1])
    rolled = jnp.broadcast_to(eye, (shapes[0].shape[0], *eye.shape))
    for slope, weight in zip(slopes, weights, strict=True):
        rolled += jnp.maximum(slope * weight, 0.0).mean(1) @ rolled
    return rolled - eye


def _opened(
    module: SelfAttention, x: Array, bias: Array | None = None, *, offset: Array | None
) -> tuple[Array, Array]:
    """What the module gives, and its weights (b, heads, n, n), to which `offset` is added."""
    params = module.variables["params"]

    def linear(name: str, x: Array) -> Array:
        own = params[name]
        return x @ own["kernel"] + own.get("bias", 0.0)

    def split(x: Array) -> Array:
        return x.reshape(*x.shape[:2], module.heads, -1).swapaxes(1, 2)

    q, k, v = (split(linear(name, x)) for name in "qkv")
    scores = q @ k.swapaxes(-1, -2) * (module.scale or q.shape[-1] ** -0.5)
    weights = jax.nn.softmax(scores if bias is None else scores + bias, axis=-1)
    if offset is not None:
        weights = weights + offset
    out = (weights @ v).swapaxes(1, 2)
    return linear("proj", out.reshape(*out.shape[:2], -1)), weights


def _shares(x: Float[Array, "b ..."]) -> Float[Array, "b ..."]:
    total = x.sum(axis=tuple(range(1, x.ndim)), keepdims=True)
    return x / jnp.where(total > 0, total, 1.0)
