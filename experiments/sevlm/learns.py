"""Whether SEVLM's parts do what they are for, on paintings drawn so that they can.

  python -m experiments.sevlm.learns [--starts=3]

A painting has a colour and a pattern, and two texts: what its colour makes feel, and why, and what
its pattern does. Two colours make feel the same, and so do two patterns: which emotions a text may
name, and which of two reasons is true, only the picture tells. The words of the reasons have the
bundled VAD of words for emotions. A small SEVLM learns from the same start whole, from grey
pictures, without words' VAD (neither features nor head), and without the head of triples; it is
asked about 256 other paintings. Prints a table: mean and range of starts.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import app, flags

from affectjax.data import byte_pairs, reasons
from affectjax.metrics import captions
from affectjax.models import captioner, clip, sevlm, transformer
from affectjax.tasks import caption, pictures

SIDE, PATCH, LONGEST = 16, 4, 12
PAINTINGS, BATCH, STEPS, RATE = 256, 16, 600, 3e-3
EMOTIONS = ("excitement", "contentment", "awe", "fear")
# What is seen: the emotion it makes feel, and the words that say how it looks.
COLOURS = {
    "red": ("excitement", "bold", "angry"),
    "yellow": ("excitement", "joyful", "happy"),
    "blue": ("contentment", "relaxed", "lonely"),
    "green": ("contentment", "humble", "secure"),
}
PATTERNS = {
    "rows": ("awe", "mighty", "proud"),
    "columns": ("awe", "powerful", "alert"),
    "checks": ("fear", "terrified", "anxious"),
    "dots": ("fear", "insecure", "helpless"),
}
SEEN = COLOURS | PATTERNS
RGB = np.array([[200, 60, 60], [200, 200, 60], [60, 60, 200], [60, 180, 60]])
WORDS = ("the", "emotion", "is", "because", "looks", *EMOTIONS, *SEEN)
TOWER = transformer.Tower(24, 1, 2)
# Weights of the losses of words' VAD and of triples, whether words have VAD and pictures are seen.
LEARNT = {
    "whole": (1.0, 1.0, 1.0, 1.0),
    "grey pictures": (1.0, 1.0, 1.0, 0.0),
    "without VAD": (0.0, 1.0, 0.0, 1.0),
    "without triples": (1.0, 0.0, 1.0, 1.0),
}
CHANCE = {"emotion": 0.5, "reason": 0.25, "matched": 0.5}
# What is better than what, in which score, by how much at least.
MARGINS = (
    ("whole", "chance", "emotion", 0.3),
    ("whole", "chance", "reason", 0.4),
    ("whole", "chance", "matched", 0.3),
    ("whole", "chance", "word_vad_rmse", -0.1),
    ("whole", "grey pictures", "perplexity", -0.1),
    ("whole", "grey pictures", "reason", 0.3),
)
Batch = dict[str, jax.Array]


@functools.cache
def form() -> reasons.Form:
    """The form of the texts, in a vocabulary of their words."""
    looks = [word for _, *some in SEEN.values() for word in some]
    return reasons.form(byte_pairs.of_words([*WORDS, *looks]))


def paintings(seed: int, count: int) -> tuple[Batch, np.ndarray]:
    """Pictures with two texts each, and which of SEEN (count, 2) they show: colour and pattern."""
    g = np.random.default_rng(seed)
    shown = g.integers(0, 4, (count, 2)) + np.array([0, 4])
    y, x = np.mgrid[:SIDE, :SIDE] // 2 % 2
    drawn = np.stack([y, x, y ^ x, y & x])[shown[:, 1] - 4, ..., None]
    pixels = RGB[shown[:, 0]][:, None, None] * (0.4 + 0.6 * drawn)
    pixels = pixels + g.normal(0, 12, (count, SIDE, SIDE, 3))
    texts = [[_text(g, i) for i in g.permutation(row)] for row in shown]
    batch = {
        "image": jnp.asarray(pixels.clip(0, 255), jnp.uint8),
        "captions": jnp.asarray(np.array(texts)),
    }
    return batch, shown


def task(known: jax.Array | float = 1.0) -> caption.Caption:
    """SEVLM's task with a small network; words have their VAD times `known`, 0 for none."""
    trunk = clip.ImageTower(TOWER, SIDE, PATCH, 8)
    language = sevlm.SEVLM(sevlm.Size(form().size, 24, TOWER), dropout=0.0)
    encoder = sevlm.VADEncoder(positions=24, causal=True, dropout=0.0)
    table: Any = caption.of_words(form(), caption.terms()) * known
    saying = caption.Saying(length=LONGEST - len(form().prompt))
    model, read = captioner.Captioner(trunk, language, encoder), pictures.Pictures(norm="clip")
    return caption.Caption(model, read, EMOTIONS, form(), table, saying=saying)


