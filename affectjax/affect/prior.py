"""Between categories and VAD: Gaussian priors, their posterior, and rater distributions."""

import numpy as np
from jaxtyping import Float, Real

from affectjax.affect import norms
from affectjax.affect.labels import LabelSpace


def expected_vad(p: Float[np.ndarray, "*b k"], space: LabelSpace) -> Float[np.ndarray, "*b 3"]:
    """Mean VAD of a distribution over categories, by the norms of their names."""
    means, _ = norms.of_space(space)
    return p @ means


def gaussian(
    p: Float[np.ndarray, "*b k"], space: LabelSpace
) -> tuple[Float[np.ndarray, "*b 3"], Float[np.ndarray, "*b 3"]]:
    """Mean and SD of VAD under a distribution over categories, each a Gaussian by its norm.

    The mixture's own: its variance is the mean variance and the variance of the means.

    >>> from affectjax.affect.labels import EKMAN6
    >>> mean, sd = gaussian(np.eye(6)[EKMAN6.index("anger")], EKMAN6)
    >>> mean.round(2).tolist(), sd.round(2).tolist()
    ([-0.51, 0.59, 0.25], [0.2, 0.33, 0.39])
    """
    means, sds = norms.of_space(space)
    mean = p @ means
    second = p @ (sds**2 + means**2)
    return mean, np.sqrt(second - mean**2)


def posterior(
    vad: Float[np.ndarray, "*b d"],
    space: LabelSpace,
    prior: Float[np.ndarray, " k"] | None = None,
    temperature: float = 1.0,
    gaussians: tuple[np.ndarray, np.ndarray] | None = None,
) -> Float[np.ndarray, "*b k"]:
    """p(category | vad) with Gaussian likelihoods N(norm mean, norm SD), independent dimensions.

    Bayes' rule with a uniform prior where none is given; a temperature above 1 softens it.
    `gaussians`, means (k, d) and SDs (k, d) or covariances (k, d, d), replaces the norms, for
    instance with fitted ones (`affect.blends` has others).

    >>> from affectjax.affect.labels import EKMAN7
    >>> EKMAN7.names[int(posterior(np.array([-0.5, 0.6, 0.3]), EKMAN7).argmax())]
    'anger'
    """
    means, spread = norms.of_space(space) if gaussians is None else gaussians
    x = np.asarray(vad)[..., None, :] - means
    if spread.ndim == 3:
        square = np.einsum("...ki,kij,...kj->...k", x, np.linalg.inv(spread), x)
        log_p = -0.5 * (square + np.linalg.slogdet(spread)[1])
    else:
        log_p = (-0.5 * (x / spread) ** 2 - np.log(spread)).sum(-1)
    if prior is not None:
        log_p = log_p + np.log(prior)
    return _softmax(log_p / temperature)


def from_votes(
    votes: Real[np.ndarray, "*b k"], smoothing: float = 0.0
) -> Float[np.ndarray, "*b k"]:
    """Raters' shares; `smoothing` is added to every count (Dirichlet prior).

    Raises:
      ValueError: an example that nobody rated, or negative counts.

    >>> from_votes(np.array([3, 1, 0]), smoothing=1.0).round(3).tolist()
    [0.571, 0.286, 0.143]
    """
    counts = np.asarray(votes, np.float64) + smoothing
    total = counts.sum(-1, keepdims=True)
    if (counts < 0).any() or (total <= 0).any():
        raise ValueError("votes must be counts, and each example needs at least one")
    return counts / total


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
