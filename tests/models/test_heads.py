"""Heads: names, shapes, ranges, dtype."""

import jax
import jax.numpy as jnp
import pytest

from affectjax.models import heads

CASES = {
    "logits": (heads.Categorical(7), 7),
    "multilabel_logits": (heads.MultiLabel(26), 26),
    "distribution_logits": (heads.Distribution(8), 8),
    "vad": (heads.VAD(), 3),
}


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_named_and_float32_also_from_bfloat16(name):
    head, width = CASES[name]
    feature = jax.random.normal(jax.random.key(0), (5, 16), jnp.bfloat16)
    out, _ = head.init_with_output(jax.random.key(1), feature)
    assert list(out) == [name]
    assert out[name].shape == (5, width)
    assert out[name].dtype == jnp.float32


def test_vad_keeps_its_bounds_and_its_log_variance_too():
    feature = 1e3 * jax.random.normal(jax.random.key(0), (50, 4))
    out, _ = heads.VAD(variance=True).init_with_output(jax.random.key(1), feature)
    assert jnp.abs(out["vad"]).max() <= 1
    assert out["vad_log_variance"].min() >= -7
    assert out["vad_log_variance"].max() <= 2
    free, _ = heads.VAD(bound="none").init_with_output(jax.random.key(1), feature)
    assert jnp.abs(free["vad"]).max() > 1
    with pytest.raises(ValueError, match="allowed: 'tanh', 'none'"):
        heads.VAD(bound="sigmoid").init(jax.random.key(0), feature)
