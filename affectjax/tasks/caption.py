"""Learning to say of a picture what it makes feel, and why, as SEVLM (arXiv 2403.11150)."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from clu import metrics as clu_metrics
from jaxtyping import Array, Float, Int, Int32, Key

from affectjax.affect import lexicon, norms
from affectjax.data import reasons
from affectjax.losses import sevlm as losses
from affectjax.metrics import captions
from affectjax.models import caption, generate
from affectjax.models.captioner import Captioner
from affectjax.tasks.inputs import one_row
from affectjax.tasks.masked import EVAL_SEED
from affectjax.tasks.pictures import Pictures

Batch = Mapping[str, jax.Array]
TERMS = "terms"  # the lexicon that needs no file
_PASSED = ("emotion", "distribution", "subject", "view", "valid")


@dataclass(frozen=True)
class Saying:
    """How a text is generated (`models.generate`).

    Attributes:
      how: greedy, the likeliest token each time; nucleus, by chance within `mass` of the
        probability at `temperature`; beam, with `beams` of them and the length weighed by `alpha`.
      length: most tokens behind the prompt.
    """

    how: Literal["greedy", "nucleus", "beam"] = "greedy"
    length: int = 25
    mass: float = 0.9
    temperature: float = 1.0
    beams: int = 5
    alpha: float = 1.0

    def __post_init__(self) -> None:
        if self.how not in ("greedy", "nucleus", "beam"):
            raise ValueError(
                f"config.task.saying.how = {self.how!r}; allowed: greedy, nucleus, beam"
            )


@dataclass(frozen=True)
class Caption:
    """loss = next_token + vad_weight next_vad + contrast_weight belong (`losses.sevlm`).

    Reads `captions` (b, 2, n) of `data.ops.labels.Explained`: two texts on each picture that name
    different emotions.

    Attributes:
      inputs: one picture.
      labels: the emotions, each told from the others by its first piece.
      form: ids of the texts' form (`of_form`), in the vocabulary that the data was read by.
      word_vad: each id's valence, arousal and dominance (v, 3), 0 where unknown (`word_vad`).
    """

    model: Captioner
    inputs: Pictures
    labels: Sequence[str]
    form: reasons.Form
    word_vad: Float[np.ndarray, "v 3"]
    vad_weight: float = 1.0
    contrast_weight: float = 1.0
    saying: Saying = Saying()

    def __post_init__(self) -> None:
        size = self.model.language.size
        if size.vocab < self.form.size:
            raise ValueError(
                f"config.task.model.language.size.vocab = {size.vocab}, and the vocabulary has "
                f"{self.form.size} ids"
            )
        if size.prefix:
            raise ValueError("config.task.model.language.size.prefix: a Captioner has none, set 0")
        for head, weight in (("vad", self.vad_weight), ("contrast", self.contrast_weight)):
            if weight and not getattr(self.model.language, head):
                raise ValueError(
                    f"config.task.{head}_weight = {weight} without the head: set it to 0, or "
                    f"config.task.model.language.{head} to True"
                )

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> dict[str, Any]:
        zeros = one_row(spec)
        return self.model.init(key, *self.inputs(zeros), *self._read(self._texts(zeros)))

    def loss(
        self, variables: Any, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        keys, ids = jax.random.split(key, 3), self._texts(batch)
        drawn = losses.negatives(keys[0], len(ids)) if self.contrast_weight else None
        given = (*self.inputs(batch, keys[1]), *self._read(ids), drawn)
        rngs = {"dropout": keys[2]}
        out = self.model.apply(variables, *given, deterministic=False, rngs=rngs)
        flat = ids.reshape(-1, ids.shape[-1])
        terms = {"loss_caption": losses.next_token(out["logits"], self._wanted(flat))}
        total = terms["loss_caption"]
        if self.vad_weight:
            terms["loss_vad"] = losses.next_vad(out["vad"], self._next_words(flat))
            total += self.vad_weight * terms["loss_vad"]
        if self.contrast_weight:
            terms["loss_contrast"] = losses.belong(out["scores"])
            total += self.contrast_weight * terms["loss_contrast"]
        return total, terms

    def predict(self, variables: Any, batch: Batch) -> dict[str, jax.Array]:
        """`probabilities` (b, k) of the emotion that a text would name, and how true texts fare.

        The latter where the batch has them: sums of a picture's texts as `metrics.captions` reads.
        """
        images = self.inputs(batch)
        logits = self.answer(variables, *images)["logits"]
        out = {"logits": logits, "probabilities": jax.nn.softmax(logits)}
        if "captions" in batch:
            out |= self._judged(variables, images, self._texts(batch))
        return {**out, **{k: batch[k] for k in _PASSED if k in batch}}

    def answer(self, variables: Any, images: Float[Array, "b h w 3"]) -> dict[str, jax.Array]:
        """The "logits" (b, k) of the emotions that a text on a picture would name first."""
        form = self.form
        prompt = jnp.broadcast_to(jnp.array(form.prompt), (images.shape[0], 1, len(form.prompt)))
        logits = self.model.apply(variables, images, *self._read(prompt))["logits"][:, -1]
        return {"logits": logits[:, jnp.array(reasons.first_pieces(self.labels, form))]}

    def say(
        self, variables: Any, batch: Batch, keys: Key[Array, " b"] | None = None
    ) -> Int[Array, "b length"]:
        """What is generated behind the prompt for each picture; `reasons.decode` reads it.

        `keys` are those of `generate.sample`, by default of each row's place in the batch.
        """
        (images,), s, form = self.inputs(batch), self.saying, self.form
        params, model = variables["params"], self.model
        patches = model.apply(variables, images)["patches"]
        known = None
        if model.words is not None:
            vad, encoder = jnp.asarray(self.word_vad), model.words
            known = caption.Lexicon(vad, encoder, {"params": params["words"]})
        language = {"params": params["language"]}
        given = (model.language, language, _words(form), patches)
        begun = caption.start(*given, length=s.length, lexicon=known)
        ends: dict[str, Any] = {"length": s.length, "end": form.start, "pad": form.pad}
        if s.how == "beam":
            return generate.beam(*begun, beams=s.beams, alpha=s.alpha, **ends)[0][:, 0]
        if keys is None:
            keys = generate.row_keys(jax.random.key(EVAL_SEED), jnp.arange(images.shape[0]))
        warm, mass = (s.temperature, s.mass) if s.how == "nucleus" else (0.0, 1.0)
        return generate.sample(*begun, keys, **ends, temperature=warm, mass=mass)

    def text(self, ids: Int32[np.ndarray, " n"]) -> tuple[str, str]:
        """Emotion and explanation of what `say` returns of one picture."""
        return reasons.decode(ids, self.form)

    def metrics(self) -> type[clu_metrics.Collection]:
        return captions.CaptionScores

    def _judged(
        self, variables: Any, images: Sequence[jax.Array], ids: Int[Array, "b r n"]
    ) -> dict[str, jax.Array]:
        """For each picture sums over its texts: likelihood, error of words, pairs told apart."""
        b, r, n = ids.shape
        swapped = jnp.arange(b * r)[None] ^ 1 if self.contrast_weight else None
        out = self.model.apply(variables, *images, *self._read(ids), swapped)
        flat = ids.reshape(-1, n)
        labels = self._wanted(flat)[:, 1:]
        counts = labels != losses.IGNORED
        log_p = jax.nn.log_softmax(out["logits"][:, :-1])
        chosen = jnp.take_along_axis(log_p, jnp.where(counts, labels, 0)[..., None], -1)[..., 0]
        sums = {"caption_nll": -(chosen * counts).sum(1), "caption_tokens": counts.sum(1)}
        if self.vad_weight:
            vad = self._next_words(flat)[:, 1:]
            known = (vad != 0).any(-1, keepdims=True)
            error = jnp.where(known, (out["vad"][:, :-1] - vad) ** 2, 0.0)
            counted = known.sum((1, 2)) * vad.shape[-1]
            sums |= {"word_error": error.sum((1, 2)), "word_count": counted}
        if self.contrast_weight:
            own, other = out["scores"][:, 0], out["scores"][:, 1]
            sums |= {"matched_right": own > other, "matched_pairs": jnp.ones_like(own)}
        return {k: v.reshape(b, r).sum(1).astype(jnp.float32) for k, v in sums.items()}

    def _texts(self, batch: Batch) -> Int[Array, "b r n"]:
        if "captions" not in batch:
            raise ValueError(
                f"the batch has no captions, only {sorted(batch)}: make them by "
                "data.ops.labels.Explained in config.data.train_ops"
            )
        return batch["captions"]

    def _read(self, ids: Int[Array, "b r n"]) -> tuple[Array, Array, Array]:
        """Ids, kinds of token, and words' VAD."""
        flat = caption.kinds(ids.reshape(-1, ids.shape[-1]), _words(self.form))
        return ids, flat.reshape(ids.shape), jnp.asarray(self.word_vad)[ids]

    def _wanted(self, ids: Int[Array, "c n"]) -> Int[Array, "c n"]:
        return jnp.where(ids == self.form.pad, losses.IGNORED, ids)

    def _next_words(self, ids: Int[Array, "c n"]) -> Float[Array, "c m 3"]:
        """VAD of the words that the head tells, and of the one before the first of them."""
        return jnp.asarray(self.word_vad)[ids][:, self.model.language.spoken - 1 :]


