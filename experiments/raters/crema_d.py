"""Whether a model is as sure as people agree: CREMA-D's votes, told clip by clip.

  python -m experiments.raters.crema_d [--output=runs/raters.json --diagrams=docs]

Three groups of people judged each clip: some heard it, some saw it, some had both. A small network
is given the shares of the first two groups and tells those of the third. It learns those shares or
only their winner, alone or as five members (`vmap`, probabilities averaged). Each of HiCMAE's five
folds of actors is told by a network that never met them; what makes probabilities honest is fitted
on ten actors more: a temperature or a vector (`evals.calibrate`) and the threshold of sets
(`evals.conformal`), on the clips' winners, or on every vote as a clip of its own. Prints a table of
all clips together, intervals by bootstrap over actors.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import optax
from absl import app, flags
from flax import linen as nn

from affectjax.affect import prior
from affectjax.data import source
from affectjax.evals import calibrate, conformal, scores
from affectjax.losses import classification
from affectjax.report import figures
from tfds_builders.crema_d import names, votes

MEMBERS, STEPS, RATE, HIDDEN = 5, 300, 1e-2, 32
VALIDATION = 10  # actors of each fold
Rows = dict[str, np.ndarray]
# What is fitted on the validation actors: (method, whose choice is right).
FITS = {
    "nothing": None,
    "temperature, winners": ("temperature", "winner"),
    "temperature, votes": ("temperature", "vote"),
    "vector, votes": ("vector", "vote"),
}
SHOWN = ("uar", "ece", "soft_ece", "kl", "tvd", "set_coverage", "set_raters", "set_size")
DIAGRAM = "the winner, five members"


def read(root: pathlib.Path) -> Rows:
    """`voice`, `face` and `both`, counts (n, 6); `emotion`, the winner of `both`, -1 where there
    are two; `subject`, the actor.
    """
    counts = {k: v for k, v in votes.read(root).items() if k not in names.EXCLUDED}
    each = np.stack([*counts.values()])
    out = {name: each[:, i] for i, name in enumerate(votes.MODALITIES)}
    actors = np.array([names.parse(clip).actor for clip in counts])
    return {**out, "emotion": winner(out["both"]), "subject": actors}


def winner(counts: np.ndarray) -> np.ndarray:
    """The category (n,) with the most votes of counts (n, k), -1 where two have as many.

    >>> winner(np.array([[1, 5, 4], [5, 5, 0]])).tolist()
    [1, -1]
    """
    single = (counts == counts.max(1, keepdims=True)).sum(1) == 1
    return np.where(single, counts.argmax(1), -1)


class Net(nn.Module):
    """Log-shares of two groups (b, 2 k) to the logits (b, k) of a third's."""

    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.Dense(self.classes)(nn.gelu(nn.Dense(HIDDEN)(x)))


def seen(rows: Rows) -> np.ndarray:
    """What the network is given: logarithms of the first two groups' shares, one vote added."""
    shares = (prior.from_votes(rows[group], 1.0 / 6) for group in ("voice", "face"))
    return np.log(np.concatenate([*shares], axis=1)).astype(np.float32)


@jax.jit
def learn(key: jax.Array, x: jax.Array, target: jax.Array) -> jax.Array:
    """Probabilities (MEMBERS, n, k) of all rows by networks that learnt `target` (n, k), each from
    a start of its own; rows of zeros teach nothing.
    """
    net, tx = Net(target.shape[1]), optax.adamw(optax.cosine_decay_schedule(RATE, STEPS))

    def loss(params: Any) -> jax.Array:
        each = classification.soft_cross_entropy_each(net.apply({"params": params}, x), target)
        return each.sum() / target.sum()

    def one(key: jax.Array) -> jax.Array:
        def step(now: Any, _: Any) -> Any:
            params, moments = now
            updates, moments = tx.update(jax.grad(loss)(params), moments, params)
            return (optax.apply_updates(params, updates), moments), None

        params = net.init(key, x[:1])["params"]
        params = jax.lax.scan(step, (params, tx.init(params)), None, STEPS)[0][0]
        return jax.nn.softmax(net.apply({"params": params}, x))

    return jax.vmap(one)(jax.random.split(key, MEMBERS))


def told(rows: Rows, taught: np.ndarray, fold: int) -> Rows:
    """Probabilities (n, k) of all clips by each way to tell, networks taught those of `taught`."""
    shares, x = prior.from_votes(rows["both"]), seen(rows)
    targets = {
        "the winner": np.eye(shares.shape[1])[rows["emotion"]] * (rows["emotion"] >= 0)[:, None],
        "the shares": shares,
    }
    out = {"no network: mean of both groups": np.exp(x).reshape(len(x), 2, -1).mean(1)}
    for name, target in targets.items():
        p = np.asarray(learn(jax.random.key(fold), x, target * taught[:, None]), np.float64)
        out |= {name: p[0], f"{name}, five members": p.mean(0)}
    return out


