"""softmax(q k^T / sqrt(head width)) v, and which kernel computes it."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Float

from affectjax import batch as batch_lib

# plain: below, on any platform; xla, cudnn: jax.nn.dot_product_attention (cudnn: a GPU, 16 bits);
# splash: the Pallas kernel for TPUs, which never writes the n x m weights to memory.
KERNELS = ("plain", "xla", "cudnn", "splash")
_LANES = 128  # splash works on blocks of so many tokens


def attend(
    q: Float[Array, "b n d"],
    k: Float[Array, "b m d"],
    v: Float[Array, "b m d"],
    heads: int,
    kernel: str = "plain",
) -> Float[Array, "b n d"]:
    """Attention of `heads` heads side by side by one of `KERNELS`.

    Raises:
      ValueError: no such kernel, or one that cannot compute with this dtype.
    """
    if kernel == "plain":
        return plain(q, k, v, heads)
    if kernel == "splash":
        return splash(q, k, v, heads)
    if kernel not in KERNELS:
        raise ValueError(f"config.task.model.kernel = {kernel!r}; allowed: {', '.join(KERNELS)}")
    if kernel == "cudnn" and q.dtype not in (jnp.bfloat16, jnp.float16):
        raise ValueError(
            f"config.task.model.kernel = 'cudnn' computes in 16 bits, not in {q.dtype}; set "
            "config.task.model.dtype = bfloat16, or another kernel"
        )
    q4, k4, v4 = (x.reshape(*x.shape[:2], heads, -1) for x in (q, k, v))
    implementation: Literal["cudnn", "xla"] = "cudnn" if kernel == "cudnn" else "xla"
    out = jax.nn.dot_product_attention(q4, k4, v4, implementation=implementation)
    return out.reshape(q.shape)


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


def splash(
    q: Float[Array, "b n d"],
    k: Float[Array, "b m d"],
    v: Float[Array, "b m d"],
    heads: int,
    interpret: bool = False,
) -> Float[Array, "b n d"]:
    """JAX's splash attention on a TPU; tokens are padded to blocks and the padding masked.

    XLA cannot split a kernel over a mesh, so batch rows and heads are split here, over those of
    the axes data, fsdp and tensor that divide them. `interpret` runs it without a TPU, slowly.
    """
    scaled = q * (q.shape[-1] // heads) ** -0.5
    q, k, v = _split(scaled, heads), _split(k, heads), _split(v, heads)
    run = partial(_splash, interpret=interpret)
    mesh = jax.sharding.get_abstract_mesh()
    if not mesh.empty and mesh.size > 1:
        spec = _spec(q.shape, mesh.shape)
        run = jax.shard_map(run, in_specs=(spec, spec, spec), out_specs=spec, check_vma=False)
    return _merge(run(q, k, v))


def _splash(q: Any, k: Any, v: Any, interpret: bool) -> Any:
    from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_kernel as lib
    from jax.experimental.pallas.ops.tpu.splash_attention import splash_attention_mask as masks

    n, m, heads = q.shape[2], k.shape[2], q.shape[1]
    q, k, v = _padded(q), _padded(k), _padded(v)
    rows, columns = q.shape[2], k.shape[2]
    mask = masks.MultiHeadMask([masks.FullMask((rows, columns))] * heads)
    bq, bk = _block(rows), _block(columns)
    sizes = lib.BlockSizes(bq, bk, bk, bq, bk, bk, bq, bk)
    kernel = lib.make_splash_mha(
        mask, block_sizes=sizes, head_shards=1, q_seq_shards=1, interpret=interpret
    )
    # Padding is a segment of its own: real tokens see real tokens only.
    segments = lib.SegmentIds(jnp.arange(rows) >= n, jnp.arange(columns) >= m)
    segments = jax.tree.map(lambda x: x.astype(jnp.int32), segments)
    return jax.vmap(kernel, in_axes=(0, 0, 0, None))(q, k, v, segments)[:, :, :n].astype(v.dtype)


def _padded(x: Any) -> Any:
    return jnp.pad(x, ((0, 0), (0, 0), (0, -x.shape[2] % _LANES), (0, 0)))


def _block(tokens: int, largest: int = 1024) -> int:
    return max(b for b in range(_LANES, largest + 1, _LANES) if tokens % b == 0)


def _spec(shape: tuple[int, ...], axes: Mapping[str, int]) -> PartitionSpec:
    rows: tuple[str, ...] = ()
    for axis in batch_lib.AXES:
        if axes.get(axis, 1) > 1 and shape[0] % math.prod([axes[a] for a in (*rows, axis)]) == 0:
            rows += (axis,)  # not where parameters are made, from one row
    heads = "tensor" if axes.get("tensor", 1) > 1 and shape[1] % axes["tensor"] == 0 else None
    return PartitionSpec(rows or None, heads)