def of_form(vocabulary: str) -> reasons.Form:
    """`reasons.named`, for configs."""
    return reasons.named(vocabulary)


def word_vad(vocabulary: str, words: str) -> Float[np.ndarray, "v 3"]:
    """VAD of each id of a vocabulary by a dictionary of words, 0 for what it lacks.

    Args:
      words: a file as `affect.lexicon.read` takes, or "terms": the 151 words for emotions of
        Russell & Mehrabian 1977, and the categories' names by `affect.norms`.
    """
    form = reasons.named(vocabulary)
    return of_words(form, terms() if words == TERMS else lexicon.read(words))


def of_words(form: reasons.Form, words: lexicon.Lexicon) -> Float[np.ndarray, "v 3"]:
    """VAD of each id of a form."""
    pieces = [form.pairs.pieces[i] for i in range(len(form.pairs.ids))]
    table = lexicon.token_vad(pieces, words)
    return np.concatenate([table, np.zeros((reasons.MARKS, 3), np.float32)])


@functools.cache
def terms() -> lexicon.Lexicon:
    """The words that are bundled."""
    rated = {name: norm.mean for name, norm in norms.table().items()}
    return rated | {name: norms.norm(name).mean for name in norms.TERMS}


def _words(form: reasons.Form) -> caption.Words:
    return caption.Words(form.prompt, form.because, form.emotion, form.explanation, form.prefix)
