"""Memory and speed levers change neither the loss nor the gradient, within the stated bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affectjax.losses import contrastive, masked
from affectjax.models import attend, hicmae, hicmae_finetune, stack
from affectjax.train import optim
from affectjax.weights import hicmae as names
from affectjax.weights import stacked, transfer

T = hicmae.Tower


def _model(**levers):
    tower = T(16, 2, 2)
    return hicmae.Pretrain(
        tower, tower, T(8, 2, 2), T(8, 2, 2), 1, 2, (1,), patch=8, patch_audio=8, **levers
    )


def _data(batch=2):
    keys = jax.random.split(jax.random.key(1), 2)
    frames = jax.random.normal(keys[0], (batch, 4, 16, 16, 3))
    mel = jax.random.normal(keys[1], (batch, 32, 24))
    hide = lambda n, hidden: jnp.tile(jnp.arange(n) % (n // hidden) == 0, (batch, 1))  # noqa: E731
    return frames, mel, hide(8, 2), hide(12, 4), (2, 4)


def _init(model):
    return jax.jit(lambda: model.init(jax.random.key(0), *_data()))()["params"]


def _shapes(model):
    return jax.eval_shape(lambda: model.init(jax.random.key(0), *_data())["params"])


def _loss(model):
    data = _data()

    def loss(params):
        out = model.apply({"params": params}, *data)
        pairs = contrastive.similarity(out["taps_video"][0], out["taps_audio"][0])
        errors = [masked.squared_error(out[k], jnp.ones(())) for k in ("pred_video", "pred_audio")]
        return sum(e.mean() for e in errors) + contrastive.info_nce(pairs).mean()

    return jax.jit(jax.value_and_grad(loss))


@pytest.fixture(scope="module")
def params():
    return _init(_model())


@pytest.fixture(scope="module")
def plain(params):
    return _loss(_model())(params)


def _close(got, wanted, rtol):
    np.testing.assert_allclose(got[0], wanted[0], rtol=rtol)
    size = optax.tree.norm(wanted[1])
    difference = jax.tree.map(jnp.subtract, got[1], wanted[1])
    assert optax.tree.norm(difference) <= rtol * size


@pytest.fixture(scope="module")
def tower():
    """Loss and gradient of one tower under a rematerialisation policy, at the same parameters."""
    mel = _data()[1]

    def model(policy):
        return hicmae_finetune.Finetune(
            {"logits": 5}, audio=T(16, 2, 2), patch_audio=8, remat=policy
        )

    variables = jax.jit(lambda: model("none").init(jax.random.key(0), None, mel))()

    def run(policy):
        loss = lambda v: (model(policy).apply(v, None, mel)["logits"] ** 2).sum()  # noqa: E731
        return jax.jit(jax.value_and_grad(loss))(variables)

    return run, run("none")


@pytest.mark.parametrize("policy", [p for p in stack.REMAT if p != "none"])
def test_remat_computes_the_same(policy, tower):
    run, plain = tower
    _close(run(policy), plain, 1e-6)


def test_remat_keeps_less(params):
    kept = {p: _kept(_model(remat=p), params) for p in ("none", "dots", "full")}
    assert kept["full"] < kept["dots"] < kept["none"], kept


def _kept(model, params):
    """Numbers that the forward pass keeps for the gradient."""
    run = lambda p: model.apply({"params": p}, *_data())["pred_video"]  # noqa: E731
    kept = jax.eval_shape(lambda p: jax.vjp(run, p)[1], params)
    return sum(x.size for x in jax.tree.leaves(kept))


def test_16_bits_stay_near_and_parameters_and_losses_in_32(params, plain):
    model = _model(dtype="bfloat16")
    got = _loss(model)(params)
    _close(got, plain, 0.03)
    made = _shapes(model)
    assert {x.dtype for x in jax.tree.leaves([made, got])} == {jnp.dtype("float32")}
    out = jax.eval_shape(lambda: model.apply({"params": params}, *_data()))
    assert out["pred_video"].dtype == out["encoder_video"].dtype == jnp.bfloat16


def test_a_scan_over_stacked_layers_computes_the_same(params, plain):
    model = _model(scan=True, remat="full")
    like = _shapes(model)
    assert like["encoder"]["blocks"]["mlp"]["fc1"]["kernel"].shape == (2, 16, 64)
    inside = stacked.as_in(params, like)
    assert jax.tree.map(jnp.shape, inside) == jax.tree.map(jnp.shape, like)
    value, grads = _loss(model)(inside)
    _close((value, stacked.unstack(grads)), plain, 1e-6)


def test_stacked_layers_come_apart_again_and_official_names_fit_both(params):
    like = _shapes(_model(scan=True))
    inside = stacked.as_in(params, like)
    jax.tree.map(np.testing.assert_array_equal, stacked.unstack(inside), params)
    official = names.to_state_dict(params, 2)
    jax.tree.map(np.testing.assert_array_equal, names.to_state_dict(inside, 2), official)
    jax.tree.map(np.testing.assert_array_equal, names.to_params(official, like), inside)
    taken, told = transfer.take(params, inside)
    jax.tree.map(np.testing.assert_array_equal, taken, inside)
    assert "0 fresh" in told


def test_weight_decay_spares_stacked_biases(params):
    like = _shapes(_model(scan=True))
    inside = stacked.unstack(jax.tree.map(np.asarray, _broadcast(optim.decay_mask(like), like)))
    apart = optim.decay_mask(params)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(np.all(a), b), inside, apart)


def _broadcast(mask, like):
    return jax.tree.map(lambda m, s: np.full(s.shape, m), mask, like)


def test_a_scan_fine_tunes_with_drop_path():
    tower = T(16, 3, 2)
    model = hicmae_finetune.Finetune(
        {"logits": 5}, audio=tower, patch_audio=8, drop_path=0.5, scan=True
    )
    mel = jax.random.normal(jax.random.key(1), (16, 16, 16))
    variables = jax.jit(lambda: model.init(jax.random.key(0), None, mel))()

    @jax.jit
    def run(key):
        return model.apply(variables, None, mel, False, rngs={"dropout": key})["feature"]

    assert not np.allclose(run(jax.random.key(2)), run(jax.random.key(3)))
    assert np.isfinite(run(jax.random.key(2))).all()


def _qkv(n=12, m=7, heads=2, width=16, batch=2):
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = ((batch, n, width), (batch, m, width), (batch, m, width), (batch, n, width))
    return [jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True)]


def _textbook(q, k, v, heads):
    split = lambda x: x.reshape(*x.shape[:2], heads, -1)  # noqa: E731
    scores = jnp.einsum("bnhd,bmhd->bhnm", split(q), split(k)) / (q.shape[-1] // heads) ** 0.5
    return jnp.einsum("bhnm,bmhd->bnhd", jax.nn.softmax(scores), split(v)).reshape(q.shape)


def _with_gradients(attention):
    @jax.jit
    def both(q, k, v, g):
        out, pullback = jax.vjp(attention, q, k, v)
        return (out, *pullback(g))

    return both(*_qkv())


@pytest.mark.parametrize("kernel", ["plain", "xla", "splash"])
def test_every_kernel_is_the_textbooks_attention(kernel):
    if kernel == "splash":  # as the TPU would, but interpreted
        mine = lambda *x: attend.splash(*x, 2, interpret=True)  # noqa: E731
    else:
        mine = lambda *x: attend.attend(*x, 2, kernel)  # noqa: E731
    wanted = _with_gradients(lambda *x: _textbook(*x, 2))
    for a, b in zip(_with_gradients(mine), wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("rows", "heads", "axes", "wanted"),
    [
        (16, 2, {"data": 8}, (("data",), None)),
        (16, 2, {"data": 4, "fsdp": 2, "tensor": 2}, (("data", "fsdp"), "tensor")),
        (4, 3, {"data": 4, "fsdp": 2, "tensor": 2}, (("data",), None)),
        (1, 2, {"data": 8}, (None, None)),  # parameters are made from one row
    ],
)
def test_a_kernel_is_split_over_the_axes_that_divide_it(rows, heads, axes, wanted):
    assert attend._spec((rows, heads, 256, 64), axes) == jax.sharding.PartitionSpec(*wanted)


def test_a_kernel_takes_one_row_on_many_devices():
    q, k, v = (jax.ShapeDtypeStruct((1, 128, 64), jnp.float32) for _ in range(3))
    with jax.set_mesh(jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))):
        out = jax.eval_shape(lambda *x: attend.attend(*x, 2, "splash"), q, k, v)
    assert out.shape == (1, 128, 64)


def test_large_scores_neither_overflow_nor_lose_their_gradient():
    q, k, v, _ = _qkv()
    grads = jax.grad(lambda q, k, v: attend.plain(100 * q, 100 * k, v, 2).sum(), (0, 1, 2))(q, k, v)
    assert all(np.isfinite(g).all() for g in grads)


def test_a_wrong_lever_is_one_clear_error():
    with pytest.raises(ValueError, match=r"remat = 'all'; allowed: none, full, dots"):
        _shapes(_model(remat="all"))
    with pytest.raises(ValueError, match=r"kernel = 'flash'; allowed: plain"):
        _shapes(_model(kernel="flash"))
    with pytest.raises(ValueError, match=r"dtype = 'float8'; allowed: float32, bfloat16"):
        _shapes(_model(dtype="float8"))
    with pytest.raises(ValueError, match=r"dtype = bfloat16, or another kernel"):
        _shapes(_model(kernel="cudnn"))
