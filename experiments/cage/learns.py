"""Whether CAGE's combined training beats its own ablations, on faces drawn so that it can.

  python -m experiments.cage.learns [--starts=5]

Valence is how bright a face is, arousal how strong its stripes; the expression is the quadrant of
both, but half of the training faces carry one drawn by lot, as crowds err. A small MaxViT with
CAGE's head learns both, the expressions alone, or valence and arousal alone, from the same start,
and tells of 512 other faces, whose expressions are true. Prints a table: mean and range of starts.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import app, flags

from affectjax.metrics import moments
from affectjax.models import cage, maxvit
from affectjax.tasks import classify, pictures

SIDE, CLASSES, STEPS, VAD_WEIGHT = 8, 4, 100, 5.0  # the weight is CAGE's
FACES, WRONG = 64, 0.5
SIZE = maxvit.Size(8, (8,), (1,), head=8, window=2)
# Weights of the two losses in each training.
STAGES = {"combined": (1.0, VAD_WEIGHT), "discrete": (1.0, 0.0), "va": (0.0, VAD_WEIGHT)}
Batch = dict[str, jax.Array]


def faces(seed: int, count: int, wrong: float = 0.0) -> Batch:
    """Drawn faces (count, 8, 8, 3), their expressions, a share `wrong` of them by lot, and VAD."""
    g = np.random.default_rng(seed)
    vad = g.uniform(-1, 1, (count, 3)).astype(np.float32)
    stripes = np.where(np.arange(SIDE) % 2, 1.0, -1.0)[:, None, None]
    valence, arousal = (vad[:, i, None, None, None] for i in range(2))
    pixels = 128 + 50 * valence + (25 + 20 * arousal) * stripes
    pixels = pixels + g.normal(0, 8, (count, SIDE, SIDE, 3))
    quadrant = 2 * (vad[:, 0] > 0) + (vad[:, 1] > 0)
    by_lot = g.random(count) < wrong
    emotion = np.where(by_lot, g.integers(0, CLASSES, count), quadrant)
    return {
        "face": jnp.asarray(pixels.clip(0, 255), jnp.uint8),
        "emotion": jnp.asarray(emotion),
        "vad": jnp.asarray(vad),
        "valid": jnp.ones(count, bool),
    }


def task(size: maxvit.Size = SIZE) -> classify.Classify:
    """CAGE's task with a small MaxViT."""
    model = cage.Cage(size, classes=CLASSES)
    return classify.Classify(model, pictures.Pictures(("face",)), CLASSES, vad_weight=VAD_WEIGHT)


def learner(given: Batch, size: maxvit.Size = SIZE) -> Callable[[jax.Array, jax.Array], Any]:
    """A function of both losses' weights and a key to parameters; one program for all stages."""
    of, tx = task(size), optax.adam(3e-3)
    spec = {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in given.items()}

    @jax.jit
    def learn(weights: jax.Array, key: jax.Array) -> Any:
        def loss(params: Any, i: jax.Array) -> Any:
            _, terms = of.loss({"params": params}, given, jax.random.fold_in(key, i), i)
            total = weights[0] * terms["loss_emotion"] + weights[1] * terms["loss_vad"]
            return total, terms["moving"]

        def step(now: Any, i: jax.Array) -> Any:
            params, moments_of = now
            gradient, moving = jax.grad(loss, has_aux=True)(params, i)
            updates, moments_of = tx.update(gradient, moments_of)
            return (_moved(optax.apply_updates(params, updates), moving), moments_of), None

        params = of.init(key, spec)["params"]
        return jax.lax.scan(step, (params, tx.init(params)), jnp.arange(STEPS))[0][0]

    return learn


def told(params: Any, new: Batch, size: maxvit.Size = SIZE) -> dict[str, float]:
    """UAR of the expressions and mean CCC of valence and arousal on new faces."""
    out = jax.jit(task(size).predict)({"params": params}, new)
    y = np.asarray(new["emotion"])
    guess = np.asarray(out["logits"]).argmax(-1)
    ccc = moments.ccc(moments.moments(np.asarray(out["vad_pred"]), np.asarray(new["vad"])[:, :2]))
    uar = np.mean([(guess[y == k] == k).mean() for k in range(CLASSES)])
    return {"uar": float(uar), "ccc": float(np.mean(ccc))}


def measure(starts: int) -> dict[str, list[dict[str, float]]]:
    """Scores by stage, one a start."""
    learn, new = learner(faces(0, FACES, WRONG)), faces(1, 512)
    return {
        name: [told(learn(jnp.array(w), jax.random.key(s)), new) for s in range(starts)]
        for name, w in STAGES.items()
    }


def _moved(params: Mapping[str, Any], moving: Mapping[str, Any]) -> dict[str, Any]:
    return {
        k: _moved(v, moving.get(k, {})) if isinstance(v, Mapping) else moving.get(k, v)
        for k, v in params.items()
    }


def main(argv: list[str]) -> None:
    """Measure and print."""
    del argv
    print("| learnt | UAR | CCC |\n|---|---|---|")
    for name, rows in measure(flags.FLAGS.starts).items():
        cells = []
        for key in ("uar", "ccc"):
            values = [row[key] for row in rows]
            cells.append(f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    flags.DEFINE_integer("starts", 5, "of the parameters")
    app.run(main)
