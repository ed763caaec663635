"""Emotion categories, with valence-arousal-dominance beside them where wanted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from clu import metrics as clu_metrics
from flax import linen as nn

from affectjax.data.ops import mixing
from affectjax.losses import ccc, classification, distribution, missing, regression
from affectjax.metrics import mixture, states
from affectjax.models import norm
from affectjax.tasks.inputs import Inputs, one_row
from affectjax.tasks.pictures import Pictures
from affectjax.tasks.texts import Texts

Batch = Mapping[str, jax.Array]
VadLoss = Literal["mse", "l1", "smooth_l1", "ccc", "pcc", "mse_ccc", "gaussian_nll", "pinball"]
VAD_HEADS = ("vad", "vad_log_variance", "vad_low", "vad_high")
PASSED = (
    *("emotion", "vad", "distribution", "score"),
    *("subject", "view", "valid", "dataset", "possible"),
)


@dataclass(frozen=True)
class Classify:
    """A model with the head "logits" (k classes) and optionally "vad", and its training loss.

    loss = emotion_weight CE(targets, logits) + vad_weight vad_loss(vad, prediction)
    + conflict_weight conflict(logits, conflicts).

    Attributes:
      model: a Flax module, (*inputs, deterministic) -> {"logits": (b, k), "vad": (b, d)}; d is 2
        where the data has valence and arousal alone.
      inputs: what the model reads of a batch: `Inputs` (frames, log_mel), `pictures.Pictures`, or
        `texts.Texts`.
      classes: k.
      class_weights: one a class, or none: CE is then weighted by that of the true class, and
        divided by the sum of these weights (torch).
      target: "hard" learns the category, "distribution" the raters' shares.
      criterion: "cross_entropy", or "focal": `losses.distribution.focal` of sigmoids.
      conflicts: pairs of categories (by index) that are not to be predicted together
        (`losses.distribution.conflict`; of sigmoids where the criterion is).
      smoothing: label smoothing of hard targets, q = (1 - s) onehot + s / k.
      vad_loss: see `vad_term`.
      mixup, cutmix: alphas of the Beta distributions; 0 for none. The pair of a row is mixed in
        all targets alike. mix_audio False leaves audio unmixed, as the official code of HiCMAE.
      datasets: names of the parts of a mixture (`data.mix`), whose rows may lack labels: each loss
        is then of what is known, the softmax over the categories that the row's dataset has
        (`losses.missing`), and metrics are told of each dataset, too. None: rows have all labels.
    """

    model: nn.Module
    inputs: Inputs | Pictures | Texts
    classes: int
    class_weights: Sequence[float] = ()
    target: Literal["hard", "distribution"] = "hard"
    criterion: Literal["cross_entropy", "focal"] = "cross_entropy"
    conflicts: Sequence[Sequence[int]] = ()
    conflict_weight: float = 0.0
    smoothing: float = 0.0
    emotion_weight: float = 1.0
    vad_weight: float = 0.0
    vad_loss: VadLoss = "mse"
    mixup: float = 0.0
    cutmix: float = 0.0
    mix_prob: float = 1.0
    mix_audio: bool = True
    datasets: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.class_weights) not in (0, self.classes):
            raise ValueError(
                f"config.task.class_weights has {len(self.class_weights)} entries for "
                f"{self.classes} classes"
            )
        soft = self.target != "hard" or self.smoothing or self.mixup or self.cutmix
        if self.class_weights and (soft or self.datasets):
            raise ValueError(
                "config.task.class_weights weighs plain hard targets: without smoothing, mixup, "
                "cutmix, datasets and target='distribution'"
            )
        if self.criterion not in ("cross_entropy", "focal"):
            raise ValueError(
                f"config.task.criterion = {self.criterion!r}; allowed: cross_entropy, focal"
            )
        if (self.criterion == "focal" or self.conflicts) and (self.datasets or self.class_weights):
            raise ValueError(
                "config.task.criterion='focal' and conflicts go without datasets and class_weights"
            )

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        return initial(self, key, spec)

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        if self.datasets:
            return _loss_of_known(self, variables, batch, key)
        out, targets, vad = outputs_and_targets(self, variables, batch, key, self._targets(batch))
        weights = None
        if self.class_weights:
            weights = jnp.asarray(self.class_weights)[batch["emotion"]]
        sigmoid = self.criterion == "focal"
        towards = distribution.focal if sigmoid else classification.soft_cross_entropy
        terms = {"loss_emotion": towards(out["logits"], targets, weights=weights), **moved(out)}
        total = self.emotion_weight * terms["loss_emotion"]
        if self.conflicts:
            terms["loss_conflict"] = distribution.conflict(out["logits"], self.conflicts, sigmoid)
            total += self.conflict_weight * terms["loss_conflict"]
        if self.vad_weight:
            terms["loss_vad"] = vad_term(self.vad_loss, out, vad)
            total += self.vad_weight * terms["loss_vad"]
        return total, terms

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        out = self.model.apply(variables, *self.inputs(batch), deterministic=True)
        named = {"logits": out["logits"], "probabilities": jax.nn.softmax(out["logits"])}
        if "vad" in out:
            named |= vad_outputs(out)
        return {**named, **passed(batch, out)}

    def metrics(self) -> type[clu_metrics.Collection]:
        if self.datasets:
            whole: Any = states.for_classification(vad=bool(self.vad_weight))
            return mixture.of_datasets(whole, tuple(self.datasets))
        return states.for_classification(vad=bool(self.vad_weight))

    def _targets(self, batch: Batch) -> jax.Array:
        if self.target == "distribution":
            return batch["distribution"]
        return classification.smooth_targets(batch["emotion"], self.classes, self.smoothing)


def _loss_of_known(
    task: Classify, variables: Any, batch: Batch, key: jax.Array
) -> tuple[jax.Array, dict[str, jax.Array]]:
    """`Classify.loss` of rows that may lack labels.

    A row mixed with one of another dataset may be of either's categories, and its VAD is that of
    the one which has it, or the mean by their shares.
    """
    possible = batch["possible"]
    shares = batch.get("distribution") if task.target == "distribution" else None
    targets = missing.targets(batch["emotion"], possible, task.smoothing, shares)
    given = dict(batch)
    if task.vad_weight:
        given["vad"] = jnp.concatenate(missing.known(batch["vad"]), -1)
    # Mixing is linear: what goes with the targets is mixed by the same shares.
    both = jnp.concatenate([targets, possible], -1)
    out, both, vad = outputs_and_targets(task, variables, given, key, both)
    targets, possible = jnp.split(both, 2, -1)
    terms = {
        "loss_emotion": missing.cross_entropy(out["logits"], targets, possible),
        **moved(out),
    }
    total = task.emotion_weight * terms["loss_emotion"]
    if task.vad_weight:
        values, weights = jnp.split(vad, 2, -1)
        values = values / jnp.where(weights > 0, weights, 1.0)
        terms["loss_vad"] = vad_term_of_known(task.vad_loss, out, values, weights)
        total += task.vad_weight * terms["loss_vad"]
    return total, terms


def outputs_and_targets(
    task: Any, variables: Any, batch: Batch, key: jax.Array, targets: jax.Array
) -> tuple[dict[str, jax.Array], jax.Array, Any]:
    """The model's outputs in training, with the targets (b, k) and VAD that mixing made of them.

    `task` has model, inputs, vad_weight and the fields of mixing as `Classify`; VAD is None where
    its weight is 0. "moving" among the outputs: see `in_training`.

    Raises:
      ValueError: mixing of inputs that are neither clips nor pictures of one key.
    """
    keys = jax.random.split(key, 3)
    given = task.inputs(batch, keys[0])
    vad: Any = batch["vad"] if task.vad_weight else None
    if task.mixup or task.cutmix:
        still = isinstance(task.inputs, Pictures) and len(given) == 1 and given[0].ndim == 4
        if not (still or isinstance(task.inputs, Inputs)):
            raise ValueError("config.task.mixup and cutmix mix clips, or still pictures of one key")
        frames, mel = (given[0][:, None], None) if still else given
        how: dict[str, Any] = {"mixup": task.mixup, "cutmix": task.cutmix, "prob": task.mix_prob}
        frames, mel, targets, vad = mixing.mix(
            keys[1], frames, mel, targets, vad, **how, mix_audio=task.mix_audio
        )
        given = (frames[:, 0],) if still and frames is not None else (frames, mel)
    return in_training(task.model, variables, given, keys[2]), targets, vad


def initial(task: Any, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
    """First variables of a task's `model`, from one row of zeros through its `inputs`."""
    given = task.inputs(one_row(spec))
    return task.model.init(key, *given, deterministic=True)


