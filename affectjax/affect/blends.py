"""Emotions as Gaussians in the space of valence, arousal and dominance, apart or fused.

After "Revisiting Emotions Representation for Recognition in the Wild" (arXiv 2602.06778) and its
authors' code (jbcnrlz/emotion_recognition, MIT): a point of the space is a mixture of the emotions
whose Gaussians reach it (`affect.prior.posterior`). The Gaussians are those of Russell & Mehrabian
1977 (`affect.norms`); how the dimensions go together is the authors' estimate.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect import mapping, norms

# Correlations of valence and dominance, arousal and dominance, valence and arousal.
CORRELATIONS: dict[str, tuple[float, float, float]] = {
    "neutral": (0.10, 0.10, 0.05),
    "happiness": (0.75, 0.25, 0.15),
    "sadness": (0.65, 0.55, 0.75),
    "surprise": (0.05, 0.65, 0.35),
    "fear": (-0.25, 0.85, 0.65),
    "disgust": (-0.55, 0.35, 0.25),
    "anger": (-0.45, 0.75, 0.55),
    "contempt": (0.35, 0.45, 0.25),
}
# The authors' neutral of their labels; their other two have SD 0.1 about 0, and 0.01 about 0.1.
NEUTRAL = norms.Norm("neutral", (0.1, 0.1, 0.1), (0.05, 0.05, 0.05))
# What is not to be predicted together, of the authors' eight terms.
CONFLICTS = (
    *(("happiness", other) for other in ("sadness", "anger", "disgust", "fear")),
    *(("neutral", other) for other in ("anger", "happiness", "sadness")),
)
_LEAST = 1e-6  # eigenvalue of a covariance
_REACH = 1.5  # SDs that an estimated dominance may lie from the emotion's mean


def gaussians(
    names: Sequence[str],
    *,
    neutral: Literal["norms", "published"] = "norms",
    correlated: bool = False,
    dimensions: int = 3,
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k ..."]]:
    """Means (k, d) of categories, and their SDs (k, d) or, `correlated`, covariances (k, d, d).

    Args:
      neutral: "norms" takes that of `affect.norms`, "published" NEUTRAL.
      dimensions: 3, or 2 without dominance.

    Raises:
      ValueError: a category without a norm, or without correlations where these are wanted.
    """
    if neutral not in ("norms", "published"):
        raise ValueError(f"neutral={neutral!r}; allowed: norms, published")
    own = {"neutral": NEUTRAL} if neutral == "published" else {}
    each = [own.get(name) or norms.norm(name) for name in names]
    means, sds = np.array([n.mean for n in each]), np.array([n.sd for n in each])
    if not correlated:
        return means[:, :dimensions], sds[:, :dimensions]
    full = covariances(sds, np.array([correlation(name) for name in names]))
    return means[:, :dimensions], full[:, :dimensions, :dimensions]


def correlation(name: str) -> tuple[float, float, float]:
    """CORRELATIONS of a category, by its name or a synonym.

    Raises:
      ValueError: the authors estimated none.
    """
    root = mapping.SYNONYMS.get(name, name)
    if root not in CORRELATIONS:
        raise ValueError(f"no correlations of {name!r}; there are {', '.join(CORRELATIONS)}")
    return CORRELATIONS[root]


def covariances(
    sds: Float[np.ndarray, "k 3"], correlations: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "k 3 3"]:
    """Covariances from SDs and correlations (VD, AD, VA), eigenvalues lifted to 1e-6 at least.

    >>> covariances(np.ones((1, 3)), np.array([[0.5, 0.1, 0.2]]))[0].round(6).tolist()
    [[1.0, 0.2, 0.5], [0.2, 1.0, 0.1], [0.5, 0.1, 1.0]]
    """
    vd, ad, va = np.asarray(correlations).T
    one = np.ones_like(vd)
    rows = np.stack([one, va, vd, va, one, ad, vd, ad, one], axis=-1).reshape(-1, 3, 3)
    values, vectors = np.linalg.eigh(rows * sds[:, :, None] * sds[:, None, :])
    return np.einsum("kij,kj,klj->kil", vectors, np.maximum(values, _LEAST), vectors)


def dominance(
    va: Float[np.ndarray, "*#b 2"],
    mean: Float[np.ndarray, "*#b 3"],
    sd: Float[np.ndarray, "*#b 3"],
    correlations: Float[np.ndarray, "*#b 3"],
) -> Float[np.ndarray, "..."]:
    """Dominance that valence and arousal leave an emotion's Gaussian to expect, in [-1, 1].

    mean_D + r tanh(x / r), x = b1 (V - mean_V) + b2 (A - mean_A) the regression of a Gaussian and
    r = 1.5 SD_D: near the mean it is the conditional mean, far away it stays within r.
    """
    vd, ad, va_ = np.moveaxis(np.asarray(correlations), -1, 0)
    off = (np.asarray(va) - mean[..., :2]) / sd[..., :2]
    left = 1 - va_**2
    standard = ((vd - va_ * ad) * off[..., 0] + (ad - va_ * vd) * off[..., 1]) / left
    bound = _REACH * sd[..., 2]
    moved = bound * np.tanh(sd[..., 2] * standard / bound)
    return np.asarray(np.clip(mean[..., 2] + moved, -1.0, 1.0))


def dominance_of(va: Float[np.ndarray, "*b 2"], name: str) -> Float[np.ndarray, "..."]:
    """`dominance` of a category by its norm; of neutral by that of `affect.norms`.

    Raises:
      ValueError: a category without a norm or correlations.
    """
    norm = norms.norm(name)
    given = (np.asarray(x) for x in (norm.mean, norm.sd, correlation(name)))
    return dominance(va, *given)


def bhattacharyya(
    means: Float[np.ndarray, "k d"], sds: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "k k"]:
    """Distances between Gaussians of independent dimensions (Bhattacharyya 1943).

    sum over d of (m - n)^2 / (4 (s^2 + t^2)) + log((s^2 + t^2) / (2 s t)) / 2.

    >>> bhattacharyya(np.array([[0.0], [2.0]]), np.ones((2, 1))).round(6).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    both = sds[:, None] ** 2 + sds[None] ** 2
    apart = (means[:, None] - means[None]) ** 2 / (4 * both)
    spread = 0.5 * np.log(both / (2 * sds[:, None] * sds[None]))
    return (apart + spread).sum(-1)


