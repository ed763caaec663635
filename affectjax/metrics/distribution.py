"""Distance of a predicted distribution from the raters', of each example; logarithms in nats."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

Array = jax.Array | np.ndarray | np.floating
_TINY = 1e-12


def soft_cross_entropy(
    target: Float[Array, "b k"], probabilities: Float[Array, "b k"]
) -> Float[Array, " b"]:
    """-sum_k q_k log p_k, p at least 1e-12."""
    xp = _namespace(target, probabilities)
    return -(target * xp.log(xp.maximum(probabilities, _TINY))).sum(-1)


def kl(target: Float[Array, "b k"], probabilities: Float[Array, "b k"]) -> Float[Array, " b"]:
    """KL(q || p) = sum_k q_k log(q_k / p_k), p at least 1e-12.

    >>> kl(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])).round(6).tolist()  # log 2
    [0.693147]
    """
    xp = _namespace(target, probabilities)
    own = target * xp.log(xp.maximum(target, _TINY))
    return own.sum(-1) + soft_cross_entropy(target, probabilities)


def js(target: Float[Array, "b k"], probabilities: Float[Array, "b k"]) -> Float[Array, " b"]:
    """Jensen-Shannon divergence (KL(q || m) + KL(p || m)) / 2, m the mean; from 0 to log 2.

    Its root is scipy's `jensenshannon` distance (Lin 1991).
    """
    middle = (target + probabilities) / 2
    return (kl(target, middle) + kl(probabilities, middle)) / 2


def tvd(target: Float[Array, "b k"], probabilities: Float[Array, "b k"]) -> Float[Array, " b"]:
    """Total variation distance sum_k |q_k - p_k| / 2, from 0 to 1.

    Its mean is DistCE, the calibration error to people who disagree (Baan et al. 2022,
    arXiv 2210.16133, section 4).

    >>> tvd(np.array([[1.0, 0.0]]), np.array([[0.7, 0.3]])).round(6).tolist()
    [0.3]
    """
    return abs(target - probabilities).sum(-1) / 2


def brier(target: Float[Array, "b k"], probabilities: Float[Array, "b k"]) -> Float[Array, " b"]:
    """sum_k (q_k - p_k)^2, from 0 to 2: Brier's score where the truth is a distribution.

    >>> brier(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])).tolist()
    [0.5]
    """
    return ((target - probabilities) ** 2).sum(-1)


def ndcg(target: Float[Array, "b k"], probabilities: Float[Array, "b k"]) -> Float[Array, " b"]:
    """Whether categories come in the order of their shares: 1 where they do.

    sum_r q_(r) / log2(r + 1), q_(r) the share of the r-th most probable category, over the same of
    the best order (Järvelin & Kekäläinen 2002). Of equal probabilities the first comes first.

    >>> ndcg(np.array([[0.0, 1.0]]), np.array([[0.6, 0.4]])).round(6).tolist()  # 1 / log2(3)
    [0.63093]
    """
    xp = _namespace(target, probabilities)
    order = xp.argsort(-probabilities, axis=-1, stable=True)
    weight = 1 / np.log2(np.arange(2, target.shape[-1] + 2))
    gained = xp.take_along_axis(target, order, axis=-1) @ weight
    best = -xp.sort(-target, axis=-1) @ weight
    return gained / xp.maximum(best, _TINY)


def _namespace(*arrays: Array):
    return np if all(isinstance(a, np.ndarray) for a in arrays) else jnp
