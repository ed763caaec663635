"""A language model of Llama's kind, no more of it than LoRA's reference needs."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from affectjax.models.attention import Dense
from affectjax.weights.names import Table

NAMES = Table(
    rules=(
        (r"^embed$", "model/embed_tokens/weight"),
        (r"^norm$", "model/norm/weight"),
        (r"^layers_(\d+)/", r"model/layers/\1/"),
        (r"/attn/(\w+)/", r"/self_attn/\1_proj/"),
        (r"/mlp/(\w+)/", r"/mlp/\1_proj/"),
        (r"/norm1$", "/input_layernorm/weight"),
        (r"/norm2$", "/post_attention_layernorm/weight"),
        (r"/kernel$", "/weight"),
    )
)


class Llama(nn.Module):
    config: dict

    @nn.compact
    def __call__(self, tokens):
        c = self.config
        shape = (c["vocab_size"], c["hidden_size"])
        table = self.param("embed", nn.initializers.normal(0.02), shape)
        x = table[tokens]
        for i in range(c["num_hidden_layers"]):
            x = Layer(c, name=f"layers_{i}")(x)
        x = _norm(self, "norm", x, c["rms_norm_eps"])
        if c["tie_word_embeddings"]:
            return x @ table.T
        return Dense(c["vocab_size"], use_bias=False, name="lm_head")(x)


class Layer(nn.Module):
    config: dict

    @nn.compact
    def __call__(self, x):
        c = self.config
        x = x + Attention(c, name="attn")(_norm(self, "norm1", x, c["rms_norm_eps"]))
        return x + Mlp(c, name="mlp")(_norm(self, "norm2", x, c["rms_norm_eps"]))


class Mlp(nn.Module):
    config: dict

    @nn.compact
    def __call__(self, x):
        linear = lambda n, d: Dense(d, use_bias=False, name=n)  # noqa: E731
        gate, up = (linear(n, self.config["intermediate_size"])(x) for n in ("gate", "up"))
        return linear("down", x.shape[-1])(jax.nn.silu(gate) * up)


class Attention(nn.Module):
    config: dict

    @nn.compact
    def __call__(self, x):
        c, (b, n, d) = self.config, x.shape
        heads, groups = c["num_attention_heads"], c["num_key_value_heads"]
        width = c.get("head_dim") or d // heads
        linear = lambda name, out: Dense(out, use_bias=False, name=name)  # noqa: E731
        q, k, v = (
            linear(name, count * width)(x).reshape(b, n, count, width).swapaxes(1, 2)
            for name, count in (("q", heads), ("k", groups), ("v", groups))
        )
        q, k = (_rotate(y, c.get("rope_theta", 10000.0)) for y in (q, k))
        k, v = (jnp.repeat(y, heads // groups, axis=1) for y in (k, v))
        scores = q @ k.swapaxes(-1, -2) * width**-0.5
        scores = jnp.where(jnp.tril(jnp.ones((n, n), bool)), scores, -jnp.inf)
        y = (jax.nn.softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(b, n, -1)
        return linear("o", d)(y)


def _rotate(x, theta):
    n, width = x.shape[-2:]
    rates = theta ** (-jnp.arange(0, width, 2) / width)
    angle = jnp.tile(jnp.arange(n)[:, None] * rates, (1, 2))
    first, second = jnp.split(x, 2, axis=-1)
    return x * jnp.cos(angle) + jnp.concatenate([-second, first], axis=-1) * jnp.sin(angle)


def _norm(module, name, x, eps):
    scale = module.param(name, nn.initializers.ones, (x.shape[-1],))
    return scale * x * jax.lax.rsqrt((x**2).mean(-1, keepdims=True) + eps)