def in_training(
    model: nn.Module, variables: Any, given: Sequence[Any], key: jax.Array
) -> dict[str, Any]:
    """A model's outputs in training, and "moving" where it has batch statistics (`models.norm`)."""
    rngs = {"dropout": key}
    settings: dict[str, Any] = {"deterministic": False, "rngs": rngs, "mutable": [norm.MOVING]}
    out, sown = model.apply(variables, *given, **settings)
    return {**out, **sown}


def moved(out: Mapping[str, Any]) -> dict[str, Any]:
    """What a loss hands on of the outputs in training: the batch statistics, for the step."""
    return {k: out[k] for k in (norm.MOVING,) if k in out}


def passed(batch: Batch, out: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """The truth and the marks of a batch's rows; VAD in the dimensions that the model predicts."""
    known = {k: batch[k] for k in PASSED if k in batch}
    if "vad" in known and "vad" in out:
        known["vad"] = known["vad"][:, : out["vad"].shape[1]]
    return known


def vad_term(
    name: str, out: Mapping[str, jax.Array], vad: jax.Array, weights: jax.Array | None = None
) -> jax.Array:
    """The loss of a config's name between the heads' outputs and the target (b, 3), a scalar.

    mse, l1, smooth_l1; ccc and pcc, 1 - the coefficient over the batch, mean over dimensions;
    mse_ccc, CAGE's (`ccc.mse_ccc`); gaussian_nll and pinball, of a model with "vad_log_variance" or
    "vad_quantiles" beside "vad". Two dimensions are valence and arousal. `weights` of the rows.

    Raises:
      ValueError: the name is none of these, or the head is missing.
    """
    vad = vad[:, : out["vad"].shape[1]]
    losses: dict[str, Callable[..., jax.Array]] = {
        "mse": regression.mse,
        "l1": regression.l1,
        "smooth_l1": regression.smooth_l1,
        "ccc": ccc.ccc_loss,
        "pcc": ccc.pcc_loss,
        "mse_ccc": ccc.mse_ccc,
    }
    if name == "gaussian_nll":
        _needs(name, "vad_log_variance" in out, "vad_log_variance=3", out)
        return regression.gaussian_nll(out["vad"], out["vad_log_variance"], vad, weights)
    if name == "pinball":
        _needs(name, "vad_low" in out, "vad_quantiles=6", out)
        return regression.pinballs(out["vad"], out["vad_low"], out["vad_high"], vad, weights)
    if name not in losses:
        allowed = ", ".join([*losses, "gaussian_nll", "pinball"])
        raise ValueError(f"config.task: no loss {name!r}; allowed: {allowed}")
    return losses[name](out["vad"], vad, weights=weights)


def _needs(name: str, there: bool, head: str, out: Mapping[str, jax.Array]) -> None:
    if not there:
        raise ValueError(
            f"config.task: the loss {name} needs a head {head.split('=')[0]}: add {head} to "
            f"config.task.model.heads, now {sorted(out)}"
        )


def vad_term_of_known(
    name: str, out: Mapping[str, jax.Array], vad: jax.Array, weights: jax.Array
) -> jax.Array:
    """`vad_term` with weights (b, 3) of rows and dimensions: its mean over those that have any.

    0 where nothing is known. Of complete rows it is `vad_term`.
    """
    width = out["vad"].shape[1]
    each = [
        vad_term(
            name,
            {k: out[k][:, i : i + 1] for k in VAD_HEADS if k in out},
            vad[:, i : i + 1],
            weights[:, i],
        )
        for i in range(width)
    ]
    seen = (weights[:, :width] > 0).any(0).astype(jnp.float32)
    mean = (jnp.stack(each) * seen).sum() / jnp.maximum(seen.sum(), 1.0)
    return mean * (width if name == "mse_ccc" else 1)  # CAGE's is a sum over dimensions


def vad_outputs(out: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """`vad_pred` (b, d) and, where predicted, `vad_sd`, or `vad_low` and `vad_high`."""
    named = {"vad_pred": out["vad"]}
    if "vad_log_variance" in out:
        named["vad_sd"] = jnp.exp(0.5 * out["vad_log_variance"])
    return named | {k: out[k] for k in ("vad_low", "vad_high") if k in out}
