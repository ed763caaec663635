"""softmax(q k^T / sqrt(head width)) v, and which kernel computes it."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def plain(
    q: Float[Array, "b n d"], k: Float[Array, "b m d"], v: Float[Array, "b m d"], heads: int
) -> Float[Array, "b n d"]:
    """Attention of `heads` heads side by side, its gradient written out.

    Weights are left unnormalised, e = exp(s - max s), and the sum divides the output instead: no
    array of n x m is divided, and with o = e v / l and g' = g / l the gradient of the scores is
    e (g' v^T - sum g' o), as in FlashAttention (Dao et al. 2022, arXiv 2205.14135, appendix B).
    XLA's own gradient of a softmax goes through memory once more in each direction. Softmax is in
    float32 whatever the dtype.
    """
    return _forward(q, k, v, heads)[0]


def _forward(q: Any, k: Any, v: Any, heads: int) -> tuple[Any, Any]:
    scale = (q.shape[-1] // heads) ** -0.5
    scores = jnp.matmul(_split(q * scale, heads), _split(k, heads).swapaxes(-1, -2))
    scores = scores.astype(jnp.float32)
    e = jnp.exp(scores - scores.max(-1, keepdims=True))
    total = e.sum(-1, keepdims=True)
    e = e.astype(v.dtype)
    out = jnp.matmul(e, _split(v, heads)) / total.astype(v.dtype)
    return _merge(out), (q, k, v, e, total, out)


def _backward(heads: int, saved: Any, g: Any) -> tuple[Any, Any, Any]:
    q, k, v, e, total, out = saved
    scale = (q.shape[-1] // heads) ** -0.5
    g = _split(g, heads) / total.astype(v.dtype)
    mean = (g * out).sum(-1, keepdims=True)
    ds = e * (jnp.matmul(g, _split(v, heads).swapaxes(-1, -2)) - mean)
    dq = jnp.matmul(ds, _split(k * scale, heads))
    dk = jnp.matmul(ds.swapaxes(-1, -2), _split(q * scale, heads))
    dv = jnp.matmul(e.swapaxes(-1, -2), g)
    return _merge(dq), _merge(dk), _merge(dv)


plain.defvjp(_forward, _backward)


def _split(x: Any, heads: int) -> Any:
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _merge(x: Any) -> Any:
    x = x.swapaxes(1, 2)
    return x.reshape(*x.shape[:2], -1)
