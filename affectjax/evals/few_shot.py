"""What a handful of labelled examples adds: 1 to 16 shots a class, drawn several times.

Features are frozen (a tower's, or a trained run's); a method is a function from the shots to
probabilities of the others. Scores are means over draws with a t interval, so that luck in the
draw shows (a protocol without it: Gao et al. 2021, Zhang et al. 2021).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.evals.zero_shot import softmax, unit
from affectjax.metrics import confusion

SHOTS = (1, 2, 4, 8, 16)
Method = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def draw(
    emotion: Int[np.ndarray, " n"], classes: int, shots: Sequence[int], seed: int
) -> dict[int, Int[np.ndarray, " m"]]:
    """Indices of each number of shots, as many of every class; more shots hold the fewer.

    Raises:
      ValueError: a class with too few examples; names it.

    >>> {k: v.tolist() for k, v in draw(np.array([0, 1, 1, 0]), 2, (1, 2), seed=0).items()}
    {1: [0, 1], 2: [0, 3, 1, 2]}
    """
    g = np.random.default_rng(seed)
    order = []
    for k in range(classes):
        found = np.flatnonzero(np.asarray(emotion) == k)
        if len(found) < max(shots):
            raise ValueError(f"class {k} has {len(found)} examples, fewer than {max(shots)} shots")
        order.append(g.permutation(found))
    return {n: np.concatenate([found[:n] for found in order]) for n in shots}


def curve(
    method: Method,
    support: tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]],
    query: tuple[Float[np.ndarray, "b d"], Int[np.ndarray, " b"]],
    classes: int,
    shots: Sequence[int] = SHOTS,
    seeds: Sequence[int] = range(10),
    level: float = 0.95,
) -> list[dict[str, Any]]:
    """UAR of the query examples for each number of shots drawn from the support examples.

    A row holds `shots`, `uar`, the mean over draws, `interval`, mean +- t s / sqrt(draws), and
    `each` draw's. Support and query should be of different people.

    Raises:
      ValueError: fewer than two draws, or `draw`.
    """
    if len(seeds) < 2:
        raise ValueError(f"{len(seeds)} draw tells nothing of their spread: give two seeds or more")
    x, y = (np.asarray(part) for part in support)
    scores: dict[int, list[float]] = {n: [] for n in shots}
    for seed in seeds:
        for n, chosen in draw(y, classes, shots, seed).items():
            said = method(x[chosen], y[chosen], query[0], classes)
            matrix = confusion.confusion(query[1], said.argmax(-1), classes)
            scores[n].append(float(confusion.uar(matrix)))
    return [{"shots": n, **_spread(np.array(each), level)} for n, each in scores.items()]


def prototypes(
    x: Float[np.ndarray, "m d"],
    y: Int[np.ndarray, " m"],
    query: Float[np.ndarray, "b d"],
    classes: int,
    scale: float = 10.0,
) -> Float[np.ndarray, "b k"]:
    """softmax of scale x cos(query, mean of a class's shots), features centred on the shots.

    Snell et al. 2017 (arXiv 1703.05175) with cosine in place of distance.
    """
    centre = x.mean(0)
    shots, asked = unit(x - centre), unit(query - centre)
    means = np.stack([shots[y == k].mean(0) for k in range(classes)])
    return softmax(scale * asked @ unit(means).T)


def linear(
    x: Float[np.ndarray, "m d"],
    y: Int[np.ndarray, " m"],
    query: Float[np.ndarray, "b d"],
    classes: int,
    strength: float = 1.0,
) -> Float[np.ndarray, "b k"]:
    """Multinomial logistic regression: strength x sum of losses + |w|^2 / 2, bias free.

    Features are standardised by the shots; scikit-learn's objective with C = strength.
    """
    from scipy import optimize

    mean, sd = x.mean(0), x.std(0)
    sd = np.where(sd > 0, sd, 1.0)
    a, b = (np.asarray((part - mean) / sd, np.float64) for part in (x, query))
    truth = np.eye(classes)[y]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        z = a @ w + bias
        top = z.max(1, keepdims=True)
        log_p = z - top - np.log(np.exp(z - top).sum(1, keepdims=True))
        error = strength * (np.exp(log_p) - truth)
        value = -strength * (truth * log_p).sum() + 0.5 * (w**2).sum()
        return value, np.concatenate([(a.T @ error + w).ravel(), error.sum(0)])

    start = np.zeros((a.shape[1] + 1) * classes)
    found = optimize.minimize(objective, start, jac=True, method="L-BFGS-B").x
    return softmax(b @ found[:-classes].reshape(-1, classes) + found[-classes:])


def t_interval(each: Float[np.ndarray, " n"], level: float = 0.95) -> tuple[float, float, float]:
    """The mean, and the ends of its interval, mean +- t s / sqrt(n), of n draws.

    Raises:
      ValueError: fewer than two draws.

    >>> [round(x, 2) for x in t_interval(np.array([0.4, 0.5, 0.6]))]
    [0.5, 0.25, 0.75]
    """
    from scipy import stats

    if len(each) < 2:
        raise ValueError(f"{len(each)} draw tells nothing of their spread: give two or more")
    t = stats.t.ppf((1 + level) / 2, len(each) - 1)
    half = float(t * each.std(ddof=1) / np.sqrt(len(each)))
    mean = float(each.mean())
    return mean, mean - half, mean + half


METHODS: Mapping[str, Method] = {"prototypes": prototypes, "linear": linear}


def _spread(each: np.ndarray, level: float) -> dict[str, Any]:
    mean, *interval = t_interval(each, level)
    return {"uar": mean, "interval": interval, "each": each.tolist()}
