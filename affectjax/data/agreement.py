"""What a map between label spaces loses, measured on data that holds both sides."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect import labels, mapping, norms, prior
from affectjax.affect import vad as vad_lib
from affectjax.metrics import distribution, moments

Scores = dict[str, float]
FOLDS = 5  # of the fits, so that a map is never scored on what it was fitted to


def winner_keeps(votes: Int[np.ndarray, "n k"]) -> Scores:
    """What is left of raters' votes when only the winner is kept.

    `share`: mean share of the answers that chose the winner; `ties`: share of items whose first
    place is shared (the winner is then chance); `bits`: mean entropy of the shares, all of it lost.

    >>> winner_keeps(np.array([[4, 0], [2, 2]]))
    {'share': 0.75, 'ties': 0.5, 'bits': 0.5}
    """
    p = prior.from_votes(votes)
    ties = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    return {
        "share": float(p.max(1).mean()),
        "ties": float(ties.mean()),
        "bits": float(_bits(p).mean()),
    }


def between_shares(p: Float[np.ndarray, "n k"], q: Float[np.ndarray, "n k"]) -> Scores:
    """How far two distributions of the same items are apart.

    `same`: share of items with the same winner (of several first places one by lot); `js`: mean
    Jensen-Shannon divergence in bits, from 0 to 1.

    >>> between_shares(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    {'same': 0.0, 'js': 1.0}
    """
    js = distribution.js(p, q) / np.log(2)
    first, second = (winners(x) for x in (p, q))
    return {"same": float((first * second).sum(1).mean()), "js": float(js.mean())}


def winners(p: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    """1 for the largest share of each row; several that are equally large have equal parts of it.

    >>> winners(np.array([[0.4, 0.4, 0.2]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    most = p == p.max(1, keepdims=True)
    return most / most.sum(1, keepdims=True)


def between_vad(told: Float[np.ndarray, "n 3"], rated: Float[np.ndarray, "n 3"]) -> Scores:
    """Concordance, correlation and root mean squared error of each dimension that both hold.

    Unbiased CCC and Pearson's r of `affectjax.metrics.moments`; RMSE is on [-1, 1].
    """
    scores: Scores = {}
    for i, name in enumerate(vad_lib.DIMENSIONS):
        there = ~(np.isnan(told[:, i]) | np.isnan(rated[:, i]))
        if there.sum() < 2:
            continue
        m = moments.moments(told[there, i : i + 1], rated[there, i : i + 1])
        for score, value in (("ccc", moments.ccc(m)), ("r", moments.pcc(m))):
            scores[f"{name}_{score}"] = float(value[0])
        scores[f"{name}_rmse"] = float(moments.rmse(m)[0])
    return scores


def through(m: mapping.LabelMap, p: Float[np.ndarray, "n k"]) -> Scores:
    """What a map of categories does to distributions.

    `dropped`: mean mass on names without a place in the target; `without`: share of items of which
    nothing is left; `bits`: mean information that merging takes of the rest, H(source | target).
    """
    moved = p @ m.matrix()
    kept = moved.sum(1)
    there = kept > 1e-9
    rest = p * (m.matrix().sum(1) > 0)
    own, image = (x[there] / kept[there, None] for x in (rest, moved))
    lost = np.maximum(_bits(own) - _bits(image), 0)  # below 0 by rounding alone
    return {
        "dropped": float(1 - kept.mean()),
        "without": float((~there).mean()),
        "bits": float(lost.mean()) if there.any() else float("nan"),
    }


def fitted_vad(
    p: Float[np.ndarray, "n k"], rated: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """VAD of distributions by the least-squares VAD of each category, fitted on the other folds.

    The best that any table of one VAD a category can do: what it misses, categories do not say.
    """
    told = np.full_like(rated, np.nan)
    for train, test in _folds(len(p)):
        for i in range(rated.shape[1]):
            there = train[~np.isnan(rated[train, i])]
            if len(there):
                # A little ridge: a category that a fold lacks keeps VAD 0.
                gram = p[there].T @ p[there] + 1e-6 * np.eye(p.shape[1])
                told[test, i] = p[test] @ np.linalg.solve(gram, p[there].T @ rated[there, i])
    return told


def fitted_shares(
    p: Float[np.ndarray, "n k"], q: Float[np.ndarray, "n j"]
) -> Float[np.ndarray, "n j"]:
    """The mean of q of each category in p, fitted on the other folds: the best of such tables."""
    told = np.zeros_like(q)
    for train, test in _folds(len(p)):
        mean = p[train].T @ q[train] / np.maximum(p[train].sum(0), 1e-9)[:, None]
        told[test] = p[test] @ mean
    return told


def fitted_posterior(
    p: Float[np.ndarray, "n k"], rated: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n k"]:
    """p(category | VAD) by a Gaussian a category with independent dimensions, and its share.

    Fitted on the other folds; dimensions that were not rated do not count.
    """
    use = ~np.isnan(rated).any(0)
    told = np.zeros_like(p)
    for train, test in _folds(len(p)):
        weight = p[train].sum(0)
        x = rated[train][:, use]
        mean = p[train].T @ x / np.maximum(weight, 1e-9)[:, None]
        spread = np.stack(
            [(p[train, k] @ (x - mean[k]) ** 2) / max(weight[k], 1e-9) for k in range(p.shape[1])]
        )
        sd = np.sqrt(np.maximum(spread, 1e-4))
        told[test] = _posterior(rated[test][:, use], mean, sd, np.maximum(weight, 1e-9))
    return told


def norm_posterior(
    rated: Float[np.ndarray, "n 3"], space: labels.LabelSpace
) -> Float[np.ndarray, "n k"]:
    """p(category | VAD) by the norms of the categories' names and a uniform prior."""
    use = ~np.isnan(rated).any(0)
    mean, sd = (table[:, use] for table in norms.of_space(space))
    return _posterior(rated[:, use], mean, sd, np.ones(len(space)))


def measure(examples: Iterable[Mapping[str, Any]], said: Mapping[str, Any]) -> dict[str, Scores]:
    """All that the examples' keys let one measure, by what is mapped to what.

    Args:
      examples: stored examples (`affectjax/data/schema.py`), of one split or of all.
      said: the builder's metadata, which names the categories.

    Raises:
      ValueError: the examples hold no two sides of a map.
    """
    held = _gathered(examples)
    told: dict[str, Scores] = {}
    shares = {key: _shares(held[key], said, key) for key in held if _is_shares(key)}
    for key in held:
        if key.split("_")[0] == "votes":
            told[f"{key} -> winner"] = winner_keeps(held[key])
    for (a, p), (b, q) in itertools.combinations(shares.items(), 2):
        if said["names"][a] == said["names"][b]:
            told[f"{a} -> {b}"] = between_shares(p, q)
            if held[a].ndim == 1:  # one category an item: what its usual distribution says
                told[f"{a} -> {b}, fitted"] = between_shares(fitted_shares(p, q), q)
    vads = [key for key in held if key.split("_")[0] == "vad" and held[key].shape[1:] == (3,)]
    for a, b in itertools.combinations(vads, 2):
        told[f"{a} -> {b}"] = between_vad(held[a], held[b])
    for key, p in shares.items():
        told |= _of_categories(key, p, said["names"][key], {v: held[v] for v in vads})
    if not told:
        raise ValueError(f"keys {sorted(held)} hold no two label spaces, and no votes, to compare")
    return told


def _of_categories(
    key: str, p: Float[np.ndarray, "n k"], names: Sequence[str], vads: Mapping[str, np.ndarray]
) -> dict[str, Scores]:
    """Maps from a key of categories to other spaces, to VAD and back."""
    told = {}
    space = next((s for s in labels.SPACES if s.names == tuple(names)), None)
    for m in mapping.MAPS if space else ():
        if m.source == space:
            told[f"{key} -> {m.target.name}"] = through(m, p)
    for vad, rated in vads.items():
        some = (p.sum(1) > 0) & ~np.isnan(rated).all(1)
        q, values = p[some], rated[some]
        if not len(q):
            continue
        told[f"{key} -> {vad}, fitted"] = between_vad(fitted_vad(q, values), values)
        told[f"{vad} -> {key}, fitted"] = between_shares(fitted_posterior(q, values), q)
        if space and _has_norms(space):
            told[f"{key} -> {vad}, norms"] = between_vad(prior.expected_vad(q, space), values)
            told[f"{vad} -> {key}, norms"] = between_shares(norm_posterior(values, space), q)
    return told


def _gathered(examples: Iterable[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The label keys of all examples as arrays."""
    kept: dict[str, list[Any]] = {}
    for example in examples:
        for key, value in example.items():
            family = key.split("_")
            counted = family[0] == "vad" and family[1:2] in (["sd"], ["raters"], ["trace"])
            if (
                family[0] in ("emotion", "multilabel", "distribution", "votes", "vad")
                and not counted
            ):
                kept.setdefault(key, []).append(value)
    if len({len(values) for values in kept.values()}) > 1:
        raise ValueError(f"not every example holds the same keys of {sorted(kept)}")
    held: dict[str, np.ndarray] = {}
    for key, values in kept.items():
        array = np.asarray(values)
        if not any(np.array_equal(array, other, equal_nan=True) for other in held.values()):
            held[key] = array  # not twice where a config's `votes` are its `votes_both`
    return held


def _is_shares(key: str) -> bool:
    return key.split("_")[0] in ("emotion", "multilabel", "distribution", "votes")


def _shares(values: np.ndarray, said: Mapping[str, Any], key: str) -> Float[np.ndarray, "n k"]:
    """Any key of categories as distributions; rows of items without any category are 0."""
    if values.ndim == 1:
        return np.where(values[:, None] < 0, 0.0, np.eye(len(said["names"][key]))[values])
    total = values.sum(1, keepdims=True)
    return values / np.where(total > 0, total, 1)


def _has_norms(space: labels.LabelSpace) -> bool:
    try:
        norms.of_space(space)
    except ValueError:
        return False
    return True


def _posterior(
    x: np.ndarray, mean: np.ndarray, sd: np.ndarray, weight: np.ndarray
) -> Float[np.ndarray, "n k"]:
    z = (x[:, None] - mean) / sd
    log_p = (-0.5 * z**2 - np.log(sd)).sum(-1) + np.log(weight / weight.sum())
    e = np.exp(log_p - log_p.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _folds(count: int) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Train and test rows: every FOLDS-th item is tested together."""
    rows = np.arange(count)
    return ((rows[rows % FOLDS != f], rows[rows % FOLDS == f]) for f in range(min(FOLDS, count)))


def _bits(p: Float[np.ndarray, "n k"]) -> np.ndarray:
    """Entropy of each row in bits."""
    return -(p * np.log2(np.maximum(p, 1e-300))).sum(1)


def lines(told: Mapping[str, Scores]) -> list[str]:
    """The scores in words, one map a line."""
    return [
        f"{name}: " + ", ".join(f"{k} {v:.3f}" for k, v in s.items()) for name, s in told.items()
    ]
