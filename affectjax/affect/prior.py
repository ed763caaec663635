"""Between categories and VAD: Gaussian priors, their posterior, and rater distributions."""

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect import norms
from affectjax.affect.labels import LabelSpace


def expected_vad(p: Float[np.ndarray, "*b k"], space: LabelSpace) -> Float[np.ndarray, "*b 3"]:
    """Mean VAD of a distribution over categories, by the norms of their names."""
    means, _ = norms.of_space(space)
    return p @ means


def posterior(
    vad: Float[np.ndarray, "*b 3"],
    space: LabelSpace,
    prior: Float[np.ndarray, " k"] | None = None,
    temperature: float = 1.0,
) -> Float[np.ndarray, "*b k"]:
    """p(category | vad) with Gaussian likelihoods N(norm mean, norm SD), independent dimensions.

    Bayes' rule with a uniform prior where none is given; a temperature above 1 softens it.

    >>> from affectjax.affect.labels import EKMAN7
    >>> EKMAN7.names[int(posterior(np.array([-0.5, 0.6, 0.3]), EKMAN7).argmax())]
    'anger'
    """
    means, sds = norms.of_space(space)
    z = (np.asarray(vad)[..., None, :] - means) / sds
    log_p = (-0.5 * z**2 - np.log(sds)).sum(-1)
    if prior is not None:
        log_p = log_p + np.log(prior)
    return _softmax(log_p / temperature)


def from_votes(votes: Int[np.ndarray, "*b k"], smoothing: float = 0.0) -> Float[np.ndarray, "*b k"]:
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
