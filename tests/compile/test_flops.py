"""Operations against closed forms."""

import jax
import jax.numpy as jnp

from affectjax.compile import flops
from affectjax.models import attention

X = jax.ShapeDtypeStruct((3, 10, 16), jnp.float32)


def _block(x):
    return attention.Block(2).init_with_output(jax.random.key(0), x, True)[0]


def _closed(b, n, d):
    """qkv, scores, values, proj, and an MLP of four times the width."""
    return 2 * b * n * d * (3 * d + d + 8 * d) + 2 * 2 * b * n * n * d


def test_a_block_counts_its_closed_form():
    assert flops.count(_block, X) == _closed(3, 10, 16)


def test_value_and_gradient_count_three_times_the_forward():
    params = jax.eval_shape(lambda x: attention.Block(2).init(jax.random.key(0), x, True), X)

    def loss(params, x):
        return attention.Block(2).apply(params, x, True).sum()

    both = jax.value_and_grad(loss, argnums=(0, 1))
    assert flops.count(both, params, X) == 3 * flops.count(loss, params, X)


def test_what_no_output_hangs_on_is_not_counted():
    def two(a, b):
        return a @ b, a @ b @ b

    x = jax.ShapeDtypeStruct((8, 8), jnp.float32)
    assert flops.count(lambda a, b: two(a, b)[0], x, x) == 2 * 8**3
    assert flops.count(jax.jit(two), x, x) == 3 * 2 * 8**3
    assert flops.count(lambda a, b: jax.jit(two)(a, b)[0], x, x) == 2 * 8**3


def test_a_scan_counts_its_body_as_often_as_it_runs():
    def stack(w, x):
        return jax.lax.scan(lambda x, w: (x @ w, None), x, w)[0]

    w = jax.ShapeDtypeStruct((5, 8, 8), jnp.float32)
    x = jax.ShapeDtypeStruct((4, 8), jnp.float32)
    assert flops.count(stack, w, x) == 5 * 2 * 4 * 8 * 8
    assert flops.count(stack, w, x, scan_once=True) == 2 * 4 * 8 * 8


def test_a_convolution_counts_its_window_and_group():
    def conv(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", feature_group_count=2)

    x = jax.ShapeDtypeStruct((1, 4, 6, 6), jnp.float32)
    k = jax.ShapeDtypeStruct((8, 2, 3, 3), jnp.float32)
    assert flops.count(conv, x, k) == 2 * 8 * 4 * 4 * 2 * 9


def test_recomputation_is_counted():
    def loss(w, x):
        return jax.checkpoint(lambda x: jnp.sin(x @ w) @ w)(x).sum()

    w = x = jax.ShapeDtypeStruct((8, 8), jnp.float32)
    # Forward 2 products, backward 4, and the first product again.
    assert flops.count(jax.value_and_grad(loss, argnums=(0, 1)), w, x) == 7 * 2 * 8**3
