"""What expressions and action units say of each other, where a face has labels of one or neither.

Kollias, Sharmanska & Zafeiriou 2019 and 2021 (FaceBehaviorNet, arXiv 1910.11111 and 2105.03790) tie
both outputs of one network by a table of how often an expression shows a unit
(`affect.action_units.shares`). `prior` is that table (k, a), rows in the order of the logits.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affectjax.losses.weighting import Given

LEAST = 0.01  # what a unit is never less, nor its absence, however the table reads


def expected_units(
    probabilities: Float[Given, "*b k"], prior: Float[Given, "k a"]
) -> Float[Array, "*b a"]:
    """q(unit) = sum_e p(e) prior(unit | e), kept within LEAST and 1 - LEAST.

    >>> expected_units(jnp.array([[0.5, 0.5]]), jnp.array([[1.0], [0.0]])).tolist()
    [[0.5]]
    """
    return jnp.clip(probabilities @ jnp.asarray(prior), LEAST, 1 - LEAST)


def matching(
    logits: Float[Given, "b k"],
    unit_logits: Float[Given, "b a"],
    prior: Float[Given, "k a"],
    entropy: bool = False,
) -> Float[Array, ""]:
    """Distribution matching: sum over units of -[p log q + (1 - p) log(1 - q)], batch mean.

    p are the sigmoids of the units, q the `expected_units` of the softmax of the expressions; no
    label is read, and both heads receive a gradient. With `entropy` that of p is taken off: the
    divergence KL(p || q), which is 0 where both agree; without, as published, units are also
    pushed to be sure.
    """
    q = expected_units(jax.nn.softmax(logits), prior)
    p = jax.nn.sigmoid(unit_logits)
    each = -(p * jnp.log(q) + (1 - p) * jnp.log1p(-q))
    if entropy:
        each += p * jax.nn.log_sigmoid(unit_logits) + (1 - p) * jax.nn.log_sigmoid(-unit_logits)
    return each.sum(-1).mean()


def expression_of(
    units: Float[Given, "b a"], prior: Float[Given, "k a"], temperature: float = 1.0
) -> Float[Array, "b k"]:
    """Soft expressions of annotated units: the softmax over e of the weighted share that shows.

    score(e) = sum_i prior(i | e) units_i / sum_i prior(i | e). An expression without units, such as
    neutral, scores 1 - the strongest unit; `temperature` below 1 sharpens.

    >>> said = expression_of(jnp.array([[1.0]]), jnp.array([[1.0], [0.0]]))
    >>> [round(float(x), 2) for x in said[0]]
    [0.73, 0.27]
    """
    table, shown = jnp.asarray(prior), jnp.asarray(units)
    total = table.sum(-1)
    matched = (shown @ table.T) / jnp.where(total > 0, total, 1.0)
    score = jnp.where(total > 0, matched, 1 - shown.max(-1, keepdims=True))
    return jax.nn.softmax(score / temperature)


def co_annotation(
    logits: Float[Given, "b k"],
    unit_logits: Float[Given, "b a"],
    targets: Float[Given, "b k"],
    units: Float[Given, "b a"],
    prior: Float[Given, "k a"],
    temperature: float = 1.0,
) -> Float[Array, ""]:
    """Soft co-annotation: cross-entropy towards what the other label says.

    A row with all of its units (no NaN) and no expression (targets all 0) learns `expression_of`
    them; a row with an expression and no unit learns the units' `prior` of it. The mean over both
    kinds of row, of units also over units; 0 where there is neither.
    """
    there = ~jnp.isnan(units)
    named = targets.sum(-1) > 0
    coded = there.all(-1)
    soft = expression_of(jnp.where(there, units, 0.0), prior, temperature)
    of_units = -(soft * jax.nn.log_softmax(logits)).sum(-1)
    expected = expected_units(targets, prior)
    of_name = (jax.nn.softplus(unit_logits) - expected * unit_logits).mean(-1)
    told = coded & ~named, named & ~there.any(-1)
    total = jnp.where(told[0], of_units, 0.0).sum() + jnp.where(told[1], of_name, 0.0).sum()
    return total / jnp.maximum(told[0].sum() + told[1].sum(), 1)
