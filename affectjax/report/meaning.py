"""What each score of a report means, which way is better, and what chance would reach."""

from collections.abc import Mapping
from typing import Any

MORE, LESS, EXACT = "higher is better", "lower is better", ""
_DIMENSIONS = ("valence", "arousal", "dominance", "mean")
_MEANINGS: Mapping[str, tuple[str, str]] = {
    "uar": ("mean over the categories of the share of their clips that are right", MORE),
    "war": ("share of the clips that are right", MORE),
    "macro_f1": ("mean F1 of the categories", MORE),
    "micro_f1": ("F1 of all labels counted together", MORE),
    "weighted_f1": ("mean F1 of the categories, by how often each occurs", MORE),
    "kappa": ("agreement with the truth beyond chance, Cohen's", MORE),
    "ece": ("gap between how sure the model is and how often it is right", LESS),
    "brier": ("squared error of the probabilities, summed over the categories", LESS),
    "nll": ("mean of -log of the probability of the truth", LESS),
    "soft_nll": ("cross-entropy against the raters' shares, nats", LESS),
    "kl": ("divergence of the raters' shares from the model's, nats", LESS),
    "js": ("Jensen-Shannon divergence of the two shares, nats", LESS),
    "tvd": ("share of the raters' votes that the model puts elsewhere", LESS),
    "soft_brier": ("squared error against the raters' shares", LESS),
    "soft_ece": ("ece where a category is as right as raters chose it", LESS),
    "ndcg": ("the order of the categories against the raters'", MORE),
    "ccc": ("agreement with the ratings, their scale and mean included", MORE),
    "ccc_pooled": ("ccc of all dimensions in one vector", MORE),
    "pcc": ("correlation with the ratings", MORE),
    "rmse": ("root of the mean squared error, on a scale from -1 to 1", LESS),
    "mae": ("mean error, on a scale from -1 to 1", LESS),
    "srcc": ("correlation of ranks with the ratings", MORE),
    "plcc": ("correlation with the ratings", MORE),
    "map": ("mean over the labels of the average precision", MORE),
    "map_area": ("map by the area under the interpolated curve", MORE),
    "map_eleven_point": ("map by eleven points of recall", MORE),
    "auroc_mean": ("mean over the labels of the share of pairs in the right order", MORE),
    "samples_jaccard": ("shared labels over all labels, said or true, of a clip", MORE),
    "label_nll": ("cross-entropy of each label by itself", LESS),
    "label_brier": ("squared error of each label by itself", LESS),
    "units_f1": ("mean F1 of the action units", MORE),
    "multitask": ("macro F1 of expressions, mean ccc and F1 of units, added", MORE),
    "objects_map": ("mean average precision of the objects", MORE),
    "attributes_accuracy": ("mean over the attributes of the share that is right", MORE),
    "perplexity": ("how many tokens each of the true texts' might as well be", LESS),
    "word_vad_rmse": ("root of the mean squared error of the next word's VAD", LESS),
    "matched": ("share of the texts that fit their own emotion better than the other's", MORE),
    "set_coverage": ("share of the clips whose set holds the truth; it should be set_share", EXACT),
    "set_share": ("share of the clips whose set is to hold the truth", EXACT),
    "set_size": ("categories in a clip's set", LESS),
    "set_raters": ("share of the raters whose choice the set holds", MORE),
    "temperature": ("what the logits are divided by; above 1 the model was too sure", EXACT),
    "vad_share": ("share of the clips whose interval is to hold the rating", EXACT),
    "vad_coverage": ("share of the clips whose interval holds the rating", EXACT),
    "vad_width": ("width of the intervals, on a scale from -1 to 1", LESS),
    "vad_winkler": ("width, and what the misses cost", LESS),
}


def of(score: str) -> tuple[str, str]:
    """(what a score of `evals` means, which way is better); two empty strings of an unknown one.

    >>> of("ccc_valence")
    ('agreement with the ratings, their scale and mean included', 'higher is better')
    """
    if score in _MEANINGS:
        return _MEANINGS[score]
    stem, _, last = score.rpartition("_")
    if last == "accuracy":
        return f"share of the clips whose {stem} is right", MORE
    return _MEANINGS.get(stem, ("", "")) if last in _DIMENSIONS else ("", "")


def chance(values: Mapping[str, Any]) -> dict[str, float]:
    """What knowing nothing reaches, by score, of a split's scores."""
    known: dict[str, Any] = {**values.get("chance", {}), **values.get("label_chance", {})}
    for name in values:
        if name.startswith(("ccc", "pcc", "srcc", "plcc")) and not name.endswith("_interval"):
            known[name] = 0.0
    if "units_chance" in values:
        known["units_f1"] = values["units_chance"]
    if "objects_chance" in values:
        known["objects_map"] = values["objects_chance"]
    if "matched" in values:
        known["matched"] = 0.5
    return {k: float(v) for k, v in known.items() if v is not None}
