"""All scores of a set of predictions, in float64, with intervals by subject."""

from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affectjax.affect import prior
from affectjax.evals import bootstrap, units
from affectjax.evals import multilabel as labels
from affectjax.metrics import calibration, classification, confusion, moments, regression
from affectjax.metrics import distribution as distances
from affectjax.metrics.states import DIMENSIONS

Scores = dict[str, Any]
_BINS = 15


def scores(
    probabilities: Float[np.ndarray, "b k"] | None = None,
    emotion: Int[np.ndarray, " b"] | None = None,
    vad_pred: Float[np.ndarray, "b d"] | None = None,
    vad: Float[np.ndarray, "b d"] | None = None,
    subject: Int[np.ndarray, " b"] | None = None,
    distribution: Float[np.ndarray, "b k"] | None = None,
    votes: Int[np.ndarray, "b k"] | None = None,
    multilabel_pred: Float[np.ndarray, "b l"] | None = None,
    multilabel: Float[np.ndarray, "b l"] | None = None,
    score_pred: Float[np.ndarray, " b"] | None = None,
    score: Float[np.ndarray, " b"] | None = None,
    action_units_pred: Float[np.ndarray, "b a"] | None = None,
    action_units: Float[np.ndarray, "b a"] | None = None,
    *,
    thresholds: Float[np.ndarray, " l"] | float = 0.5,
    resamples: int = 2000,
    seed: int = 0,
) -> Scores:
    """Category, label and VAD scores of one row a clip; `<name>_interval` is 95% by subject.

    With intervals: uar (over the classes that occur), war, macro_f1 (over the classes true or
    predicted), weighted_f1, kappa, ece (15 bins), brier, nll; of VAD ccc, pcc (unbiased moments)
    rmse and mae, of each dimension and as `_mean`; against the raters' shares (`distribution`, or
    `votes` made into shares) soft_nll, kl and js, in nats, tvd (DistCE), soft_brier, ndcg (of the
    order of categories), and soft_ece: ece where a category is as right as the share of raters who
    chose it. Without: recall and confusion (rows true), as lists, chance, and ccc_pooled, of all
    dimensions in one vector (`regression.cage`).
    Scores of the whole: srcc and plcc, and the interval of srcc is that of the correlation of ranks
    in the whole set. Labels that hold together: see `multilabel.scores`. Without `subject` every
    clip is its own. What is unknown of a clip does not count: `emotion` below 0, a `distribution`
    of zeros, and VAD with a NaN; "clips_<what>" says how many are known where not all are.

    Raises:
      ValueError: there is nothing to score.
    """
    known = (probabilities, multilabel_pred, vad_pred, score_pred)
    given = next((x for x in known if x is not None), None)
    if given is None:
        told = "no probabilities, multilabel_pred, vad_pred or score_pred"
        raise ValueError(f"nothing to score: {told}")
    people = np.arange(len(given)) if subject is None else np.asarray(subject)
    out: Scores = {"clips": len(given), "subjects": len(np.unique(people))}
    options = {"resamples": resamples, "seed": seed}
    if votes is not None and distribution is None:
        distribution = prior.from_votes(votes)
    if probabilities is not None:
        out |= _of_probabilities(probabilities, emotion, distribution, people, options)
    if multilabel_pred is not None and multilabel is not None:
        out |= labels.scores(multilabel_pred, multilabel, people, thresholds, **options)
    if vad_pred is not None and vad is not None:
        pred, true = np.asarray(vad_pred, np.float64), np.asarray(vad, np.float64)
        known_rows = ~np.isnan(true).any(-1)
        out |= _of_known("vad", known_rows, _dimensions, pred, true, people, options)
    if score_pred is not None and score is not None:
        out |= _ratings(np.asarray(score_pred), np.asarray(score), people, options)
    if action_units_pred is not None and action_units is not None:
        pairs = (action_units_pred, action_units), ((probabilities, emotion), (vad_pred, vad))
        out |= units.scores(pairs[0], pairs[1], people, **options)
    return out


def _of_probabilities(
    p: Any, emotion: Any, shares: Any, people: np.ndarray, options: Any
) -> Scores:
    out: Scores = {}
    p = np.asarray(p, np.float64)
    if emotion is not None:
        y = np.asarray(emotion)
        out |= _of_known("emotion", y >= 0, _categories, p, y, people, options)
    if shares is not None:
        q = np.asarray(shares, np.float64)
        out |= _of_known("distribution", q.sum(-1) > 0, _shares, q, p, people, options)
    return out


