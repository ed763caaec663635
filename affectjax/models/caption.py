"""SEVLM says its caption: the step that `models.generate` needs, with and without a cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affectjax.models.generate import State, Step
from affectjax.models.gpt import empty_cache
from affectjax.models.sevlm import SEVLM, VADEncoder


@dataclass(frozen=True)
class Words:
    """Ids with a meaning.

    Attributes:
      prompt: the start token and what every caption begins with, " the emotion is".
      because: the first token of the explanation.
      emotion, explanation: types of the tokens before and from `because` on.
      placeholder: what stands in the prefix, and its type.
    """

    prompt: Sequence[int]
    because: int
    emotion: int
    explanation: int
    placeholder: int


@dataclass(frozen=True)
class Lexicon:
    """Each token's VAD (v, 3), and the encoder that makes features of it."""

    vad: Float[Array, "v 3"]
    encoder: VADEncoder
    variables: Any


def start(
    model: SEVLM,
    variables: Any,
    words: Words,
    patches: Float[Array, "b m d"],
    summary: Float[Array, "b e"] | None = None,
    *,
    length: int,
    lexicon: Lexicon | None = None,
    cache: bool | None = None,
) -> tuple[Step, State, Int[Array, " b"]]:
    """What `generate.sample` and `generate.beam` take: step, state, and the prompt's last token.

    Args:
      length: most tokens to generate, the same as there.
      lexicon: without it words carry no VAD.
      cache: keep keys and values, so that each step computes one token. By default where it
        changes nothing: an encoder that is not causal changes earlier words with every new one.

    Raises:
      ValueError: a text longer than the model's positions, or a cache that would change it.
    """
    causal = lexicon is None or lexicon.encoder.causal
    if cache and not causal:
        raise ValueError(
            "cache=True with a VAD encoder that lets words see later ones: each new word changes "
            "the features of those before; set causal=True in the encoder, or cache=False"
        )
    size, b = model.size, patches.shape[0]
    before = size.prefix + len(words.prompt) - 1  # tokens that the state holds at the start
    total = before + 1 + length
    if total > size.positions:
        raise ValueError(
            f"prefix, prompt and {length} tokens are {total}, the model has {size.positions} places"
        )
    ids = jnp.full((b, total), words.placeholder)
    ids = ids.at[:, size.prefix : before].set(jnp.asarray(words.prompt[:-1]))
    state = {"ids": ids, "patches": patches}
    if cache or (cache is None and causal):
        seen = _inputs(ids, words, size.prefix, lexicon, before)
        seen = jax.tree.map(lambda x: x[:, :before], seen)
        empty = empty_cache(size.tower, b, total, patches.dtype)
        given = (ids[:, :before], seen["types"], patches, summary, empty, seen["vad"])
        state["cache"] = model.apply(variables, *given, method="prefill")
    elif summary is not None:
        state["summary"] = summary
    step = partial(_step, model, variables, words, lexicon, before)
    return step, state, jnp.full((b,), words.prompt[-1])


def kinds(ids: Int[Array, "r n"], words: Words, prefix: int = 0) -> Int[Array, "r n"]:
    """The type of each token: of the emotion, from `because` on of the explanation, of the prefix.

    Padding behind a text is of the explanation.
    """
    places = jnp.arange(ids.shape[1])
    explains = jnp.cumsum((ids == words.because) & (places >= prefix), axis=1) > 0
    types = jnp.where(explains, words.explanation, words.emotion)
    return jnp.where(places < prefix, words.placeholder, types)


def _step(
    model: SEVLM,
    variables: Any,
    words: Words,
    lexicon: Lexicon | None,
    before: int,
    state: State,
    tokens: Int[Array, " r"],
    at: Array,
) -> tuple[Float[Array, "r v"], State]:
    """Write the tokens at place before + at and read what follows them."""
    place, prefix = before + at, model.size.prefix
    ids = jax.lax.dynamic_update_slice(state["ids"], tokens[:, None], (0, place))
    seen = _inputs(ids, words, prefix, lexicon, place + 1)
    state = {**state, "ids": ids}
    given: tuple[Any, ...]
    if "cache" not in state:
        given = (ids, seen["types"], state["patches"], state.get("summary"), seen["vad"])
        logits = model.apply(variables, *given)["logits"]
        return jax.lax.dynamic_index_in_dim(logits, place - prefix, 1, False), state
    seen = jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, place, 1, axis=1), seen)
    given = (tokens[:, None], seen["types"], state["patches"], state["cache"], place, seen["vad"])
    logits, kept = model.apply(variables, *given, method="step")
    return logits[:, 0], {**state, "cache": kept}


def _inputs(
    ids: Int[Array, "r n"], words: Words, prefix: int, lexicon: Lexicon | None, length: Any
) -> dict[str, Any]:
    """Types and VAD features of the tokens; those from place `length` on are not yet written."""
    types = kinds(ids, words, prefix)
    if lexicon is None:
        return {"types": types, "vad": None}
    vad = lexicon.encoder.apply(lexicon.variables, lexicon.vad[ids], length)
    return {"types": types, "vad": vad}
