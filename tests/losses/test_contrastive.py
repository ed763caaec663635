"""Local and global negatives: the same value on one device, on eight, and in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affectjax.losses import contrastive
from affectjax.train import shard

A, B = np.random.default_rng(0).normal(size=(2, 16, 3, 8)).astype(np.float32)
WEIGHTS = np.linspace(0.5, 2, 16, dtype=np.float32)


def _by_hand(groups):
    """Cross-entropies written with loops in float64, part by part."""
    unit = [x.mean(1, dtype=np.float64) for x in (A, B)]
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in unit)
    size, out = len(a) // groups, []
    for i in range(len(a)):
        part = range(i // size * size, i // size * size + size)
        row = sum(np.exp(a[i] @ b[j] / 0.07) for j in part)
        column = sum(np.exp(a[j] @ b[i] / 0.07) for j in part)
        out.append(0.5 * np.log(row * column) - a[i] @ b[i] / 0.07)
    return np.array(out)


@pytest.mark.parametrize("groups", [1, 8], ids=["global", "local"])
def test_negatives_on_eight_devices_give_the_value_written_by_hand(groups):
    rows = shard.batch_sharding(shard.make_mesh({"data": 8}))

    def loss(a, b):
        return contrastive.between(a, b, groups=groups)

    expected = _by_hand(groups)
    np.testing.assert_allclose(loss(A, B), expected, rtol=1e-5, atol=1e-6)
    a, b = (jax.device_put(x, rows) for x in (A, B))
    np.testing.assert_allclose(jax.jit(loss)(a, b), expected, rtol=1e-5, atol=1e-6)
    gradient = jax.grad(lambda a, b: loss(a, b).mean())
    np.testing.assert_allclose(jax.jit(gradient)(a, b), gradient(A, B), atol=1e-6)


def test_negatives_gathered_one_axis_after_the_other_give_the_same():
    mesh = shard.make_mesh({"data": 2, "fsdp": 4})
    gradient = jax.value_and_grad(lambda a, b: contrastive.between(a, b) @ WEIGHTS, argnums=(0, 1))
    expected = gradient(A, B)
    with jax.set_mesh(mesh):
        a, b = (jax.device_put(x, shard.batch_sharding(mesh)) for x in (A, B))
        lowered = jax.jit(gradient).lower(a, b)
        assert lowered.as_text().count("stablehlo.all_gather") == 2
        assert lowered.as_text().count("stablehlo.reduce_scatter") == 2
        found = lowered.compile()(a, b)
        three = contrastive.between(A[:3], B[:3])  # rows that the mesh does not divide
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, 1e-6, 2e-6), found, expected)
    np.testing.assert_allclose(three, contrastive.between(A[:3], B[:3]), rtol=1e-6)


def test_local_negatives_leave_no_device():
    rows = shard.batch_sharding(shard.make_mesh({"data": 8}))
    spec = jax.ShapeDtypeStruct(A.shape, jnp.float32, sharding=rows)

    def compiled(groups):
        def gradient(a, b):
            return jax.grad(lambda a: contrastive.between(a, b, groups=groups).mean())(a)

        return jax.jit(gradient, out_shardings=rows).lower(spec, spec).compile().as_text()

    assert "all-gather" in compiled(1) or "all-to-all" in compiled(1)
    words = ("all-gather", "all-to-all", "collective-permute", "all-reduce", "reduce-scatter")
    assert not [word for word in words if word in compiled(8)]


def test_groups_that_do_not_divide_the_batch_are_an_error():
    with pytest.raises(ValueError, match="3 groups of negatives do not divide a batch of 16"):
        contrastive.between(A, B, groups=3)
