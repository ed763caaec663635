"""Partition rules: first match wins, presets' defaults, idle rules are errors, moments follow."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from affectjax import config as config_lib
from affectjax.train import defaults, optim, partition, setup, shard, state
from tests.train import blocks

PARAMS = {
    "encoder": {
        "blocks_0": {
            "attn": {"qkv": {"kernel": jnp.zeros((512, 1536))}, "q_bias": jnp.zeros(512)},
            "mlp": {"fc2": {"kernel": jnp.zeros((2048, 512)), "bias": jnp.zeros(512)}},
        },
        "embed": {"kernel": jnp.zeros((512, 256))},
    },
    "head": jnp.ones(7),
}
FIELDS = {"preset": "replicated", "rules": [], "activations": []}


def _specs(axes=None, **fields):
    mesh = shard.make_mesh(axes or {"data": 2, "fsdp": 4})
    tree = jax.eval_shape(lambda: state.create(PARAMS, optax.adam(1.0), 0.9))
    params = partition.param_shardings(tree.params, mesh, {**FIELDS, **fields})
    return jax.tree.map(lambda s: s.spec, partition.state_shardings(tree, params))


def test_the_preset_replicated_splits_nothing():
    specs = jax.tree.leaves(_specs().params, is_leaf=lambda x: isinstance(x, P))
    assert set(specs) == {P()}


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((1024, 3072), P("fsdp", None)),  # the last one is larger, but split worse
        ((24, 1024, 4096), P(None, "fsdp", None)),
        ((32, 4096), P(None, "fsdp")),  # parts of 8 rows are no whole tiles
        ((14, 14, 3, 1024), P(None, None, None, "fsdp")),
        ((36, 5004), P(None, "fsdp")),  # no whole tiles either way: the largest
        ((9001, 51), P()),
    ],
)
def test_fsdp_splits_whole_tiles_before_the_last_dimension(shape, spec):
    params = {"kernel": jax.ShapeDtypeStruct(shape, "float32")}
    mesh = shard.abstract_mesh({"fsdp": 4}, 4)
    placed = partition.param_shardings(params, mesh, {**FIELDS, "preset": "fsdp"})
    assert placed["kernel"].spec == spec


def test_fsdp_splits_large_arrays_only():
    specs = _specs(preset="fsdp").params
    assert specs["encoder"]["embed"]["kernel"] == P("fsdp", None)
    assert specs["encoder"]["blocks_0"]["attn"]["qkv"]["kernel"] == P("fsdp", None)
    assert specs["encoder"]["blocks_0"]["attn"]["q_bias"] == P()


def test_fsdp_tensor_splits_blocks_by_column_then_by_row():
    specs = _specs({"fsdp": 4, "tensor": 2}, preset="fsdp_tensor").params["encoder"]
    block = specs["blocks_0"]
    assert block["attn"]["qkv"]["kernel"] == P("fsdp", "tensor")
    assert block["attn"]["q_bias"] == P("tensor")
    assert block["mlp"]["fc2"]["kernel"] == P("tensor", "fsdp")
    assert block["mlp"]["fc2"]["bias"] == P(), "the bias is added to the sum over the chips"
    assert specs["embed"]["kernel"] == P("fsdp", None), "what no rule names follows the default"


def test_own_rules_stand_in_front_and_the_first_match_wins():
    rules = [["embed", [None, "fsdp"]], ["encoder", "replicate"]]
    specs = _specs(preset="fsdp", rules=rules).params["encoder"]
    assert specs["embed"]["kernel"] == P(None, "fsdp")
    assert specs["blocks_0"]["attn"]["qkv"]["kernel"] == P()


def test_a_rule_names_the_last_dimensions_so_that_stacked_layers_follow():
    mesh = shard.make_mesh({"fsdp": 4, "tensor": 2})
    stacked = {"blocks": {"attn": {"qkv": {"kernel": jnp.zeros((10, 512, 1536))}}}}
    placed = partition.param_shardings(stacked, mesh, {**FIELDS, "preset": "fsdp_tensor"})
    assert placed["blocks"]["attn"]["qkv"]["kernel"].spec == P(None, "fsdp", "tensor")


def test_moments_and_average_follow_their_parameter():
    specs = _specs(rules=[["embed/kernel", [None, "fsdp"]]])
    for tree in (specs.params, specs.ema, specs.opt_state[0].mu, specs.opt_state[0].nu):
        assert tree["encoder"]["embed"]["kernel"] == P(None, "fsdp")
        assert tree["head"] == P()
    assert specs.opt_state[0].count == P()


def test_an_axis_that_does_not_divide_is_dropped():
    assert _specs(rules=[["head", ["fsdp"]]]).params["head"] == P(None)


@pytest.mark.parametrize(
    ("fields", "axes", "message"),
    [
        ({"rules": [["atn/qkv", "fsdp"]]}, None, r"decide about no parameter; near: .*attn/qkv"),
        ({"rules": [["head", "replicate"], ["head$", "fsdp"]]}, None, r"an earlier one may"),
        ({"rules": [["head", "fdsp"]]}, None, r"'fdsp' is neither"),
        ({"rules": [["head", ["tensr"]]]}, None, r"\['tensr'\] are no mesh axes"),
        ({"rules": [["head", [None, "fsdp"]]]}, None, r"more dimensions than"),
        ({"preset": "fully"}, None, r"presets: replicated, fsdp, fsdp_tensor"),
        ({"preset": "fsdp"}, {"data": 8}, r"--config\.mesh\.fsdp=-1"),
        ({"preset": "fsdp_tensor"}, {"fsdp": 8}, r"--config\.mesh\.tensor"),
    ],
)
def test_a_rule_or_preset_that_cannot_hold_is_an_error(fields, axes, message):
    with pytest.raises(ValueError, match=message):
        _specs(axes, **fields)


MESHES = {"fsdp": {"data": 2, "fsdp": 4}, "fsdp_tensor": {"fsdp": 4, "tensor": 2}}


@pytest.fixture(scope="module")
def losses():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "SMALL", 2**6)  # so that the test's model has large arrays
        yield _losses()


def _losses():
    """Three steps by each preset: losses, the state, and what was prepared."""
    done = {}
    config = defaults.config(
        task=config_lib.call(blocks.Task),
        optimizer=config_lib.call(optim.adamw, schedule=1e-2),
    )
    config.train.update(ema=0.9, batch=16, accum=2)
    for preset, axes in {"replicated": {"data": 8}, **MESHES}.items():
        config.sharding.preset = preset
        mesh = shard.make_mesh(axes)
        with jax.set_mesh(mesh):
            run = setup.prepare(config, mesh, blocks.SPEC)
            current, seen = run.init(), []
            batch = run.put(_batch())
            for _ in range(3):
                current, terms = shard.settled(run.train_step(current, batch))
                seen.append(float(terms["loss"]))
        done[preset] = (seen, current, run)
    return done


def _batch():
    g = np.random.default_rng(0)
    return {k: g.uniform(-1, 1, s.shape).astype(s.dtype) for k, s in blocks.SPEC.items()}


@pytest.mark.parametrize("preset", MESHES)
def test_eight_devices_train_alike_under_every_preset(losses, preset):
    np.testing.assert_allclose(losses[preset][0], losses["replicated"][0], rtol=1e-5)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=2e-5),
        losses[preset][1].ema,
        losses["replicated"][1].ema,
    )


@pytest.mark.parametrize("preset", ["replicated", *MESHES])
def test_each_device_holds_the_bytes_that_the_table_says(losses, preset):
    _, current, run = losses[preset]
    device = jax.devices()[0]
    held = sum(
        s.data.nbytes
        for leaf in jax.tree.leaves(current)
        for s in leaf.addressable_shards
        if s.device == device
    )
    last = run.sharding.splitlines()[-1]
    assert last.startswith("state")
    assert int(last.split()[-1].replace(",", "")) == held == partition.bytes_per_chip(run.abstract)
