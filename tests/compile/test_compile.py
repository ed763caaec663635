"""A step compiled for fake CPU devices: bytes, work and traffic against what must be."""

import json

import jax
import pytest

from affectjax import config as config_lib
from affectjax.compile import chips, compile, cost, memory
from affectjax.train import defaults, optim
from tests.train import blocks


def _config(**sharding):
    config = defaults.config(
        task=config_lib.call(blocks.Task),
        optimizer=config_lib.call(optim.adamw, schedule=1e-2),
    )
    config.train.batch = 16
    config.data.eval_batch = 16
    config.sharding.update(sharding)
    return config


@pytest.fixture(scope="module")
def train():
    costs, _ = compile.compile_stage(_config(), chips.parse("cpu:8"), blocks.SPEC)
    return costs[0]


def test_memory_adds_up(train):
    held = dict(train.memory)
    parameters = 16 * (48 + 16 + 64 + 64) + 64 + 16 * (2 + 1 + 1 + 6) + 16 * 3 + 3
    assert held["parameters"] == 4 * parameters
    assert held["optimiser state"] == 2 * held["parameters"] + 4, "two moments and a counter"
    assert held["batch"] == 4 * (16 * 4 * 16 + 16 * 3) / 8
    assert train.total == sum(held.values()) - held["kept for backward"]


def test_gradients_are_summed_once_over_the_chips(train):
    """Replicated data parallelism: one all-reduce of all gradients, and a few scalars."""
    (reduced,) = [c for c in train.collectives if c.kind == "all-reduce"]
    assert reduced.payload == pytest.approx(train.memory["parameters"], rel=0.05)
    assert reduced.wire == pytest.approx(2 * 7 / 8 * reduced.payload)
    assert {c.kind for c in train.collectives} == {"all-reduce"}


def test_ours_and_xlas_operations_agree(train):
    """XLA also counts elementwise work, much of it at a width of 16; nothing is done twice."""
    assert train.flops < train.flops_xla < 2 * train.flops
    assert train.flops <= train.flops_model, "the first layer needs no gradient of its input"


def test_the_page_shows_the_arithmetic_of_a_tpu():
    priced = cost.Cost(
        program="train",
        topology="v5e:4x4",
        chips=16,
        memory={"parameters": 2.0**30, "temporaries": 3 * 2.0**30},
        flops=197e9,
        flops_once=197e9,
        flops_xla=200e9,
        flops_model=98.5e9,
        bytes_moved=819e6,
        collectives=[compile.collectives.Collective("all-reduce", 16, 1, 2**30, 4e8)],
        compile_seconds=1.0,
    )
    text = cost.text(priced, chips.parse("v5e:4x4"))
    assert "25.0% of 16 GiB" in text
    assert "compute  197.000 GFLOP / 197 TFLOP/s = 1.000 ms" in text
    assert "network  0.400000 GB / 200 GB/s = 2.000 ms" in text
    assert "bound by network" in text
    assert "25.0%" in text.splitlines()[-2]
    told = cost.as_dict(priced, chips.parse("v5e:4x4"))
    assert told["model_flops_share"] == pytest.approx(0.25)
    json.dumps(told)


@pytest.mark.parametrize("name", ["v5e", "v9:2x2", "v5e:2x", "cpu:two", "0x4"])
def test_a_topology_of_another_form_is_an_error(name):
    with pytest.raises(ValueError, match="write KIND:SHAPE"):
        chips.parse(name)


def test_more_cpu_devices_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="xla_force_host_platform_device_count=64"):
        chips.devices(chips.parse("cpu:64"))


def test_too_little_memory_names_tensors_and_remedies():
    message = """RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory
space hbm. Used 46.20G of 15.75G hbm. Exceeded hbm capacity by 30.45G.

  Largest program allocations in hbm:

  1. Size: 6.00G
     Operator: op_name="jit(step)/encoder/blocks_0/mlp/fc1/dot_general"
     Shape: f32[512,1568,2048]{2,1,0:T(8,128)}
     Allocation type: HLO temp
     ==========================
"""
    told = memory.explain(message, chips.parse("v5e:2x2"), _config())
    for part in ("46.20G of 15.75G", "6.00G  f32[512,1568,2048]", "blocks_0/mlp/fc1", "accum=2"):
        assert part in told
    assert "--config.sharding.preset=fsdp" in told


def test_too_little_memory_of_which_the_compiler_tells_only_the_sum():
    message = """RESOURCE_EXHAUSTED: Ran out of memory on HBM, the total memory required for HLO
temporaries (59.38G) exceeds available HBM (15.75G)."""
    kept = [jax.ShapeDtypeStruct(shape, "float32") for shape in [(8, 2**27), (8, 2**27), (8, 2)]]
    told = memory.explain(message.replace("\n", " "), chips.parse("v5e:2x2"), _config(), kept)
    for part in ("needs 59.38G of 15.75G a chip", "2.00G  2 x float32[8, 134217728]", "accum=2"):
        assert part in told
