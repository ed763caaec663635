"""Whether UniEmoX's pre-training helps where few scenes have a label, on scenes drawn for it.

  python -m experiments.uniemox.learns [--starts=4]

A scene is one of four places with one of four people in it. Whether it is pleasant hangs on the
place, whether it is calm on the person, and the emotion is both. A small CLIP learns places and
people from the captions of 4,096 scenes; UniEmoX pre-trains beside it on 4,096 others. Of emotions
nobody tells either. Then the encoder is fine-tuned on 64 scenes that have one, as is one from
nothing, for as many steps, and a linear probe reads its class token as it is; both tell the
emotions of 2,000 more scenes. A start draws the first parameters, masks, batches and the 64 anew.
Prints a table: means over the starts with 95% t intervals.
"""

import dataclasses
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import app, flags

from affectjax.evals import few_shot
from affectjax.losses import classification
from affectjax.models import clip, multitask, transformer, uniemox, vit
from affectjax.tasks import classify, pictures
from affectjax.tasks import uniemox as task_lib

SIDE, PATCH, KINDS, EMOTIONS = 32, 8, 4, 4
SCENES, LABELLED, UNSEEN, BATCH = 4096, 64, 2000, 64
OWN, FOUND = 0.5, 0.5  # shares: of the patches that show the place; of the people
CLIP_STEPS, STEPS, TUNED, RATE, MASK = 600, 400, 100, 2e-3, 0.75
TOWER, SMALL = transformer.Tower(48, 2, 4), transformer.Tower(32, 1, 2)
CLIP = clip.Size(SIDE, PATCH, 32, TOWER, SMALL, "quick_gelu", context=4, vocab=12)
TRUNK = vit.ViT(TOWER, SIDE, PATCH, pool="mean", fixed=True)
READ = pictures.Pictures(("image", "person", "image"), ("imagenet", "imagenet", "clip"))
# What a scene can be called: begin, a place, a person, end.
CAPTIONS = np.array([[1, 2 + p, 6 + q, 11] for p in range(KINDS) for q in range(KINDS)])
Batch = dict[str, jax.Array]
Loss = Callable[[Any, Batch, jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True)
class Arm:
    """A pre-training: the weights of its losses, and what it sees and hears."""

    mae: float = 1.0
    likeness: float = 1.0
    pattern: float = 1.0
    person: bool = True
    found: float = FOUND
    taught: bool = True  # False: beside a CLIP that nobody trained


NOTHING, WHOLE = "nothing", "UniEmoX"
ARMS = {
    WHOLE: Arm(),
    "without the person's view": Arm(person=False),
    "every person found": Arm(found=1.0),
    "masks alone": Arm(likeness=0.0, pattern=0.0),
    "beside an untrained CLIP": Arm(taught=False),
}
SCORES = ("tuned", "probe", "likeness")
# What is better than what, in which score, by how much at least.
MARGINS = (
    (WHOLE, "chance", "tuned", 0.3),
    (WHOLE, NOTHING, "tuned", 0.0),
    (WHOLE, NOTHING, "probe", 0.25),
    (WHOLE, "masks alone", "tuned", 0.05),
    (WHOLE, "masks alone", "probe", 0.25),
)


def scenes(seed: int, count: int, found: float = FOUND) -> Batch:
    """Scenes (count, 32, 32, 3), the people cut out of them as large, captions, emotions.

    The patches have stripes, half of them as the place has them, the others any; the person is a
    square of four patches, whose hue is about that of the person. Light, contrast and which
    stripes are dark are drawn by lot. A share `found` of the people is: else the scene stands in.
    """
    g = np.random.default_rng(seed)
    place, person = g.integers(0, KINDS, (2, count))
    image = _ground(g, place)
    cut = _clothes(g, person)
    for i, (top, left) in enumerate(PATCH * g.integers(0, SIDE // PATCH - 1, (count, 2))):
        image[i, top : top + 2 * PATCH, left : left + 2 * PATCH] = cut[i]
    image = image + g.normal(0, 10, image.shape)
    large = cut.repeat(2, 1).repeat(2, 2) + g.normal(0, 10, image.shape)
    is_found = g.random((count, 1, 1, 1)) < found
    return {
        "image": jnp.asarray(image.clip(0, 255), jnp.uint8),
        "person": jnp.asarray(np.where(is_found, large, image).clip(0, 255), jnp.uint8),
        "tokens": jnp.asarray(CAPTIONS[place * KINDS + person]),
        "caption": jnp.asarray(place * KINDS + person),
        "emotion": jnp.asarray(2 * (place % 2) + person % 2),
        "valid": jnp.ones(count, bool),
    }


def _ground(g: np.random.Generator, place: np.ndarray) -> np.ndarray:
    """Places (n, 32, 32, 3): stripes that lie, stand, rise or fall."""
    n, side = len(place), SIDE // PATCH
    y, x = np.mgrid[:PATCH, :PATCH]
    lying = (y > 2) & (y < 5)
    stripes = np.stack([lying, lying.T, abs(y - x) < 2, abs(y + x - PATCH + 1) < 2])
    own = g.random((n, side, side)) < OWN
    kind = np.where(own, place[:, None, None], g.integers(0, KINDS, (n, side, side)))
    ink = stripes[kind] ^ (g.random((n, side, side, 1, 1)) < 0.5)
    ink = ink.transpose(0, 1, 3, 2, 4).reshape(n, SIDE, SIDE, 1)
    bright, dark = g.uniform(130, 230, (n, 1, 1, 1)), g.uniform(20, 110, (n, 1, 1, 1))
    return np.where(ink, bright, dark) + g.normal(0, 15, (n, 1, 1, 3))


def _clothes(g: np.random.Generator, person: np.ndarray) -> np.ndarray:
    """People (n, 16, 16, 3): each patch of a hue near the person's, as bright as it happens."""
    n = len(person)
    hue = person[:, None, None] / KINDS + g.uniform(-0.1, 0.1, (n, 2, 2))
    rgb = np.cos(2 * np.pi * (hue[..., None] - np.arange(3) / 3))
    light, strength = g.uniform(70, 185, (n, 2, 2, 1)), g.uniform(25, 60, (n, 1, 1, 1))
    return (light + strength * rgb).repeat(PATCH, 1).repeat(PATCH, 2)


@functools.partial(jax.jit, static_argnames="steps")
def taught(rows: Batch, key: jax.Array, steps: int) -> Any:
    """Parameters of a CLIP that learnt which of all captions a scene has; 0 steps: nothing."""
    model = clip.Clip(CLIP)

    def loss(params: Any, batch: Batch, key: jax.Array, i: jax.Array) -> jax.Array:
        del key, i
        logits = model.apply({"params": params}, READ(batch)[2], CAPTIONS)["logits"]
        truth = jax.nn.one_hot(batch["caption"], len(CAPTIONS))
        return classification.soft_cross_entropy(logits, truth)

    begun = model.init(key, jnp.zeros((1, SIDE, SIDE, 3)), CAPTIONS)["params"]
    return _learnt(loss, begun, rows, key, steps)


@functools.partial(jax.jit, static_argnames="person")
def pretrained(rows: Batch, teacher: Any, weights: jax.Array, key: jax.Array, person: bool) -> Any:
    """Parameters of UniEmoX after pre-training beside a CLIP, to which no gradient goes."""
    names = ("mae_weight", "likeness_weight", "pattern_weight")
    task = dataclasses.replace(pretraining(person), **dict(zip(names, weights, strict=True)))
    begun = {**task.init(key, _spec(rows))["params"], "teacher": teacher}
    return _learnt(_loss_of(task), begun, rows, key, STEPS)


@jax.jit
def tuned(rows: Batch, trunk: Any, key: jax.Array) -> Any:
    """Parameters of the whole network after fine-tuning from `trunk`."""
    begun = {**tuning().init(key, _spec(rows))["params"], "trunk": trunk}
    return _learnt(_loss_of(tuning()), begun, rows, key, TUNED)


def pretraining(person: bool = True) -> task_lib.UniEmoXPretrain:
    """UniEmoX's task, small."""
    model = uniemox.UniEmoX(TRUNK, SMALL, clip.Clip(CLIP), person)
    return task_lib.UniEmoXPretrain(model, READ, MASK)


def tuning() -> classify.Classify:
    """The fine-tuning's task on the same encoder."""
    return classify.Classify(multitask.Multitask(TRUNK, EMOTIONS), pictures.Pictures(), EMOTIONS)


def _spec(rows: Batch) -> dict[str, jax.ShapeDtypeStruct]:
    return {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in rows.items()}


def _loss_of(task: task_lib.UniEmoXPretrain | classify.Classify) -> Loss:
    return lambda params, batch, key, i: task.loss({"params": params}, batch, key, i)[0]


def _learnt(loss: Loss, params: Any, rows: Batch, key: jax.Array, steps: int) -> Any:
    """Parameters after steps of Adam on batches drawn by lot, a tenth of them to warm up."""
    rate = optax.warmup_cosine_decay_schedule(0.0, RATE, max(steps // 10, 1), max(steps, 2))
    tx, count = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)), len(rows["image"])

    def step(now: Any, i: jax.Array) -> Any:
        lot, own = jax.random.split(jax.random.fold_in(key, i))
        some = jax.random.randint(lot, (min(BATCH, count),), 0, count)
        batch = {k: v[some] for k, v in rows.items()}
        updates, moments = tx.update(jax.grad(loss)(now[0], batch, own, i), now[1])
        return (optax.apply_updates(now[0], updates), moments), None

    return jax.lax.scan(step, (params, tx.init(params)), jnp.arange(steps))[0][0]


@jax.jit
def accuracy(params: Any, rows: Batch) -> jax.Array:
    """Share of the emotions that a fine-tuned network tells."""
    said = tuning().predict({"params": params}, rows)["logits"].argmax(-1)
    return (said == rows["emotion"]).mean()


@functools.partial(jax.jit, static_argnames="person")
def likeness(params: Any, rows: Batch, person: bool) -> jax.Array:
    """Mean cosine of the fused feature, of the patches not hidden, and CLIP's of the picture."""
    return 1 - pretraining(person).predict({"params": params}, rows)["loss_likeness"].mean()


@jax.jit
def first(trunk: Any, rows: Batch) -> jax.Array:
    """The encoder's class token of whole scenes, which is what CLIP teaches."""
    return TRUNK.apply({"params": trunk}, READ(rows)[0])["tokens"][:, 0]


@jax.jit
def seen(teacher: Any, rows: Batch) -> jax.Array:
    """CLIP's feature of whole scenes."""
    return clip.Clip(CLIP).apply({"params": teacher}, READ(rows)[2], method="encode_image")


def measure(starts: int, arms: Sequence[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """An arm and its scores, one after the other, start by start; nothing and CLIP come first."""
    captioned, unseen = scenes(0, SCENES), scenes(2, UNSEEN)
    plain = {found: scenes(1, SCENES, found) for found in {ARMS[name].found for name in arms}}
    clips = [taught(captioned, jax.random.key(0), steps) for steps in (0, CLIP_STEPS)]
    for start in range(starts):
        key, few = jax.random.key(start), scenes(100 + start, LABELLED)
        begun = pretraining().init(key, _spec(few))["params"]["trunk"]
        yield NOTHING, _told(few, unseen, begun, key)
        yield "CLIP itself", {"probe": _probe(functools.partial(seen, clips[1]), few, unseen)}
        for name in arms:
            arm = ARMS[name]
            weights = jnp.array([arm.mae, arm.likeness, arm.pattern])
            params = pretrained(plain[arm.found], clips[arm.taught], weights, key, arm.person)
            like = float(likeness(params, unseen, arm.person))
            yield name, {**_told(few, unseen, params["trunk"], key), "likeness": like}


def _told(few: Batch, unseen: Batch, trunk: Any, key: jax.Array) -> dict[str, float]:
    """Accuracy on unseen scenes: fine-tuned, and by a linear probe of the encoder as it is."""
    score = float(accuracy(tuned(few, trunk, key), unseen))
    return {"tuned": score, "probe": _probe(functools.partial(first, trunk), few, unseen)}


def _probe(feature: Callable[[Batch], jax.Array], few: Batch, unseen: Batch) -> float:
    x, y = (np.asarray(feature(rows)) for rows in (few, unseen))
    said = few_shot.linear(x, np.asarray(few["emotion"]), y, EMOTIONS).argmax(-1)
    return float((said == np.asarray(unseen["emotion"])).mean())


def table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """A markdown table: means over the starts with t intervals, and how far UniEmoX is ahead."""
    heads = ("fine-tuned", "linear probe", "likeness to CLIP", "tuned, behind", "probe, behind")
    lines = [f"| pre-training | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, each in rows.items():
        cells = [_cell([told[key] for told in each if key in told]) for key in SCORES]
        pairs = [] if name == WHOLE else list(zip(rows[WHOLE], each, strict=True))
        cells += [_cell([a[k] - b[k] for a, b in pairs if k in b]) for k in SCORES[:2]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else ""
    mean, low, high = few_shot.t_interval(np.array(values))
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def faults(measured: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """The margins of MARGINS, over chance, nothing and ablations, that do not hold in the mean."""
    mean = {
        name: {k: float(np.mean([told[k] for told in each])) for k in each[0]}
        for name, each in measured.items()
    }
    mean["chance"] = dict.fromkeys(("tuned", "probe"), 1 / EMOTIONS)
    return [
        f"{key}: {better} {mean[better][key]:.2f}, not {margin} from {worse} {mean[worse][key]:.2f}"
        for better, worse, key, margin in MARGINS
        if not mean[better][key] - mean[worse][key] >= margin
    ]


def main(argv: list[str]) -> None:
    """Measure and print; with --check the arms that MARGINS names, and end with what fails."""
    del argv
    given = flags.FLAGS
    named = {name for better, worse, *_ in MARGINS for name in (better, worse)}
    arms = [name for name in ARMS if name in named or not given.check]
    rows: dict[str, list[dict[str, float]]] = {}
    for name, told in measure(given.starts, arms):
        rows.setdefault(name, []).append(told)
        print(f"start {len(rows[name]) - 1}, {name}: {told}", file=sys.stderr, flush=True)
    print(table(rows))
    if given.check and (found := faults(rows)):
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    flags.DEFINE_integer("starts", 4, "of the parameters, masks, batches and labelled scenes")
    flags.DEFINE_bool("check", False, "end with 1 where a margin does not hold")
    app.run(main)