def learner(given: Batch) -> Callable[..., Any]:
    """A function of `LEARNT`'s four numbers and a key to parameters; one program for all."""
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(RATE))
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in given.items()}

    @jax.jit
    def learn(which: jax.Array, key: jax.Array) -> Any:
        vad, triples, known, seen = which
        of, every = task(known), shown(given, seen)

        def loss(params: Any, i: jax.Array) -> jax.Array:
            keys = jax.random.split(jax.random.fold_in(key, i))
            rows = jax.random.choice(keys[0], PAINTINGS, (BATCH,), replace=False)
            batch = {k: v[rows] for k, v in every.items()}
            _, terms = of.loss({"params": params}, batch, keys[1], i)
            rest = vad * terms["loss_vad"] + triples * terms["loss_contrast"]
            return terms["loss_caption"] + rest

        def step(now: Any, i: jax.Array) -> Any:
            params, moments = now
            updates, moments = tx.update(jax.grad(loss)(params, i), moments)
            return (optax.apply_updates(params, updates), moments), None

        params = of.init(key, spec)["params"]
        return jax.lax.scan(step, (params, tx.init(params)), jnp.arange(STEPS))[0][0]

    return learn


def teller() -> Callable[..., dict[str, float]]:
    """A function of parameters, `LEARNT`'s numbers, paintings and what they show, to scores.

    perplexity, word_vad_rmse and matched of `metrics.captions`; of what is said of each painting
    emotion, the share that names one of its two (chance 0.5), and reason, the share that gives it
    the reason that is in the picture (chance 0.25: 0.5 of those).
    """

    @jax.jit
    def answers(params: Any, which: jax.Array, new: Batch) -> Any:
        of, batch = task(which[2]), shown(new, which[3])
        return of.predict({"params": params}, batch), of.say({"params": params}, batch)

    def tell(params: Any, which: jax.Array, new: Batch, truth: np.ndarray) -> dict[str, float]:
        told, ids = jax.device_get(answers(params, which, new))
        out = {k: float(captions.score(k, v.sum(0))) for k, v in captions.sums(told).items()}
        felt = [{SEEN[name][0]: name for name in _names(row)} for row in truth]
        pairs = list(zip(map(task().text, ids), felt, strict=True))
        right = [emotion in of_it for (emotion, _), of_it in pairs]
        why = [f"the {of_it.get(emotion)} looks" in reason for (emotion, reason), of_it in pairs]
        out |= {"emotion": float(np.mean(right)), "reason": float(np.mean(why))}
        untaught = [n for n, w in zip(("word_vad_rmse", "matched"), which, strict=False) if not w]
        return out | dict.fromkeys(untaught, float("nan"))

    return tell


def measure(starts: int) -> dict[str, list[dict[str, float]]]:
    """Scores by what is learnt, one a start."""
    (given, _), (new, truth) = paintings(0, PAINTINGS), paintings(1, 256)
    learn, tell = learner(given), teller()
    out: dict[str, list[dict[str, float]]] = {}
    for name, numbers in LEARNT.items():
        which = jnp.array(numbers)
        params = [learn(which, jax.random.key(s)) for s in range(starts)]
        out[name] = [tell(p, which, new, truth) for p in params]
    return out


def mean_word() -> float:
    """RMSE of words' VAD for who always tells the mean of the training texts' words."""
    ids = np.asarray(paintings(0, PAINTINGS)[0]["captions"]).reshape(-1, LONGEST)
    new = np.asarray(paintings(1, 256)[0]["captions"]).reshape(-1, LONGEST)
    table = caption.of_words(form(), caption.terms())
    known, asked = (_known(table[x[:, sevlm.SPOKEN :]]) for x in (ids, new))
    return float(np.sqrt(((asked - known.mean(0)) ** 2).mean()))


def shown(batch: Batch, seen: jax.Array) -> Batch:
    """The batch as it is, or with pictures that are grey."""
    grey = jnp.full_like(batch["image"], 128)
    return {**batch, "image": jnp.where(seen > 0, batch["image"], grey)}


def _known(vad: np.ndarray) -> np.ndarray:
    return vad[(vad != 0).any(-1)]


def _names(row: np.ndarray) -> list[str]:
    return [list(SEEN)[i] for i in row]


def _text(g: np.random.Generator, i: int) -> np.ndarray:
    name = list(SEEN)[i]
    emotion, *looks = SEEN[name]
    return reasons.encode(emotion, f"the {name} looks {g.choice(looks)}", form(), LONGEST)


def faults(measured: Mapping[str, list[dict[str, float]]]) -> list[str]:
    """The margins of MARGINS, over chance and over ablations, that do not hold in the mean."""
    mean = {
        name: {k: float(np.mean([row.get(k, np.nan) for row in rows])) for k in rows[0]}
        for name, rows in measured.items()
    }
    mean["chance"] = CHANCE | {"word_vad_rmse": mean_word()}
    return [
        f"{key}: {better} {mean[better][key]:.2f}, not {margin} from {worse} {mean[worse][key]:.2f}"
        for better, worse, key, margin in MARGINS
        if not (mean[better][key] - mean[worse][key]) * np.sign(margin) >= abs(margin)
    ]


def main(argv: list[str]) -> None:
    """Measure and print; with --check end with what does not hold."""
    del argv
    columns = ("perplexity", "emotion", "reason", "matched", "word_vad_rmse")
    print(f"| learnt | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    measured = measure(flags.FLAGS.starts)
    for name, rows in measured.items():
        cells = []
        for key in columns:
            values = [row.get(key, float("nan")) for row in rows]
            cells.append(f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"RMSE of who tells the mean word: {mean_word():.2f}")
    if flags.FLAGS.check and (found := faults(measured)):
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    flags.DEFINE_integer("starts", 3, "of the parameters")
    flags.DEFINE_bool("check", False, "end with 1 where a margin does not hold")
    app.run(main)