def fit(p: np.ndarray, rows: Rows, how: tuple[str, str] | None) -> dict[str, Any]:
    """What `calibrate.honest` takes, and `set_threshold`; of a vote each as a clip of its own."""
    method, whose = how or ("nothing", "winner")
    if whose == "winner":
        at = np.flatnonzero(rows["emotion"] >= 0)
        right = rows["emotion"][at]
    else:
        n, k = rows["both"].shape
        at = np.repeat(np.arange(n), rows["both"].sum(1))
        right = np.repeat(np.tile(np.arange(k), n), rows["both"].ravel())
    found: dict[str, Any] = {}
    if how:
        found["temperature"] = calibrate.fit_temperature(p[at], right)
    if method == "vector":
        found["vector"] = calibrate.fit_vector(p[at], right, found["temperature"])
    honest = calibrate.honest(p[at], found)
    return {**found, "set_threshold": conformal.fit(honest, right, conformal.SHARE)}


def measure(rows: Rows) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]]]:
    """Scores by "way to tell | what was fitted"; and DIAGRAM's probabilities by the latter."""
    honest: dict[tuple[str, str], list[Any]] = {}
    order = []
    for fold in range(1, names.FOLDS + 1):
        split = names.folds(fold, VALIDATION)
        of = {k: _rows(rows, v) for k, v in split.items()}
        order.append(np.flatnonzero(of["test"]))
        for way, p in told(rows, of["train"], fold).items():
            kept = {k: v[of["validation"]] for k, v in rows.items()}
            for name, how in FITS.items():
                found = fit(p[of["validation"]], kept, how)
                tested = calibrate.honest(p[of["test"]], found)
                chosen = conformal.sets(tested, found["set_threshold"])
                honest.setdefault((way, name), []).append((tested, chosen))
    clips = {k: v[np.concatenate(order)] for k, v in rows.items()}
    shares, out, shown = prior.from_votes(clips["both"]), {}, {}
    for (way, name), folds in honest.items():
        p, chosen = (np.concatenate(part) for part in zip(*folds, strict=True))
        known = (clips["emotion"], clips["subject"], shares)
        each = dict(zip(("emotion", "subject", "distribution"), known, strict=True))
        out[f"{way} | {name}"] = scores.scores(p, **each) | conformal.scores(chosen, *known)
        if way == DIAGRAM:
            shown[name] = {"p": p, "shares": shares, "emotion": clips["emotion"]}
    return out, shown


def diagrams(shown: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, bytes]:
    """Calibration diagrams of DIAGRAM: against the winners, and against the raters."""
    shares, emotion = (next(iter(shown.values()))[k] for k in ("shares", "emotion"))
    kept = [name for name in FITS if "vector" not in name]
    known = emotion >= 0
    winners = np.eye(shares.shape[1])[emotion[known]]
    return {
        "winners": figures.reliability({k: shown[k]["p"][known] for k in kept}, winners),
        "raters": figures.reliability({k: shown[k]["p"] for k in kept}, shares, by_raters=True),
    }


def _rows(rows: Rows, expression: str) -> np.ndarray:
    """Which clips are of the actors of a split expression, "actor1001+actor1002"."""
    actors = [int(part.removeprefix("actor")) for part in expression.split("+")]
    return np.isin(rows["subject"], actors)


def main(argv: list[str]) -> None:
    """Measure, print and write."""
    del argv
    rows = read(pathlib.Path(flags.FLAGS.data))
    print(f"{len(rows['both'])} clips, {(rows['emotion'] < 0).sum()} without a single winner")
    print(f"| learnt | fitted | {' | '.join(SHOWN)} |\n|{'---|' * (2 + len(SHOWN))}")
    found, shown = measure(rows)
    for name, scored in found.items():
        cells = [f"{scored[k]:.3f}" for k in SHOWN]
        print(f"| {name} | {' | '.join(cells)} |")
    if flags.FLAGS.output:
        pathlib.Path(flags.FLAGS.output).write_text(json.dumps(found, indent=1) + "\n")
    if flags.FLAGS.diagrams:
        for name, png in diagrams(shown).items():
            (pathlib.Path(flags.FLAGS.diagrams) / f"crema_d_{name}.png").write_bytes(png)


if __name__ == "__main__":
    where = source.raw_folder("crema_d_annotations", "../shared/data")
    flags.DEFINE_string("data", where, "folder of CREMA-D's tables of votes")
    flags.DEFINE_string("output", "", "a JSON file of all scores to write")
    flags.DEFINE_string("diagrams", "", "a folder for two calibration diagrams")
    app.run(main)