def _of_known(
    what: str,
    known: Any,
    scored: Any,
    a: np.ndarray,
    b: np.ndarray,
    people: np.ndarray,
    options: Any,
) -> Scores:
    """The scores of the rows whose label is known, and their number where that is not all."""
    if known.all():
        return scored(a, b, people, options)
    told = {f"clips_{what}": int(known.sum())}
    return told | (scored(a[known], b[known], people[known], options) if known.any() else {})


def _categories(p: np.ndarray, y: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    k, guess = p.shape[1], p.argmax(1)
    matrices = bootstrap.by_subject(np.eye(k)[y][:, :, None] * np.eye(k)[guess][:, None, :], people)
    named = {
        "uar": confusion.uar,
        "war": confusion.war,
        "macro_f1": lambda c: confusion.macro_f1(c, "seen"),
        "weighted_f1": confusion.weighted_f1,
        "kappa": confusion.kappa,
    }
    out: Scores = {}
    for name, statistic in named.items():
        out |= bootstrap.scored(name, statistic, matrices, **options)
    c = matrices.sum(0)
    out |= bootstrap.scored("ece", _ece, _bins(p.max(1), guess == y, people), **options)
    each = {"brier": calibration.brier(p, y), "nll": classification.nll(p, y)}
    out |= bootstrap.scored_means(each, people, **options)
    return out | {
        "recall": confusion.recalls(c).tolist(),
        "confusion": c.astype(int).tolist(),
        "chance": {"uar": 1 / k, "war": float(c.sum(1).max() / c.sum())},
    }


def _shares(q: np.ndarray, p: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    each = {
        "soft_nll": distances.soft_cross_entropy(q, p),
        "kl": distances.kl(q, p),
        "js": distances.js(q, p),
        "tvd": distances.tvd(q, p),
        "soft_brier": distances.brier(q, p),
        "ndcg": distances.ndcg(q, p),
    }
    agreed = q[np.arange(len(q)), p.argmax(1)]
    binned = _bins(p.max(1), agreed, people)
    return {
        **bootstrap.scored_means(each, people, **options),
        **bootstrap.scored("soft_ece", _ece, binned, **options),
    }


def _dimensions(p: np.ndarray, t: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    centre = t.mean(0)  # sums of squares about a common point do not cancel
    sums = bootstrap.by_subject(moments.summands(p - centre, t - centre), people)
    exact = moments.moments(p, t)
    out: Scores = {}
    for name, score in (
        ("ccc", moments.ccc),
        ("pcc", moments.pcc),
        ("rmse", moments.rmse),
        ("mae", moments.mae),
    ):
        out |= _vad_scores(
            name, score(exact), lambda s, f=score: f(moments.from_sums(s)), sums, options
        )
    return out | {"ccc_pooled": regression.cage(p, t)["ccc"]}


def _ratings(p: np.ndarray, t: np.ndarray, people: np.ndarray, options: Any) -> Scores:
    from scipy import stats

    pairs = {"srcc": (stats.rankdata(p), stats.rankdata(t)), "plcc": (p, t)}
    out: Scores = {}
    for name, (a, b) in pairs.items():
        # Correlation has no scale: sums of squares of standard values do not cancel.
        x, y = (_standard(np.asarray(v, np.float64)) for v in (a, b))
        sums = bootstrap.by_subject(moments.summands(x[:, None], y[:, None]), people)
        statistic = lambda s: moments.pcc(moments.from_sums(s))[..., 0]  # noqa: E731
        out |= bootstrap.scored(name, statistic, sums, **options)
    return out


def _standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / (x.std() or 1.0)


def _column(resampled: Any, i: int, sums: np.ndarray) -> np.ndarray:
    return resampled(sums)[..., i]


def _vad_scores(
    name: str, values: np.ndarray, resampled: Any, sums: np.ndarray, options: Any
) -> Scores:
    rated = DIMENSIONS[: len(values)]
    picks: dict[str, Any] = {d: partial(_column, resampled, i) for i, d in enumerate(rated)}
    picks["mean"] = lambda s: resampled(s).mean(-1)
    told = dict(zip(rated, values, strict=True)) | {"mean": values.mean()}
    out: Scores = {}
    for d, pick in picks.items():
        out[f"{name}_{d}"] = float(told[d])
        out[f"{name}_{d}_interval"] = bootstrap.interval(pick, sums, **options)
    return out


def _bins(confidence: np.ndarray, correct: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Count, summed confidence and correctness per bin of each subject, (g, 3, bins)."""
    at = np.eye(_BINS + 1)[np.asarray(calibration.place(confidence, _BINS))]
    each = np.stack([at, at * confidence[:, None], at * correct[:, None]], axis=1)
    return bootstrap.by_subject(each, people)


def _ece(sums: np.ndarray) -> np.ndarray:
    return calibration.ece(calibration.Bins(*np.moveaxis(sums, -2, 0)))