def clusters(
    means: Float[np.ndarray, "n d"], sds: Float[np.ndarray, "n d"], count: int
) -> Int[np.ndarray, " n"]:
    """Which of `count` groups each term falls into, numbered by their first terms.

    Complete linkage of `bhattacharyya`, cut where `count` groups are left.

    Raises:
      ValueError: not from 1 to n groups, or none such by ties.
    """
    from scipy.cluster import hierarchy
    from scipy.spatial import distance

    if not 1 <= count <= len(means):
        raise ValueError(f"{count} groups of {len(means)} terms")
    apart = distance.squareform(bhattacharyya(means, sds), checks=False)
    found = hierarchy.fcluster(hierarchy.linkage(apart, "complete"), count, "maxclust")
    _, first, place = np.unique(found, return_index=True, return_inverse=True)
    if len(first) != count:
        raise ValueError(f"ties leave {len(first)} groups, not {count}")
    return np.argsort(np.argsort(first))[place]


def fused(
    means: Float[np.ndarray, "n d"], sds: Float[np.ndarray, "n d"], group: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k d"]]:
    """Mean and SD of each group's mixture, its terms of equal weight.

    The variance is the mean of the variances and of the means' squared distances from theirs.

    >>> mean, sd = fused(np.array([[0.0], [2.0]]), np.ones((2, 1)), np.array([0, 0]))
    >>> mean.tolist(), (sd**2).round(6).tolist()
    ([[1.0]], [[2.0]])
    """
    share = np.eye(int(group.max()) + 1)[group].T
    share = share / share.sum(1, keepdims=True)
    mean = share @ means
    second = share @ (sds**2 + means**2)
    return mean, np.sqrt(second - mean**2)
